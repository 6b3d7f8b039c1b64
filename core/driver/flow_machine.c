/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/flow_machine.h"

#include "base/str.h"
#include "driver/effect.h"

static const char *driver_name(const struct flow_machine *machine)
{
    return machine->instance->driver->api.name;
}

static int refuse(const struct flow_machine *machine, struct error *err, const char *why)
{
    return error_set(err, ERR_PLUGIN, "%s: the %s flow of driver %s was stopped: %s",
                     machine->instance->shared.host, machine->name, driver_name(machine), why);
}

/* What an earlier callback said through host->error must not explain a later one. */
static void forget_saying(struct flow_machine *machine)
{
    machine->object->said_class = 0;
    machine->object->said_text = NULL;
}

int flow_machine_begin(struct flow_machine *machine, struct driver_instance *instance,
                       const struct ocync_flow *flow, const char *name, const void *args,
                       struct error *err)
{
    *machine = (struct flow_machine){
        .instance = instance, .flow = flow, .name = name, .object = object_new(&instance->shared)};
    instance->n_flows++;
    int r = flow->begin(instance->self, machine->object, args, &machine->state);
    if (r)
        return object_failure(machine->object, "begin", r, err);
    machine->begun = true;
    return 0;
}

/* The driver gave up: its class and sentence. */
static int fail(const struct flow_machine *machine, struct error *err)
{
    const struct ocync_effect *effect = &machine->effect;
    enum error_class class = class_from_abi(effect->error ? effect->error : OCYNC_ERR_INTERNAL);
    if (str_empty(effect->text))
        return error_set(err, class,
                         "%s: the %s flow of driver %s failed and does not say why; report it to "
                         "the driver's author",
                         machine->instance->shared.host, machine->name, driver_name(machine));
    error_set(err, class, "%s: %s", machine->instance->shared.host, effect->text);
    if (err && effect->duration_ms > 0)
        err->retry_after_ms = effect->duration_ms;
    return class;
}

static int count_effect(struct flow_machine *machine, struct error *err)
{
    const struct ocync_effect *effect = &machine->effect;
    switch (effect->kind) {
    case OCYNC_EFFECT_DONE:
        return 0;
    case OCYNC_EFFECT_ROW:
        return ++machine->n_rows > FLOW_ROWS_MAX
                   ? refuse(machine, err, "it delivers more than 1000000 rows")
                   : 0;
    case OCYNC_EFFECT_SLEEP:
        if (++machine->n_sleeps > FLOW_SLEEPS_MAX ||
            effect->duration_ms > FLOW_SLEEP_TOTAL_MS - machine->slept_ms)
            return refuse(machine, err, "it sleeps more than 10 minutes or 1000 times");
        machine->slept_ms += effect->duration_ms;
        return 0;
    default:
        return ++machine->n_effects > FLOW_EFFECTS_MAX
                   ? refuse(machine, err, "it asks for more than 64 effects")
                   : 0;
    }
}

static int check_effect(struct flow_machine *machine, struct error *err)
{
    struct ocync_effect *effect = &machine->effect;
    const char *kind = effect_name(effect->kind);
    if (!kind)
        return error_set(
            err, ERR_PLUGIN,
            "%s: the %s flow of driver %s asks for effect %u, which this ocync (driver "
            "ABI %d.%d) does not know; update ocync",
            machine->instance->shared.host, machine->name, driver_name(machine), effect->kind,
            OCYNC_ABI_MAJOR, OCYNC_ABI_MINOR);
    if (effect->kind == OCYNC_EFFECT_FAIL)
        return fail(machine, err);
    const char *why = effect_settle(effect);
    if (why)
        return error_set(err, ERR_PLUGIN,
                         "%s: the %s flow of driver %s was stopped: its %s effect is malformed: %s",
                         machine->instance->shared.host, machine->name, driver_name(machine), kind,
                         why);
    return count_effect(machine, err);
}

int flow_machine_step(struct flow_machine *machine, const struct ocync_result *result,
                      struct error *err)
{
    struct ocync_result answer = {0};
    if (result) {
        answer = *result;
        answer.kind = machine->effect.kind;
    }
    answer.struct_size = sizeof(answer);
    machine->effect = (struct ocync_effect){.struct_size = sizeof(machine->effect)};
    forget_saying(machine);
    int r = machine->flow->step(machine->instance->self, machine->object, machine->state, &answer,
                                &machine->effect);
    if (r)
        return object_failure(machine->object, "step", r, err);
    return check_effect(machine, err);
}

void flow_machine_end(struct flow_machine *machine)
{
    if (!machine->object)
        return;
    if (machine->begun && machine->flow->end)
        machine->flow->end(machine->instance->self, machine->object, machine->state);
    machine->begun = false;
    object_free(take_ptr(&machine->object));
    machine->instance->n_flows--;
}
