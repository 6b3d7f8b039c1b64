/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two kinds of steps take turns: one calls the driver, the others each carry one kind of effect
 * out. What an effect brought (an exchange, a file, a program's output) is kept until the driver
 * has looked at it, then dropped. An effect that fails does not end the flow: the driver is told,
 * and may try something else.
 */
#include "driver/flow.h"

#include "base/log.h"
#include "base/str.h"
#include "driver/effect.h"
#include "driver/flow_file.h"
#include "net/exec.h"
#include "net/http.h"
#include "net/url.h"

#include <stdlib.h>
#include <string.h>

struct flow_op {
    struct task task;
    struct flow_machine machine;
    struct flow_hooks hooks;
    const void *args;
    struct http_exchange *exchange;
    struct exec_op *program;
    struct file_read file;
    struct ocync_result result; /* of the effect that was carried out last */
    struct ocync_header *headers;
    struct error failure; /* with result.error */
    bool answered;        /* `result` holds something for the driver */
    bool wants_token;
    struct flow_token token;
};

static enum step_result run_begin(struct task *task);
static enum step_result run_step(struct task *task);
static enum step_result run_http(struct task *task);
static enum step_result run_file(struct task *task);
static enum step_result run_program(struct task *task);
static enum step_result run_wake(struct task *task);

static const struct step step_begin = {"begin", run_begin};
static const struct step step_driver = {"driver", run_step};
static const struct step step_http = {"http", run_http};
static const struct step step_file = {"file", run_file};
static const struct step step_program = {"program", run_program};
static const struct step step_wake = {"wake", run_wake};

static void drop_result(struct flow_op *op)
{
    http_free(take_ptr(&op->exchange));
    if (op->program)
        task_free(exec_task(take_ptr(&op->program)));
    file_read_done(&op->file, op->task.loop);
    free(take_ptr(&op->headers));
    op->result = (struct ocync_result){0};
    op->answered = false;
}

static void release(struct task *task)
{
    struct flow_op *op = container_of(task, struct flow_op, task);
    drop_result(op);
    flow_machine_end(&op->machine);
    secret_free(op->token.text);
    secret_free(op->token.refresh);
    free(op->token.scheme);
    task_done(task);
    free(op);
}

static const struct task_type flow_type = {"flow", release};

struct flow_op *flow_start(struct loop *loop, struct task *parent, struct driver_instance *instance,
                           const struct ocync_flow *flow, const char *name, const void *args,
                           const struct flow_hooks *hooks)
{
    struct flow_op *op = xcalloc(1, sizeof(*op));
    task_init(&op->task, loop, parent, &flow_type, driver_instance_host(instance));
    op->hooks = *hooks;
    op->args = args;
    op->machine = (struct flow_machine){.instance = instance, .flow = flow, .name = name};
    task_start(&op->task, &step_begin);
    return op;
}

struct task *flow_task(struct flow_op *op)
{
    return &op->task;
}

const struct flow_token *flow_token(const struct flow_op *op)
{
    return &op->token;
}

static enum step_result end_failed(struct flow_op *op, const struct error *err)
{
    drop_result(op);
    flow_machine_end(&op->machine);
    return task_fail(&op->task, err);
}

static enum step_result run_begin(struct task *task)
{
    struct flow_op *op = container_of(task, struct flow_op, task);
    struct error err = ERROR_INIT;
    const struct flow_machine want = op->machine;
    int r = flow_machine_begin(&op->machine, want.instance, want.flow, want.name, op->args, &err);
    return r ? end_failed(op, &err) : task_next(task, &step_driver);
}

/* The effect could not be carried out: tells the driver. */
static enum step_result answer_failure(struct flow_op *op, const struct error *err)
{
    op->failure = *err;
    op->result.error = class_to_abi(err->class);
    op->result.error_text = op->failure.text;
    op->answered = true;
    return task_next(&op->task, &step_driver);
}

static enum step_result answer_text(struct flow_op *op, const char *text, size_t len)
{
    op->result.text = text;
    op->result.text_len = len;
    op->answered = true;
    return task_next(&op->task, &step_driver);
}

/* ---- HTTP ---------------------------------------------------------------------------------- */

static int attach_credential(struct flow_op *op, struct curl_slist **headers, struct error *err)
{
    const struct ocync_effect *effect = &op->machine.effect;
    if (effect->credential == OCYNC_CREDENTIAL_NONE)
        return 0;
    if (!op->hooks.attach)
        return error_set(err, ERR_AUTH, "no credential may be sent to %s", effect->url);
    return op->hooks.attach(op->hooks.arg, effect->credential, effect->url, headers, err);
}

static void add_header(struct curl_slist **headers, const struct ocync_header *header)
{
    /* libcurl sends a header without a value when a semicolon stands in for the colon. */
    char *line = *header->value ? xasprintf("%s: %s", header->name, header->value)
                                : xasprintf("%s;", header->name);
    struct curl_slist *longer = curl_slist_append(*headers, line);
    secret_wipe_str(line);
    if (longer)
        *headers = longer;
}

static enum step_result start_http(struct flow_op *op)
{
    const struct ocync_effect *effect = &op->machine.effect;
    struct curl_slist *headers = NULL;
    struct error err = ERROR_INIT;
    int r = op->hooks.http ? attach_credential(op, &headers, &err)
                           : error_set(&err, ERR_UNSUPPORTED, "HTTP is not available here");
    if (r) {
        curl_slist_free_all(headers);
        return answer_failure(op, &err);
    }
    for (size_t i = 0; i < effect->n_headers; i++)
        add_header(&headers, &effect->headers[i]);
    const struct http_request request = {
        .method = effect->method,
        .url = effect->url,
        .settings = op->hooks.http,
        .headers = headers,
        .body = effect->body,
        .body_len = effect->body_len,
        .answer_max = effect->cap,
        .public_only = op->hooks.public_only,
    };
    op->exchange = http_start(op->task.loop, &op->task, &request);
    return task_wait(&op->task, &step_http);
}

static void list_headers(struct flow_op *op)
{
    size_t n = 0;
    const struct http_header *given = http_headers(op->exchange, &n);
    op->headers = xcalloc(n + 1, sizeof(*op->headers));
    for (size_t i = 0; i < n; i++)
        op->headers[i] = (struct ocync_header){given[i].name, given[i].value};
    op->result.headers = op->headers;
    op->result.n_headers = n;
}

static enum step_result run_http(struct task *task)
{
    struct flow_op *op = container_of(task, struct flow_op, task);
    struct error err = ERROR_INIT;
    if (!http_is_done(op->exchange))
        return task_wait(task, &step_http);
    op->result.status = http_status(op->exchange);
    if (http_failure(op->exchange, &err))
        return answer_failure(op, &err);
    list_headers(op);
    size_t len = 0;
    const char *text = http_text(op->exchange, &len);
    return answer_text(op, text, len);
}

/* ---- Other effects ------------------------------------------------------------------------- */

static enum step_result start_file(struct flow_op *op)
{
    const struct ocync_effect *effect = &op->machine.effect;
    file_read_start(&op->file, &op->task, effect->text, effect->cap);
    return task_wait(&op->task, &step_file);
}

static enum step_result run_file(struct task *task)
{
    struct flow_op *op = container_of(task, struct flow_op, task);
    if (!op->file.done)
        return task_wait(task, &step_file);
    if (op->file.failed)
        return answer_failure(op, &op->file.err);
    return answer_text(op, op->file.text, op->file.len);
}

static enum step_result answer_env(struct flow_op *op)
{
    const char *value = getenv(op->machine.effect.text);
    return answer_text(op, value, value ? strlen(value) : 0);
}

static enum step_result start_program(struct flow_op *op)
{
    const struct ocync_effect *effect = &op->machine.effect;
    const struct exec_request request = {.argv = effect->argv,
                                         .input = effect->body,
                                         .input_len = effect->body_len,
                                         .output_max = effect->cap,
                                         .timeout_ms = effect->duration_ms};
    op->program = exec_start(op->task.loop, &op->task, &request);
    return task_wait(&op->task, &step_program);
}

static enum step_result run_program(struct task *task)
{
    struct flow_op *op = container_of(task, struct flow_op, task);
    const struct task *program = exec_task(op->program);
    if (!program->done)
        return task_wait(task, &step_program);
    if (program->result)
        return answer_failure(op, &program->err);
    op->result.status = exec_status(op->program);
    size_t len = 0;
    const char *text = exec_output(op->program, &len);
    return answer_text(op, text, len);
}

static enum step_result run_wake(struct task *task)
{
    return answer_text(container_of(task, struct flow_op, task), NULL, 0);
}

static enum step_result deliver_row(struct flow_op *op)
{
    const struct ocync_effect *effect = &op->machine.effect;
    struct error err = ERROR_INIT;
    int r = op->hooks.row ? op->hooks.row(op->hooks.arg, effect->row, effect->n_row, &err)
                          : error_set(&err, ERR_PLUGIN,
                                      "%s: the %s flow of driver %s delivers rows, which "
                                      "nobody takes here",
                                      op->machine.instance->shared.host, op->machine.name,
                                      op->machine.instance->driver->api.name);
    return r ? end_failed(op, &err) : answer_text(op, NULL, 0);
}

/* A token becomes a header: visible characters only, and a scheme of letters. */
static bool token_is_sound(const struct ocync_effect *effect)
{
    const char *scheme = effect->authorization ? effect->authorization : "";
    for (const char *p = effect->text ? effect->text : ""; *p; p++) {
        if (*p <= ' ' || *p >= 0x7f)
            return false;
    }
    return !str_empty(effect->text) &&
           strspn(scheme, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") ==
               strlen(scheme);
}

static enum step_result finish(struct flow_op *op)
{
    const struct ocync_effect *effect = &op->machine.effect;
    if (op->wants_token && !token_is_sound(effect)) {
        struct error err = ERROR_INIT;
        error_set(&err, ERR_PLUGIN,
                  "%s: the auth flow of driver %s ended without a token that fits a header",
                  op->machine.instance->shared.host, op->machine.instance->driver->api.name);
        return end_failed(op, &err);
    }
    if (effect->text)
        op->token.text = secret_new(effect->text);
    if (effect->refresh_token)
        op->token.refresh = secret_new(effect->refresh_token);
    op->token.scheme = xstrdup(str_empty(effect->authorization) ? "Bearer" : effect->authorization);
    op->token.lifetime_ms =
        effect->duration_ms > 0 ? effect->duration_ms : FLOW_LIFETIME_DEFAULT_MS;
    flow_machine_end(&op->machine);
    return task_end(&op->task);
}

static enum step_result carry_out(struct flow_op *op)
{
    const struct ocync_effect *effect = &op->machine.effect;
    switch (effect->kind) {
    case OCYNC_EFFECT_HTTP:
        return start_http(op);
    case OCYNC_EFFECT_FILE:
        return start_file(op);
    case OCYNC_EFFECT_ENV:
        return answer_env(op);
    case OCYNC_EFFECT_EXEC:
        return start_program(op);
    case OCYNC_EFFECT_SLEEP:
        return task_sleep(&op->task, effect->duration_ms, &step_wake);
    case OCYNC_EFFECT_ROW:
        return deliver_row(op);
    default: /* DONE: the machine lets nothing else through */
        return finish(op);
    }
}

/* One line for people who write drivers; never a value, and no query of a URL. */
static void trace_effect(const struct flow_op *op)
{
    const struct ocync_effect *effect = &op->machine.effect;
    bool is_http = effect->kind == OCYNC_EFFECT_HTTP;
    bool is_named = effect->kind == OCYNC_EFFECT_FILE || effect->kind == OCYNC_EFFECT_ENV;
    _cleanup_free_ char *url = is_http ? url_redact(effect->url) : NULL;
    log_debug("driver %s: %s: %s effect %s %s", op->machine.instance->driver->api.name,
              op->machine.name, effect_name(effect->kind),
              is_http    ? effect->method
              : is_named ? effect->text
                         : "",
              url ? url : "");
}

static enum step_result run_step(struct task *task)
{
    struct flow_op *op = container_of(task, struct flow_op, task);
    struct error err = ERROR_INIT;
    int r = flow_machine_step(&op->machine, op->answered ? &op->result : NULL, &err);
    if (r)
        return end_failed(op, &err);
    drop_result(op);
    trace_effect(op);
    return carry_out(op);
}

/* ---- Auth flows ---------------------------------------------------------------------------- */

bool driver_instance_has_auth(const struct driver_instance *instance)
{
    return instance->driver->api.auth != NULL;
}

struct flow_op *driver_auth_start(struct loop *loop, struct task *parent,
                                  struct driver_instance *instance, struct ocync_token_args *args,
                                  const struct flow_hooks *hooks)
{
    args->struct_size = sizeof(*args);
    struct flow_op *op =
        flow_start(loop, parent, instance, instance->driver->api.auth, "auth", args, hooks);
    op->wants_token = true;
    return op;
}
