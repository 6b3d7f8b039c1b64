/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of what refers to a subject, where the target keeps none: an index under a tag.
 *     ask (-> it keeps one) -> fetch -> read -> write -> look (-> read) -> end
 * Read once, merged, written once with a precondition where that works, and looked at again:
 * whoever else wrote meanwhile is merged with, a few times.
 */
#include "oci/referrers.h"
#include "pipeline/private.h"

#include <stdlib.h>

#define MERGES_MAX 4

struct merge {
    struct task task; /* first */
    struct run *run;
    struct store *target;
    struct digest subject;
    char tag[REFERRERS_TAG_MAX];
    VEC(struct fetch_request) wanted; /* media types are owned */
    VEC(struct digest) digests;
    VEC(struct fetch *) additions;
    struct store_op *op;
    struct manifest *merged;
    int n_merges;
};

static enum step_result step_ask(struct task *task);
static enum step_result step_asked(struct task *task);
static enum step_result step_fetched(struct task *task);
static enum step_result step_read(struct task *task);
static enum step_result step_got(struct task *task);
static enum step_result step_written(struct task *task);
static const struct step ask_step = {"ask", step_ask};
static const struct step asked_step = {"asked", step_asked};
static const struct step fetched_step = {"fetched", step_fetched};
static const struct step read_step = {"read", step_read};
static const struct step got_step = {"got", step_got};
static const struct step written_step = {"written", step_written};

static struct merge *merge_of(struct task *task)
{
    return container_of(task, struct merge, task);
}

static void merge_release(struct task *task)
{
    struct merge *m = merge_of(task);
    store_op_drop(&m->op);
    for (size_t i = 0; i < m->additions.len; i++)
        fetch_leave(m->additions.items[i], task);
    for (size_t i = 0; i < m->wanted.len; i++)
        free((char *)(uintptr_t)m->wanted.items[i].media_type);
    vec_done(&m->additions);
    vec_done(&m->wanted);
    vec_done(&m->digests);
    manifest_free(m->merged);
    task_done(task);
    free(m);
}

static const struct task_type merge_type = {"merge", merge_release};

void merge_free(struct merge *merge)
{
    task_free(&merge->task);
}

const struct task *merge_task(const struct merge *merge)
{
    return &merge->task;
}

struct merge *merge_start(struct run *run, struct task *parent, const struct merge_request *r)
{
    struct merge *m = xcalloc(1, sizeof(*m));
    task_init(&m->task, run->loop, parent, &merge_type, r->subject->text);
    m->run = run;
    m->target = r->target;
    m->subject = *r->subject;
    referrers_tag(r->subject, m->tag);
    for (size_t i = 0; i < r->n_additions; i++) {
        vec_add(&m->digests, *r->additions[i].digest);
        vec_add(&m->wanted,
                (struct fetch_request){.source = r->additions[i].source,
                                       .media_type = xstrdup(r->additions[i].media_type)});
    }
    task_start(&m->task, &ask_step);
    return m;
}

static void ignore_referrer(void *arg, const struct descriptor *descriptor)
{
    (void)arg;
    (void)descriptor;
}

static enum step_result step_ask(struct task *task)
{
    struct merge *m = merge_of(task);
    const struct store_referrers receiver = {.referrer = ignore_referrer};
    m->op = m->target->ops->referrers(m->target, &m->subject, &receiver, task);
    return task_wait(task, &asked_step);
}

static enum step_result step_asked(struct task *task)
{
    struct merge *m = merge_of(task);
    if (!m->op->task.done)
        return task_wait(task, &asked_step);
    if (m->op->task.result)
        return task_fail(task, &m->op->task.err);
    if (!m->op->by_fallback_tag)
        return task_end(task);
    store_op_drop(&m->op);
    for (size_t i = 0; i < m->wanted.len; i++) {
        m->wanted.items[i].digest = &m->digests.items[i];
        vec_add(&m->additions, fetch_for(m->run, &m->wanted.items[i], task));
    }
    return task_next(task, &fetched_step);
}

static enum step_result step_fetched(struct task *task)
{
    struct merge *m = merge_of(task);
    for (size_t i = 0; i < m->additions.len; i++) {
        const struct task *fetch = fetch_task(m->additions.items[i]);
        if (!fetch->done)
            return task_wait(task, &fetched_step);
        if (fetch->result)
            return task_fail(task, &fetch->err);
    }
    return task_next(task, &read_step);
}

static enum step_result step_read(struct task *task)
{
    struct merge *m = merge_of(task);
    store_op_drop(&m->op);
    m->op = m->target->ops->get(m->target, m->tag, NULL, NULL, task);
    return task_wait(task, &got_step);
}

static int merge_into(struct merge *m, const struct manifest *index, struct error *err)
{
    VEC(const struct manifest *) additions = {0};
    for (size_t i = 0; i < m->additions.len; i++)
        vec_add(&additions, fetch_manifest(m->additions.items[i]));
    manifest_free(take_ptr(&m->merged));
    int result = referrers_merge(index, additions.items, additions.len, &m->merged, err);
    vec_done(&additions);
    return result;
}

static enum step_result step_got(struct task *task)
{
    struct merge *m = merge_of(task);
    struct error err = ERROR_INIT;
    if (!m->op->task.done)
        return task_wait(task, &got_step);
    if (m->op->task.result && m->op->task.result != ERR_NOT_FOUND)
        return task_fail(task, &m->op->task.err);
    const struct manifest *index = m->op->task.result ? NULL : m->op->manifest;
    if (index && index->kind != MANIFEST_INDEX)
        error_set(&err, ERR_PROTOCOL, "%s:%s is no list of referrers", m->target->name, m->tag);
    else
        merge_into(m, index, &err);
    if (err.class)
        return task_fail(task, &err);
    if (!m->merged)
        return task_end(task); /* all are listed */
    if (++m->n_merges > MERGES_MAX) {
        error_set(&err, ERR_TRANSIENT, "%s:%s is written by others all the time", m->target->name,
                  m->tag);
        return task_fail(task, &err);
    }
    struct digest was = m->op->digest;
    store_op_drop(&m->op);
    m->op = m->target->ops->put_if ? m->target->ops->put_if(m->target, m->tag, m->merged,
                                                            digest_is_set(&was) ? &was : NULL, task)
                                   : m->target->ops->put(m->target, m->tag, m->merged, task);
    return task_wait(task, &written_step);
}

/* Whether it is all there now is read again, not believed. */
static enum step_result step_written(struct task *task)
{
    struct merge *m = merge_of(task);
    if (!m->op->task.done)
        return task_wait(task, &written_step);
    if (m->op->task.result && m->op->task.result != ERR_CONFLICT)
        return task_fail(task, &m->op->task.err);
    return task_next(task, &read_step);
}
