/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs of a repository: is it there (HEAD), and reading one into a bridge (GET). */
#include "registry/private.h"

#include <stdlib.h>
#include <string.h>

struct blob_op {
    struct store_op op; /* first */
    struct repository *repository;
    struct request *request;
    char *reference, *path;
    bool holds_slots; /* stat: the caller does */

    /* read */
    struct bridge *bridge;
    struct bridge_end end;
    int64_t offset; /* where the bridge goes on */
    int64_t skip;   /* bytes to drop of an answer that begins at 0 all the same */
    bool began;
    const char *refused; /* why the answer can't be used */
};

static struct blob_op *op_of(struct task *task)
{
    return container_of(task, struct blob_op, op.task);
}

static void release(struct task *task)
{
    struct blob_op *b = op_of(task);
    if (b->bridge)
        bridge_attach_source(b->bridge, NULL);
    if (b->request)
        task_free(&b->request->task);
    store_op_done(&b->op);
    free(b->reference);
    free(b->path);
    free(b);
}

static const struct task_type stat_type = {"stat", release};
static const struct task_type read_type = {"read", release};

static struct blob_op *op_new(struct store *store, const struct descriptor *blob,
                              const struct task_type *type, struct task *parent)
{
    struct repository *repository = repository_of(store);
    struct blob_op *b = xcalloc(1, sizeof(*b));
    _cleanup_free_ char *label = xasprintf("%s %s", store->name, blob->digest.text);
    store_op_init(&b->op, repository->registry->loop, parent, type, label);
    b->repository = repository;
    b->reference = xstrdup(blob->digest.text);
    b->path = xasprintf("/v2/%s/blobs/%s", store->repository, blob->digest.text);
    return b;
}

/* ---- stat ---- */

static enum step_result step_stat(struct task *task);
static const struct step stat_step = {"stat", step_stat};

static enum step_result step_stat(struct task *task)
{
    struct blob_op *b = op_of(task);
    if (!b->request) {
        const struct request_spec spec = {
            .method = "HEAD",
            .url = b->path,
            .action = OCYNC_ACTION_BLOB_HEAD,
            .repository = b->repository->store.repository,
            .reference = b->reference,
            .push = b->repository->writes,
            .holds_slots = b->holds_slots,
        };
        b->request = request_start(b->repository->registry, task, &spec);
    }
    if (!b->request->task.done)
        return task_wait(task, &stat_step);
    if (b->request->task.result == ERR_NOT_FOUND)
        return task_end(task);
    if (b->request->task.result)
        return task_fail(task, &b->request->task.err);
    b->op.found = true;
    return task_end(task);
}

struct store_op *blob_look(struct store *store, const struct descriptor *blob, bool holds_slots,
                           struct task *parent)
{
    struct blob_op *b = op_new(store, blob, &stat_type, parent);
    b->holds_slots = holds_slots;
    task_start(&b->op.task, &stat_step);
    return &b->op;
}

struct store_op *blob_stat(struct store *store, const struct descriptor *blob, struct task *parent)
{
    return blob_look(store, blob, false, parent);
}

/* ---- read ---- */

static void resume(struct bridge_end *end)
{
    struct blob_op *b = container_of(end, struct blob_op, end);
    if (b->request && b->request->exchange)
        http_resume(b->request->exchange);
}

/* "bytes 5-99/100": does it begin where we are? */
static bool range_begins_at(const char *content_range, int64_t offset)
{
    char expected[48];
    snprintf(expected, sizeof(expected), "bytes %lld-", (long long)offset);
    return content_range && str_has_prefix(content_range, expected);
}

/* The first bytes of an answer that counts: what are they? */
static bool begin(struct blob_op *b)
{
    const char *encoding = request_header(b->request, "content-encoding");
    b->began = true;
    if (encoding && !str_ieq(encoding, "identity"))
        b->refused = "the blob came compressed on the wire, which was not asked for";
    else if (request_status(b->request) == 200)
        b->skip = b->offset;
    else if (b->offset == 0 ||
             !range_begins_at(request_header(b->request, "content-range"), b->offset))
        b->refused = "the answer is another range than the one asked for";
    return !b->refused;
}

static ssize_t on_data(void *arg, const char *data, size_t len)
{
    struct blob_op *b = arg;
    if (!b->began && !begin(b))
        return ERR_PROTOCOL;
    size_t dropped = (int64_t)len < b->skip ? len : (size_t)b->skip;
    if (dropped < len && !bridge_push(b->bridge, data + dropped, len - dropped))
        return HTTP_DOWNLOAD_PAUSE;
    b->skip -= (int64_t)dropped;
    return 0;
}

/* A body that ended as announced, but too early, is a lie and not a broken connection. */
static enum step_result judge_end(struct blob_op *b)
{
    struct error err = ERROR_INIT;
    int64_t have = bridge_received(b->bridge), size = bridge_size(b->bridge);
    if (have >= size)
        return task_end(&b->op.task);
    bool announced = request_header(b->request, "content-length");
    error_set(&err, announced ? ERR_DIGEST : ERR_TRANSIENT,
              "reading blob %s@%s: the source sent %lld of %lld bytes", b->repository->store.name,
              b->reference, (long long)have, (long long)size);
    return task_fail(&b->op.task, &err);
}

static enum step_result step_read(struct task *task);
static const struct step read_step = {"read", step_read};

static enum step_result start_read(struct blob_op *b)
{
    const struct http_download download = {.write = on_data, .arg = b};
    _cleanup_free_ char *range = b->offset ? xasprintf("bytes=%lld-", (long long)b->offset) : NULL;
    const struct request_spec spec = {
        .method = "GET",
        .url = b->path,
        .action = OCYNC_ACTION_BLOB_GET,
        .repository = b->repository->store.repository,
        .reference = b->reference,
        .push = b->repository->writes,
        .range = range,
        .download = &download,
        .holds_slots = true,
        .no_retry = true,
    };
    b->request = request_start(b->repository->registry, &b->op.task, &spec);
    return task_wait(&b->op.task, &read_step);
}

static enum step_result step_read(struct task *task)
{
    struct blob_op *b = op_of(task);
    if (!b->request)
        return start_read(b);
    if (!b->request->task.done)
        return task_wait(task, &read_step);
    if (!b->request->task.result)
        return judge_end(b);
    struct error err = b->request->task.err;
    if (b->refused)
        error_set(&err, ERR_PROTOCOL, "reading blob %s@%s: %s", b->repository->store.name,
                  b->reference, b->refused);
    return task_fail(task, &err);
}

struct store_op *blob_read(struct store *store, const struct descriptor *blob, int64_t offset,
                           struct bridge *bridge, struct task *parent)
{
    struct blob_op *b = op_new(store, blob, &read_type, parent);
    b->bridge = bridge;
    b->offset = offset;
    b->end.resume = resume;
    bridge_attach_source(bridge, &b->end);
    task_start(&b->op.task, &read_step);
    return &b->op;
}
