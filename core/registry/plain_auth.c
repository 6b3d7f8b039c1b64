/* SPDX-License-Identifier: Apache-2.0 */
/* The distribution token protocol, for registries whose driver has no auth flow of its own: the
 * same kind of flow, run by the same machine, with a `self` that is ours. */
#include "auth/token_flow.h"
#include "driver/flow.h"
#include "driver/host.h"
#include "registry/private.h"

static struct token_flow plain = {.host = &host_table};

static int plain_begin(void *self, struct ocync_object *object, const void *args, void **ret_state)
{
    (void)self;
    return token_flow.begin(&plain, object, args, ret_state);
}

static int plain_step(void *self, struct ocync_object *object, void *state,
                      const struct ocync_result *result, struct ocync_effect *effect)
{
    (void)self;
    return token_flow.step(&plain, object, state, result, effect);
}

static const struct ocync_flow plain_flow = {
    .struct_size = sizeof(plain_flow), .begin = plain_begin, .step = plain_step};

struct flow_op *auth_start(struct registry *registry, struct task *parent,
                           struct ocync_token_args *args, const struct flow_hooks *hooks)
{
    if (driver_instance_has_auth(registry->driver))
        return driver_auth_start(registry->loop, parent, registry->driver, args, hooks);
    args->struct_size = sizeof(*args);
    return flow_start(registry->loop, parent, registry->driver, &plain_flow, "auth", args, hooks);
}
