/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests of a repository: HEAD, GET, PUT. */
#include "base/clock.h"
#include "registry/private.h"

#include <stdlib.h>
#include <string.h>

struct manifest_op {
    struct store_op op; /* first */
    struct repository *repository;
    struct request *request;
    char *reference, *path;
    struct digest expected; /* get: what the bytes must be */
    char *expected_type;    /* get: as the parent says; may be NULL */
    const struct manifest *pushed;
    bool has_condition;       /* put: only if the reference stands for `was` */
    struct digest was;        /* not set: for nothing */
    int attempts;             /* put */
    bool was_taken;           /* put: the answer was a success, if no plain one */
    struct store_op *content; /* put: what lies there, where HEAD does not tell */
};

static struct manifest_op *op_of(struct task *task)
{
    return container_of(task, struct manifest_op, op.task);
}

static void release(struct task *task)
{
    struct manifest_op *m = op_of(task);
    if (m->request)
        task_free(&m->request->task);
    store_op_drop(&m->content);
    store_op_done(&m->op);
    free(m->reference);
    free(m->path);
    free(m->expected_type);
    free(m);
}

static const struct task_type head_type = {"head", release};
static const struct task_type get_type = {"get", release};
static const struct task_type put_type = {"put", release};

static struct manifest_op *op_new(struct store *store, const char *reference,
                                  const struct task_type *type, struct task *parent)
{
    struct repository *repository = repository_of(store);
    struct manifest_op *m = xcalloc(1, sizeof(*m));
    _cleanup_free_ char *label = xasprintf("%s %s", store->name, reference);
    store_op_init(&m->op, repository->registry->loop, parent, type, label);
    m->repository = repository;
    m->reference = xstrdup(reference);
    m->path = xasprintf("/v2/%s/manifests/%s", store->repository, reference);
    return m;
}

static void ask(struct manifest_op *m, struct request_spec spec)
{
    if (m->request)
        task_free(&m->request->task);
    spec.url = m->path;
    spec.repository = m->repository->store.repository;
    spec.reference = m->reference;
    spec.push = m->repository->writes;
    m->request = request_start(m->repository->registry, &m->op.task, &spec);
}

static void ask_head(struct manifest_op *m)
{
    ask(m, (struct request_spec){
               .method = "HEAD", .action = OCYNC_ACTION_MANIFEST_HEAD, .accept = manifest_accept});
}

/* Reads the answer to a HEAD into the operation: 0, or the class of the failure. Where HEAD does
 * not work, the manifest may be there: found, without a digest. */
static int read_head(struct manifest_op *m)
{
    const struct request *r = m->request;
    const char *digest = request_header(r, "docker-content-digest");
    const char *length = request_header(r, "content-length");
    int status = request_status(r);
    if (r->task.result == ERR_NOT_FOUND)
        return 0;
    bool unsupported = r->task.result && (status == 405 || status == 501);
    if (r->task.result && !unsupported)
        return r->task.result;
    m->op.found = true;
    if (unsupported)
        return 0;
    if (digest)
        digest_parse(digest, &m->op.digest, NULL);
    if (length)
        str_to_int64(length, 0, INT64_MAX, &m->op.size);
    str_replace(&m->op.media_type, request_header(r, "content-type"));
    return 0;
}

/* ---- head ---- */

static enum step_result step_headed(struct task *task)
{
    struct manifest_op *m = op_of(task);
    return read_head(m) ? task_fail(task, &m->request->task.err) : task_end(task);
}

static enum step_result step_head(struct task *task);
static const struct step head_step = {"head", step_head};

static enum step_result step_head(struct task *task)
{
    struct manifest_op *m = op_of(task);
    if (!m->request)
        ask_head(m);
    return m->request->task.done ? step_headed(task) : task_wait(task, &head_step);
}

struct store_op *manifest_head(struct store *store, const char *reference, struct task *parent)
{
    struct manifest_op *m = op_new(store, reference, &head_type, parent);
    task_start(&m->op.task, &head_step);
    return &m->op;
}

/* ---- get ---- */

static enum step_result step_confirm(struct task *task);
static const struct step confirm_step = {"confirm", step_confirm};

/* Read by tag, the bytes are what they are; registries that call them by a wrong digest exist,
 * and so do broken caches that send other bytes. The digest that they have decides: a registry
 * that has them under it sent what it meant. */
static bool was_called_otherwise(const struct manifest_op *m)
{
    struct digest called;
    const char *text = request_header(m->request, "docker-content-digest");
    if (digest_is_set(&m->expected) || !text || digest_parse(text, &called, NULL) < 0)
        return false;
    return called.algorithm == m->op.digest.algorithm && !digest_equal(&called, &m->op.digest);
}

static enum step_result step_confirm(struct task *task)
{
    struct manifest_op *m = op_of(task);
    struct error err = ERROR_INIT;
    if (!m->request->task.done)
        return task_wait(task, &confirm_step);
    if (m->request->task.result == 0)
        return task_end(task);
    if (m->request->task.result != ERR_NOT_FOUND)
        return task_fail(task, &m->request->task.err);
    error_set(&err, ERR_DIGEST, "%s sent a manifest with digest %s under another one",
              m->repository->store.name, m->op.digest.text);
    return task_fail(task, &err);
}

static enum step_result confirm(struct manifest_op *m)
{
    str_replace(&m->reference, m->op.digest.text);
    free(m->path);
    m->path = xasprintf("/v2/%s/manifests/%s", m->repository->store.repository, m->reference);
    ask_head(m);
    return task_wait(&m->op.task, &confirm_step);
}

static enum step_result read_manifest(struct manifest_op *m)
{
    struct error err = ERROR_INIT;
    size_t len;
    const char *bytes = http_text(m->request->exchange, &len);
    const char *type =
        m->expected_type ? m->expected_type : request_header(m->request, "content-type");
    const struct digest *expected = digest_is_set(&m->expected) ? &m->expected : NULL;
    if (manifest_parse(bytes, len, type, expected, &m->op.manifest, &err) < 0) {
        error_wrap(&err, "%s %s", m->repository->store.name, m->reference);
        return task_fail(&m->op.task, &err);
    }
    m->op.found = true;
    m->op.digest = m->op.manifest->digest;
    m->op.size = (int64_t)len;
    return was_called_otherwise(m) ? confirm(m) : task_end(&m->op.task);
}

static enum step_result step_get(struct task *task);
static const struct step get_step = {"get", step_get};

static enum step_result step_get(struct task *task)
{
    struct manifest_op *m = op_of(task);
    if (!m->request)
        ask(m, (struct request_spec){.method = "GET",
                                     .action = OCYNC_ACTION_MANIFEST_GET,
                                     .accept = manifest_accept,
                                     .answer_max = MANIFEST_MAX});
    if (!m->request->task.done)
        return task_wait(task, &get_step);
    return m->request->task.result ? task_fail(task, &m->request->task.err) : read_manifest(m);
}

struct store_op *manifest_get(struct store *store, const char *reference,
                              const struct digest *expected, const char *media_type,
                              struct task *parent)
{
    struct manifest_op *m = op_new(store, reference, &get_type, parent);
    if (expected)
        m->expected = *expected;
    m->expected_type = xstrdup(media_type);
    task_start(&m->op.task, &get_step);
    return &m->op;
}

/* ---- put ---- */

static enum step_result step_put(struct task *task);
static enum step_result step_putted(struct task *task);
static enum step_result step_check(struct task *task);
static enum step_result step_checked(struct task *task);
static const struct step put_step = {"put", step_put};
static const struct step putted_step = {"answer", step_putted};
static const struct step check_step = {"check", step_check};
static enum step_result step_content(struct task *task);
static const struct step checked_step = {"checked", step_checked};
static const struct step content_step = {"content", step_content};

static enum step_result step_put(struct task *task)
{
    struct manifest_op *m = op_of(task);
    _cleanup_free_ char *etag = digest_is_set(&m->was) ? xasprintf("\"%s\"", m->was.text) : NULL;
    ask(m, (struct request_spec){.method = "PUT",
                                 .action = OCYNC_ACTION_MANIFEST_PUT,
                                 .if_match = etag,
                                 .if_none_match = m->has_condition && !etag ? "*" : NULL,
                                 .content_type = m->pushed->media_type,
                                 .body = m->pushed->bytes,
                                 .body_len = m->pushed->len,
                                 .no_retry = true});
    return task_wait(task, &putted_step);
}

/* The digest that a registry answers counts when it is of the algorithm that was used. */
static bool answered_other_digest(const struct manifest_op *m)
{
    struct digest answered;
    const char *text = request_header(m->request, "docker-content-digest");
    if (!text || digest_parse(text, &answered, NULL) < 0)
        return false;
    return answered.algorithm == m->pushed->digest.algorithm &&
           !digest_equal(&answered, &m->pushed->digest);
}

static enum step_result wrong_digest(struct manifest_op *m)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_DIGEST, "%s stored %s under another digest than %s",
              m->repository->store.name, m->reference, m->pushed->digest.text);
    return task_fail(&m->op.task, &err);
}

static enum step_result changed_meanwhile(struct manifest_op *m)
{
    struct error err = ERROR_INIT;
    error_set(&err, ERR_CONFLICT, "%s %s was changed by somebody else", m->repository->store.name,
              m->reference);
    return task_fail(&m->op.task, &err);
}

static enum step_result step_putted(struct task *task)
{
    struct manifest_op *m = op_of(task);
    const struct request *r = m->request;
    if (!r->task.done)
        return task_wait(task, &putted_step);
    m->was_taken = r->task.result == 0;
    m->op.subject_noted = m->was_taken && request_header(r, "oci-subject");
    if (m->op.subject_noted)
        m->repository->registry->lists_referrers = OCYNC_YES;
    if (m->has_condition && request_status(r) == 412)
        return changed_meanwhile(m);
    if (m->was_taken) {
        if (answered_other_digest(m))
            return wrong_digest(m);
        return request_status(r) == 201 ? task_end(task) : task_next(task, &check_step);
    }
    const struct registry_options *options = &m->repository->registry->options;
    int64_t delay =
        retry_class_is_temporary(r->task.err.class)
            ? retry_delay_ms(&options->retry, &r->task.err, m->attempts++, clock_random())
            : -1;
    if (delay < 0)
        return task_fail(task, &r->task.err);
    if (options->hooks.retrying)
        options->hooks.retrying(options->hooks.arg, r->task.err.text, delay);
    return task_sleep(task, delay, &check_step);
}

/* The answer was lost, or was no plain 201: look before sending it again. */
static enum step_result step_check(struct task *task)
{
    ask_head(op_of(task));
    return task_wait(task, &checked_step);
}

static enum step_result judge_check(struct manifest_op *m)
{
    struct error err = ERROR_INIT;
    if (m->op.found && digest_equal(&m->op.digest, &m->pushed->digest))
        return task_end(&m->op.task);
    if (!m->was_taken)
        return task_next(&m->op.task, &put_step);
    error_set(&err, ERR_PROTOCOL, "%s took %s but does not have it", m->repository->store.name,
              m->reference);
    return task_fail(&m->op.task, &err);
}

/* A HEAD without a digest: the bytes themselves tell. */
static enum step_result step_content(struct task *task)
{
    struct manifest_op *m = op_of(task);
    if (!m->content)
        m->content = manifest_get(&m->repository->store, m->reference, NULL, NULL, task);
    if (!m->content->task.done)
        return task_wait(task, &content_step);
    m->op.found = m->content->task.result == 0;
    m->op.digest = m->content->digest;
    store_op_drop(&m->content);
    return judge_check(m);
}

static enum step_result step_checked(struct task *task)
{
    struct manifest_op *m = op_of(task);
    if (!m->request->task.done)
        return task_wait(task, &checked_step);
    m->op.found = false;
    m->op.digest = (struct digest){0};
    if (read_head(m))
        return task_fail(task, &m->request->task.err);
    return m->op.found && !digest_is_set(&m->op.digest) ? task_next(task, &content_step)
                                                        : judge_check(m);
}

struct store_op *manifest_put(struct store *store, const char *reference,
                              const struct manifest *manifest, struct task *parent)
{
    struct manifest_op *m = op_new(store, reference, &put_type, parent);
    m->pushed = manifest;
    task_start(&m->op.task, &put_step);
    return &m->op;
}

struct store_op *manifest_put_if(struct store *store, const char *reference,
                                 const struct manifest *manifest, const struct digest *was,
                                 struct task *parent)
{
    struct store_op *op = manifest_put(store, reference, manifest, parent);
    struct manifest_op *m = op_of(&op->task);
    m->has_condition = true;
    if (was)
        m->was = *was;
    return op;
}
