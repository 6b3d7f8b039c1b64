/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A helper says "no credentials" by failing with one fixed sentence on standard output; every
 * other failure is ours to report. Its output may be shown only when it failed and wrote no JSON.
 */
#include "auth/helper.h"

#include "base/str.h"
#include "net/exec.h"
#include "oci/json.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)64 * 1024)
#define MESSAGE_MAX 200
#define NOT_FOUND "credentials not found in native keychain"

struct helper_op {
    struct task task;
    char *program; /* docker-credential-NAME */
    char *server, *host, *origin;
    int64_t timeout_ms;
    struct exec_op *exec;
    bool found;
    struct credential credential;
};

static const struct step ask, judge;

static bool name_is_valid(const char *name)
{
    return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789._-")];
}

static enum step_result step_ask(struct task *task)
{
    struct helper_op *op = container_of(task, struct helper_op, task);
    if (!name_is_valid(op->program + strlen("docker-credential-"))) {
        error_set(&task->err, ERR_CONFIG,
                  "%s: '%s' is no name of a credential helper (for %s): expected letters, digits, "
                  "'.', '_' and '-'",
                  op->origin, op->program + strlen("docker-credential-"), op->host);
        return task_fail(task, &task->err);
    }
    op->exec = exec_start(task->loop, task,
                          &(struct exec_request){.argv = (const char *[]){op->program, "get", NULL},
                                                 .input = op->server,
                                                 .input_len = strlen(op->server),
                                                 .output_max = OUTPUT_MAX,
                                                 .timeout_ms = op->timeout_ms});
    return task_wait(task, &judge);
}

/* The program did not run to its end. */
static enum step_result fail_run(struct helper_op *op, const struct error *why)
{
    struct error *err = &op->task.err;
    if (why->class == ERR_NOT_FOUND)
        error_set(err, ERR_CONFIG,
                  "the credential helper %s for %s, configured in %s, is not in PATH: install it, "
                  "or remove it there",
                  op->program, op->host, op->origin);
    else
        error_set(err, ERR_AUTH,
                  "no credentials for %s from the helper configured in %s: %s; run '%s get' by "
                  "hand to see why",
                  op->host, op->origin, why->text, op->program);
    return task_fail(&op->task, err);
}

static enum step_result fail_status(struct helper_op *op, const char *message)
{
    bool shown = *message && *message != '{';
    error_set(&op->task.err, ERR_AUTH,
              "the credential helper %s, configured in %s, failed for %s with status %d%s%.*s; run "
              "'%s get' by hand to see why",
              op->program, op->origin, op->host, exec_status(op->exec), shown ? ": " : "",
              shown ? MESSAGE_MAX : 0, message, op->program);
    return task_fail(&op->task, &op->task.err);
}

static enum step_result fail_answer(struct helper_op *op, const char *why)
{
    error_set(&op->task.err, ERR_AUTH,
              "the credential helper %s, configured in %s, gave an answer for %s that makes no "
              "sense (%s): update it, or remove it there",
              op->program, op->origin, op->host, why);
    return task_fail(&op->task, &op->task.err);
}

static enum step_result take_answer(struct helper_op *op, const char *text, size_t len)
{
    struct error err = ERROR_INIT;
    _cleanup_(cleanup_json_decref) json_t *answer =
        json_load_bounded(text, len, "its answer", &err);
    if (!answer)
        return fail_answer(op, err.text);
    const char *user = json_member_string(answer, "Username");
    const char *secret = json_member_string(answer, "Secret");
    if (!user || !secret)
        return fail_answer(op, "Username and Secret expected");
    if (!*user && !*secret)
        return task_end(&op->task);
    if (credential_set(&op->credential, user, secret, strlen(secret), op->program, &err) < 0)
        return fail_answer(op, err.text);
    op->found = true;
    return task_end(&op->task);
}

static enum step_result step_judge(struct task *task)
{
    struct helper_op *op = container_of(task, struct helper_op, task);
    const struct task *exec = exec_task(op->exec);
    if (!exec->done)
        return task_wait(task, &judge);
    if (exec->result < 0)
        return fail_run(op, &exec->err);
    size_t len;
    const char *text = exec_output(op->exec, &len);
    if (exec_status(op->exec) == 0)
        return take_answer(op, text, len);
    _cleanup_free_ char *copy = xstrdup(text);
    const char *message = str_trim(copy);
    return str_eq(message, NOT_FOUND) ? task_end(task) : fail_status(op, message);
}

static const struct step ask = {"ask", step_ask};
static const struct step judge = {"judge", step_judge};

static void helper_release(struct task *task)
{
    struct helper_op *op = container_of(task, struct helper_op, task);
    task_free(exec_task(op->exec));
    credential_done(&op->credential);
    free(op->program);
    free(op->server);
    free(op->host);
    free(op->origin);
    task_done(task);
    free(op);
}

static const struct task_type helper_type = {"credential-helper", helper_release};

struct helper_op *helper_start(struct loop *loop, struct task *parent,
                               const struct helper_request *request)
{
    struct helper_op *op = xcalloc(1, sizeof(*op));
    task_init(&op->task, loop, parent, &helper_type, request->host);
    op->program = xasprintf("docker-credential-%s", request->name);
    op->server = xstrdup(request->server);
    op->host = xstrdup(request->host);
    op->origin = xstrdup(request->origin);
    op->timeout_ms = request->timeout_ms;
    task_start(&op->task, &ask);
    return op;
}

struct task *helper_task(struct helper_op *op)
{
    return op ? &op->task : NULL;
}

bool helper_take(struct helper_op *op, struct credential *ret)
{
    if (!op->found)
        return false;
    *ret = op->credential;
    op->credential = (struct credential){0};
    op->found = false;
    return true;
}
