/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to a registry with everything around it:
 *     authorize -> slot -> send -> judge (-> authorize | redirect | pause) -> end
 * A token is there before a slot is sought; a 401 gives the slot back; nobody waits for a slot
 * while holding one (unless the caller holds the slots of a whole bridge, and then takes none).
 */
#include "base/clock.h"
#include "base/secret.h"
#include "net/redirect.h"
#include "registry/private.h"

#include <stdlib.h>
#include <string.h>

#define CHALLENGES_ANSWERED 2 /* a first one, and one for a token that had expired meanwhile */

static enum step_result step_authorize(struct task *task);
static enum step_result step_slot(struct task *task);
static enum step_result step_send(struct task *task);
static enum step_result step_judge(struct task *task);
static const struct step authorize_step = {"authorize", step_authorize};
static const struct step slot_step = {"slot", step_slot};
static const struct step send_step = {"send", step_send};
static const struct step judge_step = {"judge", step_judge};

static struct request *request_of(struct task *task)
{
    return container_of(task, struct request, task);
}

static void request_release(struct task *task)
{
    struct request *r = request_of(task);
    http_free(r->exchange);
    slot_claim_drop(&r->claim);
    tokens_forget_waiter(r->registry, task);
    task_done(task);
    secret_wipe_str(r->header);
    free(r->url);
    free(r->method);
    free(r->repository);
    free(r->reference);
    free(r->mount_from);
    free(r->accept);
    free(r->content_type);
    free(r->range);
    free(r->if_match);
    free(r->content_range);
    free(r->if_none_match);
    free(r);
}

static const struct task_type request_type = {"request", request_release};

struct request *request_start(struct registry *registry, struct task *parent,
                              const struct request_spec *spec)
{
    struct request *r = xcalloc(1, sizeof(*r));
    _cleanup_free_ char *shown =
        spec->url[0] == '/' ? xstrndup(spec->url, strcspn(spec->url, "?")) : url_redact(spec->url);
    _cleanup_free_ char *label = xasprintf("%s %s", spec->method, shown);
    task_init(&r->task, registry->loop, parent, &request_type, label);
    r->registry = registry;
    r->spec = *spec;
    r->url = xstrdup(spec->url);
    r->method = xstrdup(spec->method);
    r->repository = xstrdup(spec->repository);
    r->reference = xstrdup(spec->reference);
    r->mount_from = xstrdup(spec->mount_from);
    r->accept = xstrdup(spec->accept);
    r->content_type = xstrdup(spec->content_type);
    r->range = xstrdup(spec->range);
    r->if_match = xstrdup(spec->if_match);
    r->content_range = xstrdup(spec->content_range);
    r->if_none_match = xstrdup(spec->if_none_match);
    if (spec->upload) {
        r->upload = *spec->upload;
        r->spec.upload = &r->upload;
    }
    if (spec->download) {
        r->download = *spec->download;
        r->spec.download = &r->download;
    }
    r->credentials = !spec->no_credentials;
    r->public_only = spec->public_only;
    task_start(&r->task, &authorize_step);
    return r;
}

int request_status(const struct request *request)
{
    return request->exchange ? http_status(request->exchange) : 0;
}

const char *request_header(const struct request *request, const char *name)
{
    return request->exchange ? http_header(request->exchange, name, 0) : NULL;
}

/* ---- steps ---- */

static struct auth_need need_of(const struct request *r)
{
    return (struct auth_need){
        .repository = r->repository, .push = r->spec.push, .mount_from = r->mount_from};
}

static enum step_result step_authorize(struct task *task)
{
    struct request *r = request_of(task);
    struct error err = ERROR_INIT;
    const char *header = NULL;
    if (r->credentials) {
        const struct auth_need need = need_of(r);
        int result = tokens_get(r->registry, &need, task, &header, &err);
        if (result < 0)
            return task_fail(task, &err);
        if (result == 0)
            return task_wait(task, &authorize_step);
    }
    secret_wipe_str(r->header);
    r->header = xstrdup(header);
    if (r->spec.holds_slots)
        return task_next(task, &send_step);
    slot_claim_add(&r->claim, r->registry->requests);
    if (slot_claim_take(&r->claim, task))
        return task_next(task, &send_step);
    return task_wait(task, &slot_step);
}

static enum step_result step_slot(struct task *task)
{
    struct request *r = request_of(task);
    return r->claim.held ? task_next(task, &send_step) : task_wait(task, &slot_step);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    if (!value)
        return list;
    char *line = *value ? xasprintf("%s: %s", name, value) : xasprintf("%s;", name);
    list = curl_slist_append(list, line);
    secret_wipe_str(line);
    return list;
}

static enum step_result step_send(struct task *task)
{
    struct request *r = request_of(task);
    _cleanup_free_ char *url =
        r->url[0] == '/' ? xasprintf("%s%s", r->registry->api, r->url) : xstrdup(r->url);
    struct curl_slist *headers = NULL;
    headers = add_header(headers, "Accept", r->accept);
    headers = add_header(headers, "Content-Type", r->content_type);
    headers = add_header(headers, "Range", r->range);
    headers = add_header(headers, "If-Match", r->if_match);
    headers = add_header(headers, "Content-Range", r->content_range);
    headers = add_header(headers, "If-None-Match", r->if_none_match);
    if (r->credentials)
        headers = add_header(headers, "Authorization", r->header);
    const struct http_request http = {
        .method = r->method,
        .url = url,
        .settings = r->credentials ? &r->registry->options.http : &r->registry->elsewhere,
        .headers = headers,
        .body = r->spec.body,
        .body_len = r->spec.body_len,
        .answer_max = r->spec.answer_max,
        .upload = r->spec.upload,
        .download = r->spec.download,
        .public_only = r->public_only,
        .wake_on_headers = !r->spec.upload,
    };
    http_free(r->exchange);
    r->exchange = http_start(task->loop, task, &http);
    return task_wait(task, &judge_step);
}

static enum step_result refused(struct request *r)
{
    struct error err = ERROR_INIT;
    const struct answer_context context = {r->spec.action, r->repository, r->reference};
    answer_judge(r->registry, &context, r->exchange, &err);
    return task_fail(&r->task, &err);
}

/* Another host than the registry's wants credentials: it gets none. */
static enum step_result refused_elsewhere(struct request *r)
{
    struct error err = ERROR_INIT;
    _cleanup_free_ char *url = url_redact(r->url);
    error_set(&err, ERR_AUTH, "%s sent us to %s, which answered HTTP 401",
              registry_name(r->registry), url);
    return task_fail(&r->task, &err);
}

/* The answer is a 401: get a token, or a better one. */
static enum step_result answer_challenge(struct request *r)
{
    struct error err = ERROR_INIT;
    const struct auth_need need = need_of(r);
    if (!r->credentials)
        return refused_elsewhere(r);
    bool was_basic = r->header && str_has_prefix(r->header, "Basic ");
    if (r->header)
        tokens_refused(r->registry, &need, r->header);
    if (was_basic || r->challenges++ >= CHALLENGES_ANSWERED ||
        !tokens_learn(r->registry, r->exchange, &err))
        return refused(r);
    if (r->spec.upload && http_bytes_out(r->exchange) > 0) {
        /* The body is gone: only the owner of the blob can start it again. */
        error_set(&err, ERR_TRANSIENT, "%s refused a token in mid-upload",
                  registry_name(r->registry));
        return task_fail(&r->task, &err);
    }
    return task_next(&r->task, &authorize_step);
}

static enum step_result follow(struct request *r)
{
    struct error err = ERROR_INIT;
    struct url url;
    _cleanup_free_ char *asked =
        r->url[0] == '/' ? xasprintf("%s%s", r->registry->api, r->url) : xstrdup(r->url);
    if (url_parse(asked, &url, &err) < 0)
        return task_fail(&r->task, &err);
    bool was_public = !http_peer_is_private(r->exchange);
    const struct redirect redirect = {
        .url = &url,
        .method = r->method,
        .status = http_status(r->exchange),
        .location = http_header(r->exchange, "location", 0),
        .hops = r->hops++,
        .peer_is_public = was_public,
    };
    char *next = NULL;
    bool keep = false;
    int result = redirect_next(&redirect, &next, &keep, &err);
    url_done(&url);
    if (result < 0) {
        error_wrap(&err, "%s", registry_name(r->registry));
        return task_fail(&r->task, &err);
    }
    free(r->url);
    r->url = next;
    r->credentials = r->credentials && keep;
    r->public_only = r->public_only || was_public;
    return task_next(&r->task, r->credentials ? &authorize_step : &send_step);
}

/* Once, on loopback, with nothing said: a peer without TLS is asked in plain HTTP. */
static bool fall_back(struct request *r)
{
    struct registry *registry = r->registry;
    if (r->url[0] != '/' || r->fell_back || !http_peer_lacks_tls(r->exchange))
        return false;
    r->fell_back = true;
    if (registry->may_fall_back) {
        char *plain = xasprintf("http://%s", registry->api + strlen("https://"));
        free(registry->api);
        registry->api = plain;
        registry->fell_back = true;
        registry->may_fall_back = false;
    }
    return registry->fell_back; /* another request may have found out meanwhile */
}

static void explain_end(const struct request *r, struct error *err)
{
    const struct retry_policy *policy = &r->registry->options.retry;
    if (err->retry_after_ms > policy->max_asked_ms)
        error_append(err, " (it asks to wait %lld s, which is too long)",
                     (long long)(err->retry_after_ms / 1000));
    else if (r->attempts > 1)
        error_append(err, " (given up after %d tries)", r->attempts);
}

static enum step_result fail_or_retry(struct request *r, struct error *err)
{
    struct registry *registry = r->registry;
    const struct registry_hooks *hooks = &registry->options.hooks;
    if (r->spec.no_retry || !retry_class_is_temporary(err->class))
        return task_fail(&r->task, err);
    int64_t delay = retry_delay_ms(&registry->options.retry, err, r->attempts++, clock_random());
    if (delay < 0) {
        explain_end(r, err);
        return task_fail(&r->task, err);
    }
    if (hooks->retrying)
        hooks->retrying(hooks->arg, err->text, delay);
    return task_sleep(&r->task, delay, &authorize_step);
}

static enum step_result step_judge(struct task *task)
{
    struct request *r = request_of(task);
    struct error err = ERROR_INIT;
    if (!http_is_done(r->exchange)) {
        /* The slot counts from the wire to the headers. */
        if (http_has_headers(r->exchange))
            slot_claim_drop(&r->claim);
        return task_wait(task, &judge_step);
    }
    slot_claim_drop(&r->claim);
    int status = http_status(r->exchange);
    if (http_failure(r->exchange, &err) < 0) {
        if (fall_back(r))
            return task_next(task, &authorize_step);
        return fail_or_retry(r, &err);
    }
    r->registry->may_fall_back = false;
    if (status >= 200 && status < 300)
        return task_end(task);
    if (status == 401)
        return answer_challenge(r);
    if (redirect_is_status(status) && http_header(r->exchange, "location", 0))
        return follow(r);
    const struct answer_context context = {r->spec.action, r->repository, r->reference};
    answer_judge(r->registry, &context, r->exchange, &err);
    return fail_or_retry(r, &err);
}
