/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the images behind tags were made, as their configs say. It costs a manifest (two for an
 * index) and a config blob each, so only tags are looked at whose time matters; a few at once.
 * Each look: tag -> child -> config -> read -> end. What has no such time is no failure.
 */
#include "base/str.h"
#include "pipeline/sync_private.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOKS_AT_ONCE 16
#define CONFIG_BYTES_MAX ((int64_t)4 * 1024 * 1024)

struct look {
    struct task task; /* first */
    struct created_times *times;
    struct tag_input *input;
    struct tag *tag;
    struct fetch *child;
    struct bridge *bridge;
    struct bridge_end end;
    struct store_op *read;
    struct buf text;
};

struct created_times {
    struct task task; /* first */
    struct run *run;
    struct store *source;
    struct tag_input *inputs;
    bool *wanted;
    size_t n_inputs, next;
    VEC(struct look *) looks;
};

static enum step_result step_tag(struct task *task);
static enum step_result step_child(struct task *task);
static enum step_result step_read(struct task *task);
static enum step_result step_work(struct task *task);
static const struct step tag_step = {"tag", step_tag};
static const struct step child_step = {"child", step_child};
static const struct step read_step = {"read", step_read};
static const struct step work_step = {"work", step_work};

bool created_parse(const char *text, int64_t *ret_ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        return false;
    int64_t fraction = 0;
    if (*rest == '.') {
        int64_t unit = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
            fraction += (*rest - '0') * unit;
    }
    int64_t offset = 0;
    if (*rest == '+' || *rest == '-') {
        int hours, minutes, len = 0;
        if (sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &len) != 2 || rest[1 + len])
            return false;
        offset = ((int64_t)hours * 60 + minutes) * (*rest == '-' ? -60 : 60);
    } else if (strcmp(rest, "Z") != 0) {
        return false;
    }
    *ret_ms = ((int64_t)timegm(&tm) - offset) * 1000 + fraction;
    return true;
}

/* ---- one look ---- */

static struct look *look_of(struct task *task)
{
    return container_of(task, struct look, task);
}

static void look_release(struct task *task)
{
    struct look *l = look_of(task);
    store_op_drop(&l->read);
    bridge_free(l->bridge);
    if (l->child)
        fetch_leave(l->child, task);
    if (l->tag)
        tag_leave(l->tag, task);
    buf_done(&l->text);
    task_done(task);
    free(l);
}

static const struct task_type look_type = {"created", look_release};

static struct look *look_start(struct created_times *times, struct tag_input *input)
{
    struct look *l = xcalloc(1, sizeof(*l));
    task_init(&l->task, times->run->loop, &times->task, &look_type, input->name);
    l->times = times;
    l->input = input;
    l->text = BUF_INIT((size_t)CONFIG_BYTES_MAX);
    l->tag = tag_for(times->run, times->source, input->name, true, &l->task);
    task_start(&l->task, &tag_step);
    return l;
}

static enum step_result has_none(struct look *l)
{
    l->input->created = TAG_CREATED_NONE;
    return task_end(&l->task);
}

static void data_came(struct bridge_end *end)
{
    task_wake(&container_of(end, struct look, end)->task);
}

static enum step_result read_config(struct look *l, const struct descriptor *config)
{
    struct store *source = l->times->source;
    if (!config->media_type || config->size > CONFIG_BYTES_MAX)
        return has_none(l);
    l->end.resume = data_came;
    l->bridge = bridge_new(&l->task, &config->digest, config->size);
    bridge_attach_target(l->bridge, &l->end);
    l->read = source->ops->read(source, config, 0, l->bridge, &l->task);
    return task_wait(&l->task, &read_step);
}

/* Of an index, the first image: what was built together is of one age. */
static const struct descriptor *first_image(const struct manifest *index)
{
    for (size_t i = 0; i < index->n_children; i++) {
        const struct descriptor *child = &index->children[i];
        if (!child->is_attestation && media_type_is_manifest(child->media_type))
            return child;
    }
    return NULL;
}

static enum step_result step_tag(struct task *task)
{
    struct look *l = look_of(task);
    const struct task *tag = tag_task(l->tag);
    if (!tag->done)
        return task_wait(task, &tag_step);
    if (tag->result)
        return task_fail(task, &tag->err);
    const struct manifest *m = tag_manifest(l->tag);
    if (m->kind == MANIFEST_IMAGE)
        return read_config(l, &m->config);
    const struct descriptor *child = first_image(m);
    if (!child)
        return has_none(l);
    const struct fetch_request request = {
        .source = l->times->source, .digest = &child->digest, .media_type = child->media_type};
    l->child = fetch_for(l->times->run, &request, task);
    return task_wait(task, &child_step);
}

static enum step_result step_child(struct task *task)
{
    struct look *l = look_of(task);
    const struct task *child = fetch_task(l->child);
    if (!child->done)
        return task_wait(task, &child_step);
    if (child->result)
        return task_fail(task, &child->err);
    return read_config(l, &fetch_manifest(l->child)->config);
}

static void read_time(struct look *l)
{
    json_t *config = json_loadb(l->text.data, l->text.len, 0, NULL);
    const char *text = json_string_value(json_object_get(config, "created"));
    bool is_known = text && created_parse(text, &l->input->created_ms);
    l->input->created = is_known ? TAG_CREATED_KNOWN : TAG_CREATED_NONE;
    json_decref(config);
}

static enum step_result step_read(struct task *task)
{
    struct look *l = look_of(task);
    struct error err = ERROR_INIT;
    char piece[4096];
    size_t len;
    enum bridge_pull pulled;
    while ((pulled = bridge_pull(l->bridge, piece, sizeof(piece), false, &len)) == BRIDGE_DATA)
        buf_add(&l->text, piece, len);
    if (pulled == BRIDGE_END) {
        read_time(l);
        return task_end(task);
    }
    if (bridge_proof(l->bridge) == BRIDGE_WRONG) {
        bridge_explain(l->bridge, &err);
        return task_fail(task, &err);
    }
    if (l->read->task.done && l->read->task.result)
        return task_fail(task, &l->read->task.err);
    return task_wait(task, &read_step);
}

/* ---- all of them ---- */

static struct created_times *times_of(struct task *task)
{
    return container_of(task, struct created_times, task);
}

static void times_release(struct task *task)
{
    struct created_times *times = times_of(task);
    for (size_t i = 0; i < times->looks.len; i++)
        task_free(&times->looks.items[i]->task);
    vec_done(&times->looks);
    free(times->inputs);
    free(times->wanted);
    task_done(task);
    free(times);
}

static const struct task_type times_type = {"created", times_release};

struct created_times *created_start(struct run *run, struct store *source, struct task *parent,
                                    const struct selection *selection, char *const *names,
                                    size_t n_names)
{
    struct created_times *times = xcalloc(1, sizeof(*times));
    struct map *places = map_new();
    task_init(&times->task, run->loop, parent, &times_type, source->name);
    times->run = run;
    times->source = source;
    times->n_inputs = n_names;
    times->inputs = xcalloc(n_names + 1, sizeof(*times->inputs));
    times->wanted = xcalloc(n_names + 1, sizeof(*times->wanted));
    for (size_t i = 0; i < n_names; i++) {
        times->inputs[i].name = names[i];
        map_put(places, names[i], &times->wanted[i]);
    }
    for (size_t i = 0; i < selection->n_tags; i++) {
        const struct selected_tag *tag = &selection->tags[i];
        bool *wanted = tag->needs_created && tag->tag ? map_get(places, tag->tag) : NULL;
        if (wanted)
            *wanted = true;
    }
    map_free(places, NULL);
    task_start(&times->task, &work_step);
    return times;
}

const struct task *created_task(const struct created_times *times)
{
    return &times->task;
}

const struct tag_input *created_inputs(const struct created_times *times)
{
    return times->inputs;
}

void created_free(struct created_times *times)
{
    if (times)
        task_free(&times->task);
}

/* Takes finished looks off; the failure of one is that of all. */
static const struct error *reap(struct created_times *times)
{
    for (size_t i = 0; i < times->looks.len;) {
        struct look *look = times->looks.items[i];
        if (look->task.done && look->task.result)
            return &look->task.err;
        if (!look->task.done) {
            i++;
            continue;
        }
        task_free(&look->task);
        vec_remove(&times->looks, i);
    }
    return NULL;
}

static enum step_result step_work(struct task *task)
{
    struct created_times *times = times_of(task);
    const struct error *failure = reap(times);
    if (failure)
        return task_fail(task, failure);
    for (; times->next < times->n_inputs && times->looks.len < LOOKS_AT_ONCE; times->next++) {
        if (times->wanted[times->next])
            vec_add(&times->looks, look_start(times, &times->inputs[times->next]));
    }
    return times->looks.len ? task_wait(task, &work_step) : task_end(task);
}
