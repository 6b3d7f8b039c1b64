/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads: POST opens a session (or finds the blob present, by mounting it), PUT sends and
 * commits; where the driver wants it, one PATCH sends and an empty PUT commits. The 202 of a
 * refused mount is a session like any other.
 */
#include "base/clock.h"
#include "net/redirect.h"
#include "registry/private.h"

#include <stdlib.h>
#include <string.h>

/* ---- begin ---- */

struct begin_op {
    struct store_op op; /* first */
    struct repository *repository;
    struct request *request;
    struct descriptor blob; /* digest and size only */
    char *mount_from;       /* what this POST tries; NULL: nothing */
    bool probing;           /* mount_from is the repository itself */
    int tries;
    char *location; /* of the session */
    bool public_only;
};

static struct begin_op *begin_of(struct task *task)
{
    return container_of(task, struct begin_op, op.task);
}

static void begin_release(struct task *task)
{
    struct begin_op *b = begin_of(task);
    if (b->request)
        task_free(&b->request->task);
    store_op_done(&b->op);
    free(b->mount_from);
    free(b->location);
    free(b);
}

static const struct task_type begin_type = {"begin", begin_release};

static enum step_result step_post(struct task *task);
static enum step_result step_posted(struct task *task);
static const struct step post_step = {"post", step_post};
static const struct step posted_step = {"posted", step_posted};

static size_t owner_len(const char *repository)
{
    return strcspn(repository, "/");
}

bool session_may_mount(const struct registry *registry, const char *to, const char *from)
{
    uint32_t policy = driver_instance_profile(registry->driver)->mount;
    _cleanup_free_ char *pair = xasprintf("%s %s", to, from);
    if (policy == OCYNC_MOUNT_NEVER || map_get(registry->no_mount_from, pair))
        return false;
    if (policy == OCYNC_MOUNT_SAME_OWNER)
        return owner_len(to) == owner_len(from) && strncmp(to, from, owner_len(to)) == 0;
    return true;
}

static void choose_mount(struct begin_op *b, const struct store_begin_hint *hint)
{
    const struct repository *repository = b->repository;
    const char *own = repository->store.repository;
    if (hint->mount_from && !str_eq(hint->mount_from, own) &&
        session_may_mount(repository->registry, own, hint->mount_from)) {
        b->mount_from = xstrdup(hint->mount_from);
    } else if (hint->probe && repository->registry->self_probe != OCYNC_NO &&
               session_may_mount(repository->registry, own, own)) {
        b->mount_from = xstrdup(own);
        b->probing = true;
    }
}

static enum step_result step_post(struct task *task)
{
    struct begin_op *b = begin_of(task);
    const char *repository = b->repository->store.repository;
    _cleanup_free_ char *url = xasprintf("/v2/%s/blobs/uploads/", repository);
    if (b->mount_from) {
        _cleanup_free_ char *plain = take_ptr(&url);
        _cleanup_free_ char *with_mount = url_add_query(plain, "mount", b->blob.digest.text);
        url = url_add_query(with_mount, "from", b->mount_from);
    }
    const struct request_spec spec = {
        .method = "POST",
        .url = url,
        .action = OCYNC_ACTION_UPLOAD_START,
        .repository = repository,
        .reference = b->blob.digest.text,
        .push = true,
        .mount_from = b->probing ? NULL : b->mount_from,
        .holds_slots = true,
        .no_retry = b->mount_from,
    };
    if (b->request)
        task_free(&b->request->task);
    b->request = request_start(b->repository->registry, task, &spec);
    return task_wait(task, &posted_step);
}

static enum step_result open_session(struct begin_op *b)
{
    struct error err = ERROR_INIT;
    bool ignored;
    const char *location = request_header(b->request, "location");
    _cleanup_free_ char *asked =
        b->request->url[0] == '/' ? xasprintf("%s%s", b->repository->registry->api, b->request->url)
                                  : xstrdup(b->request->url);
    if (!location)
        error_set(&err, ERR_PROTOCOL, "the answer to an upload's POST has no Location");
    else if (location_next(asked, location, &b->location, &ignored, &err) == 0) {
        b->public_only = !http_peer_is_private(b->request->exchange);
        return task_end(&b->op.task);
    }
    error_wrap(&err, "%s", b->repository->store.name);
    return task_fail(&b->op.task, &err);
}

/* A mount that was neither done nor turned into a session: one plain POST. What was refused for
 * good is not tried again in this run. */
static enum step_result without_mount(struct begin_op *b)
{
    static char marker;
    struct registry *registry = b->repository->registry;
    const struct task *request = &b->request->task;
    if (!request->result || !retry_class_is_temporary(request->err.class)) {
        _cleanup_free_ char *pair =
            xasprintf("%s %s", b->repository->store.repository, b->mount_from);
        map_put(registry->no_mount_from, pair, &marker);
    }
    free(take_ptr(&b->mount_from));
    b->probing = false;
    return task_next(&b->op.task, &post_step);
}

/* Asked to slow down: the same again, later. */
static enum step_result mount_later(struct begin_op *b)
{
    const struct registry_options *options = &b->repository->registry->options;
    const struct error *err = &b->request->task.err;
    int64_t delay = retry_delay_ms(&options->retry, err, b->tries++, clock_random());
    if (delay < 0)
        return task_fail(&b->op.task, err);
    if (options->hooks.retrying)
        options->hooks.retrying(options->hooks.arg, err->text, delay);
    return task_sleep(&b->op.task, delay, &post_step);
}

static enum step_result step_posted(struct task *task)
{
    struct begin_op *b = begin_of(task);
    const struct task *request = &b->request->task;
    if (!request->done)
        return task_wait(task, &posted_step);
    int status = request_status(b->request);
    if (request->result == 0 && status == 201 && b->mount_from) {
        b->op.found = true;
        b->op.mounted = !b->probing;
        if (b->probing)
            b->repository->registry->self_probe = OCYNC_YES;
        return task_end(task);
    }
    if (request->result == 0 && status == 202)
        return open_session(b);
    if (b->mount_from)
        return request->err.class == ERR_THROTTLED ? mount_later(b) : without_mount(b);
    if (request->result)
        return task_fail(task, &request->err);
    struct error err = ERROR_INIT;
    error_set(&err, ERR_PROTOCOL, "%s: HTTP %d instead of an upload session",
              b->repository->store.name, status);
    return task_fail(task, &err);
}

struct store_op *session_begin(struct store *store, const struct descriptor *blob,
                               const struct store_begin_hint *hint, struct task *parent)
{
    struct begin_op *b = xcalloc(1, sizeof(*b));
    b->repository = repository_of(store);
    _cleanup_free_ char *label = xasprintf("%s %s", store->name, blob->digest.text);
    store_op_init(&b->op, b->repository->registry->loop, parent, &begin_type, label);
    b->blob.digest = blob->digest;
    b->blob.size = blob->size;
    choose_mount(b, hint);
    task_start(&b->op.task, &post_step);
    return &b->op;
}

/* ---- write ---- */

struct write_op {
    struct store_op op; /* first */
    struct repository *repository;
    struct bridge *bridge;
    struct bridge_end end;
    struct request *request;
    struct store_op *stat;
    char *location;
    bool public_only;
    bool trusting; /* PATCH: another request commits */
};

static struct write_op *write_of(struct task *task)
{
    return container_of(task, struct write_op, op.task);
}

static void write_release(struct task *task)
{
    struct write_op *w = write_of(task);
    bridge_attach_target(w->bridge, NULL);
    if (w->request)
        task_free(&w->request->task);
    store_op_drop(&w->stat);
    store_op_done(&w->op);
    free(w->location);
    free(w);
}

static const struct task_type write_type = {"write", write_release};

static enum step_result step_put(struct task *task);
static enum step_result step_putted(struct task *task);
static enum step_result step_patch(struct task *task);
static enum step_result step_patched(struct task *task);
static enum step_result step_prove(struct task *task);
static enum step_result step_look(struct task *task);
static const struct step put_step = {"put", step_put};
static const struct step putted_step = {"putted", step_putted};
static const struct step patch_step = {"patch", step_patch};
static const struct step patched_step = {"patched", step_patched};
static const struct step prove_step = {"prove", step_prove};
static const struct step look_step = {"look", step_look};

static void resume(struct bridge_end *end)
{
    struct write_op *w = container_of(end, struct write_op, end);
    if (w->request && w->request->exchange)
        http_resume(w->request->exchange);
}

static size_t on_read(void *arg, char *to, size_t size)
{
    struct write_op *w = arg;
    size_t len = 0;
    enum bridge_pull result = bridge_pull(w->bridge, to, size, w->trusting, &len);
    return result == BRIDGE_NOTHING_NOW ? HTTP_PAUSE : len;
}

static bool on_rewind(void *arg)
{
    return bridge_rewind_target(((struct write_op *)arg)->bridge);
}

static void send_body(struct write_op *w, struct request_spec spec)
{
    spec.repository = w->repository->store.repository;
    spec.reference = bridge_digest(w->bridge)->text;
    spec.push = true;
    spec.holds_slots = true;
    spec.no_retry = true;
    spec.no_credentials = !registry_owns(w->repository->registry, spec.url);
    spec.public_only = w->public_only;
    if (w->request)
        task_free(&w->request->task);
    w->request = request_start(w->repository->registry, &w->op.task, &spec);
}

static struct http_upload body_of(struct write_op *w)
{
    return (struct http_upload){
        .read = on_read, .rewind = on_rewind, .arg = w, .len = bridge_size(w->bridge)};
}

static enum step_result step_put(struct task *task)
{
    struct write_op *w = write_of(task);
    const struct http_upload body = body_of(w);
    bool whole = !w->trusting && bridge_size(w->bridge) > 0;
    _cleanup_free_ char *url = url_add_query(w->location, "digest", bridge_digest(w->bridge)->text);
    send_body(w, (struct request_spec){
                     .method = "PUT",
                     .url = url,
                     .action = w->trusting ? OCYNC_ACTION_UPLOAD_END : OCYNC_ACTION_UPLOAD_DATA,
                     .content_type = "application/octet-stream",
                     .upload = whole ? &body : NULL,
                 });
    return task_wait(task, &putted_step);
}

static enum step_result step_patch(struct task *task)
{
    struct write_op *w = write_of(task);
    const struct http_upload body = body_of(w);
    w->trusting = true;
    send_body(w, (struct request_spec){
                     .method = "PATCH",
                     .url = w->location,
                     .action = OCYNC_ACTION_UPLOAD_DATA,
                     .content_type = "application/octet-stream",
                     .upload = &body,
                 });
    return task_wait(task, &patched_step);
}

static enum step_result step_patched(struct task *task)
{
    struct write_op *w = write_of(task);
    struct error err = ERROR_INIT;
    if (!w->request->task.done)
        return task_wait(task, &patched_step);
    if (w->request->task.result)
        return task_fail(task, &w->request->task.err);
    const char *location = request_header(w->request, "location");
    if (location) {
        char *next = NULL;
        bool ignored;
        w->public_only |= !http_peer_is_private(w->request->exchange);
        if (location_next(w->location, location, &next, &ignored, &err) < 0) {
            error_wrap(&err, "%s", w->repository->store.name);
            return task_fail(task, &err);
        }
        free(w->location);
        w->location = next;
    }
    return task_next(task, &prove_step);
}

/* The closing PUT commits: not before the bytes are proven. */
static enum step_result step_prove(struct task *task)
{
    struct write_op *w = write_of(task);
    struct error err = ERROR_INIT;
    if (bridge_proof(w->bridge) == BRIDGE_PROVEN)
        return task_next(task, &put_step);
    bridge_explain(w->bridge, &err);
    return task_fail(task, &err);
}

static enum step_result step_putted(struct task *task)
{
    struct write_op *w = write_of(task);
    struct digest answered;
    if (!w->request->task.done)
        return task_wait(task, &putted_step);
    if (w->request->task.result)
        return task_fail(task, &w->request->task.err);
    const char *text = request_header(w->request, "docker-content-digest");
    const struct digest *digest = bridge_digest(w->bridge);
    if (text && digest_parse(text, &answered, NULL) == 0 &&
        answered.algorithm == digest->algorithm && !digest_equal(&answered, digest)) {
        struct error err = ERROR_INIT;
        error_set(&err, ERR_DIGEST, "%s stored blob %s as %s", w->repository->store.name,
                  digest->text, answered.text);
        return task_fail(task, &err);
    }
    return request_status(w->request) == 201 ? task_end(task) : task_next(task, &look_step);
}

/* A success that is not a 201 is believed when the blob is there. */
static enum step_result step_look(struct task *task)
{
    struct write_op *w = write_of(task);
    if (!w->stat) {
        const struct descriptor blob = {.digest = *bridge_digest(w->bridge),
                                        .size = bridge_size(w->bridge)};
        w->stat = blob_look(&w->repository->store, &blob, true, task);
    }
    if (!w->stat->task.done)
        return task_wait(task, &look_step);
    if (w->stat->task.result)
        return task_fail(task, &w->stat->task.err);
    if (w->stat->found)
        return task_end(task);
    struct error err = ERROR_INIT;
    error_set(&err, ERR_TRANSIENT, "%s took blob %s but does not have it",
              w->repository->store.name, bridge_digest(w->bridge)->text);
    return task_fail(task, &err);
}

struct store_op *session_write(struct store *store, struct store_op *begin, struct bridge *bridge,
                               struct task *parent)
{
    const struct begin_op *session = begin_of(&begin->task);
    struct write_op *w = xcalloc(1, sizeof(*w));
    w->repository = repository_of(store);
    _cleanup_free_ char *label = xasprintf("%s %s", store->name, bridge_digest(bridge)->text);
    store_op_init(&w->op, w->repository->registry->loop, parent, &write_type, label);
    w->bridge = bridge;
    w->end.resume = resume;
    w->location = xstrdup(session->location);
    w->public_only = session->public_only;
    bridge_attach_target(bridge, &w->end);
    uint32_t method = driver_instance_profile(w->repository->registry->driver)->upload;
    bool patch = method == OCYNC_UPLOAD_PATCH && bridge_size(bridge) > 0;
    task_start(&w->op.task, patch ? &patch_step : &put_step);
    return &w->op;
}
