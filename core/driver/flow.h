/* SPDX-License-Identifier: Apache-2.0 */
/* The other half of running a flow: a task that carries its effects out. */
#pragma once

#include "driver/flow_machine.h"
#include "net/task.h"

/* As driver_auth_start, for any flow. `name` is not copied. */
struct flow_op *flow_start(struct loop *loop, struct task *parent, struct driver_instance *instance,
                           const struct ocync_flow *flow, const char *name, const void *args,
                           const struct flow_hooks *hooks);
