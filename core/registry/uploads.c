/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an upload begins: POST opens a session, or finds the blob present, by mounting it. The 202
 * of a refused mount is a session like any other. sending.c goes on from there.
 */
#include "base/clock.h"
#include "net/redirect.h"
#include "registry/upload.h"

#include <stdlib.h>
#include <string.h>

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
        const char *least = request_header(b->request, "oci-chunk-min-length");
        b->public_only = !http_peer_is_private(b->request->exchange);
        if (least)
            str_to_int64(least, 0, INT64_MAX, &b->chunk_min);
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
