/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What refers to an image: signatures, attestations, SBOMs.
 *     list -> below -> push (-> subject -> push) -> noted -> merge -> signatures -> end
 * Those of one subject and target are one task, so that each list is read once and its fallback
 * tag has one writer here. What refers to a referrer goes before it, except where a target takes
 * no manifest whose subject it lacks: there the subject goes first, by its digest.
 */
#include "base/str.h"
#include "pipeline/private.h"
#include "select/glob.h"
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

#define REFERRERS_MAX 10000
#define REFERRERS_DEPTH_MAX 8

struct referrer {
    struct descriptor descriptor; /* media type, digest, size; the type is owned */
    struct image *image;          /* NULL: known to be there, or not begun */
};

struct artifacts {
    struct task task; /* first */
    struct run *run;
    struct artifacts_request request;
    struct descriptor subject; /* the type is owned */
    struct waiters waiters;
    size_t n_users;
    struct store_op *op;
    bool too_many;
    size_t n_listed; /* of a wanted type */
    size_t n_signatures;
    VEC(struct referrer) referrers; /* those that may be missing at the target */
    VEC(struct artifacts *) below;
    VEC(struct copy *) signatures;
    VEC(char *) texts; /* of the signatures' requests */
    struct image *subject_image;
    bool subject_first, tried_subject;
    struct merge *merge;
};

static enum step_result step_list(struct task *task);
static enum step_result step_listed(struct task *task);
static enum step_result step_below(struct task *task);
static enum step_result step_subject(struct task *task);
static enum step_result step_push(struct task *task);
static enum step_result step_pushed(struct task *task);
static enum step_result step_noted(struct task *task);
static enum step_result step_merged(struct task *task);
static enum step_result step_signatures(struct task *task);
static enum step_result step_signed(struct task *task);
static const struct step list_step = {"list", step_list};
static const struct step listed_step = {"listed", step_listed};
static const struct step below_step = {"below", step_below};
static const struct step subject_step = {"subject", step_subject};
static const struct step push_step = {"push", step_push};
static const struct step pushed_step = {"pushed", step_pushed};
static const struct step noted_step = {"noted", step_noted};
static const struct step merged_step = {"merged", step_merged};
static const struct step signatures_step = {"signatures", step_signatures};
static const struct step signed_step = {"signed", step_signed};

static struct artifacts *artifacts_of(struct task *task)
{
    return container_of(task, struct artifacts, task);
}

/* ---- life ---- */

static void leave_images(struct artifacts *a)
{
    for (size_t k = 0; k < a->referrers.len; k++) {
        struct image *image = take_ptr(&a->referrers.items[k].image);
        if (image)
            image_leave(image, &a->task);
    }
}

/* Lets go of everything that belongs to others. */
static void drop_work(struct artifacts *a)
{
    if (a->merge)
        merge_free(a->merge);
    a->merge = NULL;
    leave_images(a);
    if (a->subject_image)
        image_leave(a->subject_image, &a->task);
    a->subject_image = NULL;
    for (size_t k = 0; k < a->signatures.len; k++)
        task_free(copy_task(a->signatures.items[k]));
    for (size_t k = 0; k < a->below.len; k++)
        artifacts_leave(a->below.items[k], &a->task);
    a->signatures.len = a->below.len = 0;
    store_op_drop(&a->op);
    if (a->request.source_tags)
        waiters_remove(&a->request.source_tags->waiters, &a->task);
}

void artifacts_stop(void *artifacts)
{
    drop_work(artifacts);
}

static void artifacts_release(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    drop_work(a);
    for (size_t k = 0; k < a->referrers.len; k++)
        free(a->referrers.items[k].descriptor.media_type);
    for (size_t k = 0; k < a->texts.len; k++)
        free(a->texts.items[k]);
    vec_done(&a->texts);
    vec_done(&a->referrers);
    vec_done(&a->below);
    vec_done(&a->signatures);
    waiters_done(&a->waiters);
    free(a->subject.media_type);
    task_done(task);
    free(a);
}

static const struct task_type artifacts_type = {"artifacts", artifacts_release};

void artifacts_free(void *artifacts)
{
    task_free(&((struct artifacts *)artifacts)->task);
}

static struct artifacts *artifacts_new(struct run *run, const struct artifacts_request *r)
{
    struct artifacts *a = xcalloc(1, sizeof(*a));
    task_init(&a->task, run->loop, NULL, &artifacts_type, r->subject->digest.text);
    a->run = run;
    a->request = *r;
    a->subject.digest = r->subject->digest;
    a->subject.size = r->subject->size;
    a->subject.media_type = xstrdup(r->subject->media_type);
    return a;
}

/* An answer stays for the run, but for failures, which the next one may not have. */
struct artifacts *artifacts_for(struct run *run, const struct artifacts_request *r,
                                struct task *waiter)
{
    _cleanup_free_ char *key = run_key(r->target, &r->subject->digest);
    struct artifacts *a = map_get(run->artifacts, key);
    if (!a) {
        a = artifacts_new(run, r);
        map_put(run->artifacts, key, a);
        task_start(&a->task, &list_step);
    } else if (a->task.done && a->task.result && !a->n_users) {
        artifacts_free(a);
        a = artifacts_new(run, r);
        map_put(run->artifacts, key, a);
        task_start(&a->task, &list_step);
    }
    a->n_users++;
    waiters_add(&a->waiters, waiter);
    if (a->task.done)
        task_wake(waiter);
    return a;
}

const struct task *artifacts_task(const struct artifacts *a)
{
    return &a->task;
}

size_t artifacts_found(const struct artifacts *a)
{
    return a->n_listed + a->n_signatures;
}

void artifacts_leave(struct artifacts *a, const struct task *waiter)
{
    waiters_remove(&a->waiters, waiter);
    a->n_users--;
}

static enum step_result end(struct artifacts *a)
{
    a->n_signatures = a->signatures.len;
    drop_work(a);
    waiters_wake(&a->waiters);
    return task_end(&a->task);
}

static enum step_result fail(struct artifacts *a, const struct error *err)
{
    struct error copy = *err;
    error_wrap(&copy, "what refers to %s", a->subject.digest.text);
    drop_work(a);
    enum step_result result = task_fail(&a->task, &copy);
    waiters_wake(&a->waiters);
    return result;
}

/* ---- list ---- */

static bool list_fits(const struct text_list *list, const char *type)
{
    for (size_t i = 0; i < list->len; i++) {
        if (str_eq(list->items[i], type))
            return true;
    }
    return false;
}

static bool is_wanted(const struct artifact_rules *rules, const char *type)
{
    return (!rules->include.len || list_fits(&rules->include, type)) &&
           !list_fits(&rules->exclude, type);
}

/* Nothing would refuse an image for the lack of its artifacts, so what is remembered of them counts
 * only where the image itself was found unchanged. */
static bool is_known_there(const struct artifacts *a, const struct descriptor *d)
{
    const struct store *target = a->request.target;
    return !a->subject.media_type && target->repository && target->registry_name &&
           state_blob(a->run->options.state, target->registry_name, target->repository,
                      &d->digest) == STATE_VOUCHED;
}

static void add_referrer(void *arg, const struct descriptor *d)
{
    struct artifacts *a = arg;
    const char *type = d->artifact_type ? d->artifact_type : d->media_type;
    if (!is_wanted(a->request.rules, type))
        return;
    for (size_t i = 0; i < a->referrers.len; i++) {
        if (digest_equal(&a->referrers.items[i].descriptor.digest, &d->digest))
            return;
    }
    a->too_many = ++a->n_listed > REFERRERS_MAX;
    if (a->too_many || is_known_there(a, d))
        return;
    struct referrer referrer = {
        .descriptor = {.digest = d->digest, .size = d->size, .media_type = xstrdup(d->media_type)}};
    vec_add(&a->referrers, referrer);
}

static enum step_result step_list(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    const struct store_referrers receiver = {.referrer = add_referrer, .arg = a};
    struct error err = ERROR_INIT;
    if (a->run->draining) {
        error_set(&err, ERR_CANCELLED, "interrupted");
        return fail(a, &err);
    }
    a->subject_first = map_get(a->run->strict, a->request.target->name);
    a->op =
        a->request.source->ops->referrers(a->request.source, &a->subject.digest, &receiver, task);
    return task_wait(task, &listed_step);
}

/* A registry that lies may name an image among its own referrers: nobody may wait for himself. */
static bool leads_to(const struct artifacts *from, const struct artifacts *to)
{
    if (from == to)
        return true;
    for (size_t i = 0; i < from->below.len; i++) {
        if (leads_to(from->below.items[i], to))
            return true;
    }
    return false;
}

static void look_below(struct artifacts *a, const struct descriptor *subject)
{
    const struct artifacts_request request = {.source = a->request.source,
                                              .target = a->request.target,
                                              .subject = subject,
                                              .rules = a->request.rules,
                                              .source_tags = a->request.source_tags,
                                              .update = a->request.update,
                                              .depth = a->request.depth + 1};
    if (a->request.depth >= REFERRERS_DEPTH_MAX)
        return;
    struct artifacts *below = artifacts_for(a->run, &request, &a->task);
    if (leads_to(below, a))
        artifacts_leave(below, &a->task);
    else
        vec_add(&a->below, below);
}

static enum step_result step_listed(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    const struct manifest *m = a->request.manifest;
    struct error err = ERROR_INIT;
    if (!a->op->task.done)
        return task_wait(task, &listed_step);
    if (a->op->task.result)
        return fail(a, &a->op->task.err);
    if (a->too_many) {
        error_set(&err, ERR_TOO_LARGE, "more than %d", REFERRERS_MAX);
        return fail(a, &err);
    }
    store_op_drop(&a->op);
    for (size_t i = 0; m && i < m->n_children; i++) {
        if (media_type_is_manifest(m->children[i].media_type))
            look_below(a, &m->children[i]);
    }
    a->request.manifest = NULL; /* it may go */
    if (a->subject_first)
        return task_next(task, &subject_step);
    for (size_t i = 0; i < a->referrers.len; i++)
        look_below(a, &a->referrers.items[i].descriptor);
    return task_next(task, &below_step);
}

/* What is below goes first, so that nothing is seen without its signature. */
static enum step_result step_below(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    for (size_t i = 0; i < a->below.len; i++) {
        if (!a->below.items[i]->task.done)
            return task_wait(task, &below_step);
    }
    for (size_t i = 0; i < a->below.len; i++) {
        if (a->below.items[i]->task.result)
            return fail(a, &a->below.items[i]->task.err);
    }
    return task_next(task, a->subject_first && a->tried_subject ? &noted_step : &push_step);
}

/* ---- push ---- */

static struct image *begin_image(struct artifacts *a, const struct descriptor *descriptor)
{
    const struct image_request request = {.source = a->request.source,
                                          .target = a->request.target,
                                          .descriptor = descriptor,
                                          .update = a->request.update};
    bool ignored;
    return image_for(a->run, &request, &a->task, &ignored);
}

/* Where the target wants the subject there first. */
static enum step_result step_subject(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    if (!a->subject.media_type || !a->referrers.len)
        return task_next(task, &push_step);
    if (!a->subject_image && !a->tried_subject)
        a->subject_image = begin_image(a, &a->subject);
    a->tried_subject = true;
    if (!a->subject_image)
        return task_next(task, &push_step);
    const struct task *image = image_task(a->subject_image);
    if (!image->done)
        return task_wait(task, &subject_step);
    return image->result ? fail(a, &image->err) : task_next(task, &push_step);
}

static enum step_result step_push(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    for (size_t i = 0; i < a->referrers.len; i++) {
        struct referrer *r = &a->referrers.items[i];
        if (!r->image)
            r->image = begin_image(a, &r->descriptor);
    }
    return task_next(task, &pushed_step);
}

static bool wants_subject(const struct artifacts *a, const struct error *err)
{
    return !a->subject_first && a->subject.media_type &&
           (err->class == ERR_MISSING_PART || err->class == ERR_NOT_FOUND) && err->http_status;
}

static enum step_result step_pushed(struct task *task)
{
    static char marker;
    struct artifacts *a = artifacts_of(task);
    const struct task *failed = NULL;
    for (size_t i = 0; i < a->referrers.len; i++) {
        const struct image *image = a->referrers.items[i].image;
        if (image && !image_task((struct image *)(uintptr_t)image)->done)
            return task_wait(task, &pushed_step);
        if (image && image_task((struct image *)(uintptr_t)image)->result)
            failed = image_task((struct image *)(uintptr_t)image);
    }
    if (failed && wants_subject(a, &failed->err)) {
        map_put(a->run->strict, a->request.target->name, &marker);
        a->subject_first = true;
        leave_images(a);
        return task_next(task, &subject_step);
    }
    if (failed)
        return fail(a, &failed->err);
    if (!a->subject_first || a->below.len)
        return task_next(task, &noted_step);
    for (size_t i = 0; i < a->referrers.len; i++)
        look_below(a, &a->referrers.items[i].descriptor);
    return task_next(task, a->below.len ? &below_step : &noted_step);
}

/* ---- the fallback tag, where the target keeps no list ---- */

static enum step_result step_noted(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    bool all_noted = true;
    struct merge_request request = {.target = a->request.target, .subject = &a->subject.digest};
    for (size_t i = 0; i < a->referrers.len; i++) {
        const struct image *image = a->referrers.items[i].image;
        all_noted &= image && image_subject_was_noted(image);
    }
    if (all_noted)
        return task_next(task, &signatures_step);
    VEC(struct fetch_request) additions = {0};
    for (size_t i = 0; i < a->referrers.len; i++) {
        const struct descriptor *d = &a->referrers.items[i].descriptor;
        vec_add(&additions, (struct fetch_request){.source = a->request.source,
                                                   .digest = &d->digest,
                                                   .media_type = d->media_type});
    }
    request.additions = additions.items;
    request.n_additions = additions.len;
    a->merge = merge_start(a->run, task, &request);
    vec_done(&additions);
    return task_wait(task, &merged_step);
}

static enum step_result step_merged(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    const struct task *merge = merge_task(a->merge);
    if (!merge->done)
        return task_wait(task, &merged_step);
    return merge->result ? fail(a, &merge->err) : task_next(task, &signatures_step);
}

/* ---- signatures by the naming of cosign ---- */

static const struct {
    const char *suffix, *type;
} signature_kinds[] = {
    {".sig", "application/vnd.dev.cosign.simplesigning.v1+json"},
    {".att", "application/vnd.dsse.envelope.v1+json"},
    {".sbom", "application/vnd.dev.cosign.sbom.v1"},
};

static void begin_signature(struct artifacts *a, const char *tag)
{
    const struct store *source = a->request.source, *target = a->request.target;
    struct copy_request request = {.source = a->request.source, .target = a->request.target};
    char *name = xstrdup(tag);
    char *source_text = xasprintf("%s:%s", source->name, tag);
    char *target_text = xasprintf("%s:%s", target->name, tag);
    vec_add(&a->texts, name);
    vec_add(&a->texts, source_text);
    vec_add(&a->texts, target_text);
    request.source_reference = request.target_reference = name;
    request.source_text = source_text;
    request.target_text = target_text;
    vec_add(&a->signatures, copy_start(a->run, &a->task, &request));
}

/* The list of tags may still be coming in, and the signature be on its last page. */
static enum step_result step_signatures(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    struct source_tags *tags = a->request.source_tags;
    if (tags && !tags->is_complete) {
        waiters_add(&tags->waiters, task);
        return task_wait(task, &signatures_step);
    }
    for (size_t i = 0; tags && i < ARRAY_LEN(signature_kinds); i++) {
        _cleanup_free_ char *tag =
            xasprintf("%s-%s%s", digest_algorithm_name(&a->subject.digest),
                      digest_hex(&a->subject.digest), signature_kinds[i].suffix);
        if (map_get(tags->names, tag) && is_wanted(a->request.rules, signature_kinds[i].type))
            begin_signature(a, tag);
    }
    return task_next(task, &signed_step);
}

static void remember(const struct artifacts *a)
{
    const struct store *target = a->request.target;
    for (size_t i = 0; target->repository && target->registry_name && i < a->referrers.len; i++)
        state_blob_seen(a->run->options.state, target->registry_name, target->repository,
                        &a->referrers.items[i].descriptor.digest, true);
}

static enum step_result step_signed(struct task *task)
{
    struct artifacts *a = artifacts_of(task);
    for (size_t i = 0; i < a->signatures.len; i++) {
        if (!copy_task(a->signatures.items[i])->done)
            return task_wait(task, &signed_step);
    }
    for (size_t i = 0; i < a->signatures.len; i++) {
        if (copy_task(a->signatures.items[i])->result)
            return fail(a, &copy_task(a->signatures.items[i])->err);
    }
    remember(a);
    return end(a);
}
