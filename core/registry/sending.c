/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the bytes of a blob are sent: all in the PUT that commits, or in one PATCH, or in several of
 * 16 MiB, each followed by an empty PUT. Where the driver and the user say nothing, a registry (or
 * a proxy in front of it) that answers 413, or breaks off again and again, gets the next way; that
 * is remembered for the run.
 */
#include "net/redirect.h"
#include "registry/upload.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((int64_t)16 * 1024 * 1024)
#define EARLY_RESETS_MAX 2 /* one may be an accident */

struct write_op {
    struct store_op op; /* first */
    struct repository *repository;
    struct bridge *bridge;
    struct bridge_end end;
    struct request *request;
    struct store_op *stat;
    char *location;
    bool public_only;
    bool trusting;      /* PATCH: another request commits */
    int64_t chunk;      /* bytes of a PATCH at most; 0: all of them */
    int64_t sent;       /* in PATCHes that were answered */
    int64_t piece_left; /* of the PATCH that runs */
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
    if (w->chunk && (int64_t)size > w->piece_left)
        size = (size_t)w->piece_left;
    if (!size)
        return 0;
    enum bridge_pull result = bridge_pull(w->bridge, to, size, w->trusting, &len);
    w->piece_left -= (int64_t)len;
    return result == BRIDGE_NOTHING_NOW ? HTTP_PAUSE : len;
}

static bool on_rewind(void *arg)
{
    struct write_op *w = arg;
    return !w->chunk && bridge_rewind_target(w->bridge);
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

/* Of an upload that is sent whole, no Content-Range: some refuse it there. */
static enum step_result step_patch(struct task *task)
{
    struct write_op *w = write_of(task);
    struct http_upload body = body_of(w);
    _cleanup_free_ char *range = NULL;
    w->trusting = true;
    if (w->chunk) {
        int64_t rest = body.len - w->sent;
        body.len = w->piece_left = rest < w->chunk ? rest : w->chunk;
        range = xasprintf("%lld-%lld", (long long)w->sent, (long long)(w->sent + body.len - 1));
    }
    send_body(w, (struct request_spec){
                     .method = "PATCH",
                     .url = w->location,
                     .action = OCYNC_ACTION_UPLOAD_DATA,
                     .content_type = "application/octet-stream",
                     .content_range = range,
                     .upload = &body,
                 });
    return task_wait(task, &patched_step);
}

/* ---- too much at once ---- */

static bool is_too_much(struct write_op *w)
{
    struct registry *registry = w->repository->registry;
    const struct request *r = w->request;
    if (registry->options.upload != UPLOAD_AUTO || !bridge_size(w->bridge) || w->chunk)
        return false;
    if (request_status(r) == 413)
        return true;
    bool broke_off = r->task.result == ERR_TRANSIENT && !request_status(r) &&
                     !r->task.err.stalled && r->exchange && http_bytes_out(r->exchange) > 0 &&
                     http_bytes_out(r->exchange) < bridge_size(w->bridge);
    if (!broke_off)
        return false;
    registry->early_reset_bytes = bridge_size(w->bridge);
    return ++registry->early_resets >= EARLY_RESETS_MAX;
}

/* Begins anew where the bytes are still to be had; else the blob does, in the way learned. */
static enum step_result next_way(struct write_op *w)
{
    struct registry *registry = w->repository->registry;
    struct error err = ERROR_INIT;
    bool was_put = !w->trusting;
    enum upload_mode next = was_put ? UPLOAD_PATCH : UPLOAD_CHUNK;
    if (registry->upload < next) /* another blob may have learned more meanwhile */
        registry->upload = next;
    registry->early_resets = 0;
    if (was_put && request_status(w->request) == 413 && bridge_rewind_target(w->bridge))
        return task_next(&w->op.task, &patch_step);
    error_set(&err, ERR_TRANSIENT, "%s does not take blob %s %s; sending it %s",
              w->repository->store.name, bridge_digest(w->bridge)->text,
              was_put ? "in one PUT" : "in one PATCH",
              was_put ? "in a PATCH" : "in pieces of 16 MiB");
    return task_fail(&w->op.task, &err);
}

static enum step_result step_patched(struct task *task)
{
    struct write_op *w = write_of(task);
    struct error err = ERROR_INIT;
    if (!w->request->task.done)
        return task_wait(task, &patched_step);
    if (w->request->task.result)
        return is_too_much(w) ? next_way(w) : task_fail(task, &w->request->task.err);
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
    /* The answer's Range is not asked: some report the first piece for ever, or the last one alone.
     * A piece at the wrong place is refused by the registry, and the closing PUT names the digest.
     */
    w->sent += w->chunk ? w->chunk : bridge_size(w->bridge);
    return task_next(task, w->sent < bridge_size(w->bridge) ? &patch_step : &prove_step);
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
        return !w->trusting && is_too_much(w) ? next_way(w)
                                              : task_fail(task, &w->request->task.err);
    struct registry *registry = w->repository->registry;
    if (bridge_size(w->bridge) >= registry->early_reset_bytes)
        registry->early_resets = 0; /* that a small one works says nothing */
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
    enum upload_mode mode = w->repository->registry->upload;
    bool patch = mode != UPLOAD_PUT && bridge_size(bridge) > 0;
    if (mode == UPLOAD_CHUNK)
        w->chunk = session->chunk_min > CHUNK_BYTES ? session->chunk_min : CHUNK_BYTES;
    task_start(&w->op.task, patch ? &patch_step : &put_step);
    return &w->op;
}
