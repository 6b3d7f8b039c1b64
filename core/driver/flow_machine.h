/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pure half of running a flow: calls the driver, keeps its limits, and hands out effects that
 * are sound. Whoever has it carries them out, or makes the results up.
 *
 *     flow_machine_begin -> flow_machine_step (no result) -> effect
 *                           flow_machine_step (its result) -> effect ... DONE
 *     flow_machine_end
 */
#pragma once

#include "driver/instance.h"

#define FLOW_EFFECTS_MAX 64 /* ROW and SLEEP not counted */
#define FLOW_SLEEPS_MAX 1000
#define FLOW_ROWS_MAX 1000000
#define FLOW_SLEEP_TOTAL_MS ((int64_t)10 * 60 * 1000)
#define FLOW_CAP_DEFAULT ((size_t)64 * 1024)
#define FLOW_CAP_MAX ((size_t)32 * 1024 * 1024)
#define FLOW_BODY_MAX ((size_t)1024 * 1024)
#define FLOW_LIST_MAX 64 /* headers, arguments, columns */
#define FLOW_EXEC_DEFAULT_MS ((int64_t)30 * 1000)
#define FLOW_EXEC_MAX_MS ((int64_t)5 * 60 * 1000)
#define FLOW_LIFETIME_DEFAULT_MS ((int64_t)60 * 1000)

struct flow_machine {
    struct driver_instance *instance;
    const struct ocync_flow *flow;
    const char *name; /* "auth", for sentences */
    struct ocync_object *object;
    void *state;
    bool begun;
    /* The last effect, checked, with cap, durations and method filled in. */
    struct ocync_effect effect;
    size_t n_effects, n_sleeps, n_rows;
    int64_t slept_ms;
};

/* After a failure flow_machine_end is due all the same. `name` is not copied. */
int flow_machine_begin(struct flow_machine *machine, struct driver_instance *instance,
                       const struct ocync_flow *flow, const char *name, const void *args,
                       struct error *err);

/*
 * `result` answers the last effect; NULL for the first step. On success the next effect is in
 * machine->effect and is valid until the next call. FAIL, a failing step, an effect that is
 * unknown or malformed, or too many of them are failures.
 */
int flow_machine_step(struct flow_machine *machine, const struct ocync_result *result,
                      struct error *err);

/* Lets go of the driver's state and of all memory of the flow. Twice does no harm. */
void flow_machine_end(struct flow_machine *machine);
