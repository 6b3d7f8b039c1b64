/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for an effect that no host of today knows. */
#include "small.h"

static int unknown_begin(void *self, struct ocync_object *object, const void *args,
                         void **ret_state)
{
    (void)self, (void)object, (void)args, (void)ret_state;
    return 0;
}

static int unknown_step(void *self, struct ocync_object *object, void *state,
                        const struct ocync_result *result, struct ocync_effect *effect)
{
    (void)self, (void)object, (void)state, (void)result;
    effect->kind = 1000;
    return 0;
}

static const struct ocync_flow auth = {
    .struct_size = sizeof(struct ocync_flow), .begin = unknown_begin, .step = unknown_step};

static const struct ocync_driver unknown = {
    SMALL_DRIVER("unknown-effect", "effect.example"),
    .auth = &auth,
};

OCYNC_DRIVER(unknown, "unknown-effect", "1.0", "effect.example");
