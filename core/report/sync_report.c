/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sync_report.h"

#include "base/str.h"
#include "base/vec.h"
#include "report/run_report.h"
#include "report/uuid.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define CLASSES 32

struct kept_mapping {
    char *source, *error;
    const char *error_class;
    size_t n_listed, n_selected, n_filtered;
};

struct sync_report {
    struct sync_report_options options;
    struct copy_stats stats;
    size_t n_synced, n_unchanged, n_immutable, n_existing, n_planned, n_failed, n_interrupted;
    size_t n_mappings_failed;
    size_t failures[CLASSES]; /* by class */
    json_t *images;           /* items that changed or failed; NULL: not wanted */
    VEC(char *) unchanged;    /* "source\ttarget\treason", for the document */
    struct {
        struct kept_mapping *items;
        size_t len, alloc;
    } mappings;
};

struct sync_report *sync_report_new(const struct sync_report_options *options)
{
    struct sync_report *r = xcalloc(1, sizeof(*r));
    r->options = *options;
    if (options->json)
        r->images = json_array();
    return r;
}

void sync_report_free(struct sync_report *r)
{
    if (!r)
        return;
    json_decref(r->images);
    for (size_t i = 0; i < r->unchanged.len; i++)
        free(r->unchanged.items[i]);
    vec_done(&r->unchanged);
    for (size_t i = 0; i < r->mappings.len; i++) {
        free(r->mappings.items[i].source);
        free(r->mappings.items[i].error);
    }
    vec_done(&r->mappings);
    free(r);
}

/* ---- counting ---- */

static void count_failure(struct sync_report *r, const struct error *err)
{
    if (err && -err->class >= 0 && -err->class < CLASSES)
        r->failures[-err->class]++;
}

static void count(struct sync_report *r, const struct sync_result *result)
{
    switch (result->outcome) {
    case OUTCOME_COPIED:
        r->n_synced++;
        break;
    case OUTCOME_PLANNED:
        r->n_planned++;
        break;
    case OUTCOME_PRESENT:
        r->n_unchanged++;
        r->n_immutable += result->skip == SYNC_SKIP_IMMUTABLE;
        r->n_existing += result->skip == SYNC_SKIP_EXISTS;
        break;
    case OUTCOME_INTERRUPTED:
        r->n_interrupted++;
        break;
    default:
        r->n_failed++;
        count_failure(r, result->err);
        break;
    }
}

static void add_stats(struct copy_stats *to, const struct copy_stats *from)
{
    to->blobs_copied += from->blobs_copied;
    to->blobs_mounted += from->blobs_mounted;
    to->blobs_present += from->blobs_present;
    to->bytes_copied += from->bytes_copied;
    to->bytes_mounted += from->bytes_mounted;
    to->bytes_planned += from->bytes_planned;
    to->artifacts += from->artifacts;
    to->retries += from->retries;
}

int sync_report_n_failed(const struct sync_report *r)
{
    return (int)(r->n_failed + r->n_mappings_failed);
}

bool sync_report_any_failed_with(const struct sync_report *r, enum error_class class)
{
    return r->failures[-(int)class] > 0;
}

bool sync_report_only_failed_with(const struct sync_report *r, enum error_class class,
                                  enum error_class other)
{
    return r->failures[-(int)class] + r->failures[-(int)other] ==
           r->n_failed + r->n_mappings_failed;
}

bool sync_report_any_succeeded(const struct sync_report *r)
{
    return r->n_synced + r->n_unchanged + r->n_planned > 0;
}

/* ---- lines ---- */

static void print_result(const struct sync_result *result)
{
    const struct copy_stats *s = &result->stats;
    char bytes[16], time[32];
    bool is_plan = result->outcome == OUTCOME_PLANNED;
    str_bytes((uint64_t)(is_plan ? s->bytes_planned : s->bytes_copied), bytes, sizeof(bytes));
    report_duration(result->duration_ms, time, sizeof(time));
    printf("%s -> %s: ", result->source, result->target);
    if (is_plan) {
        printf("%s, %s to send\n", result->is_new ? "new" : "changed", bytes);
        return;
    }
    printf("%s, %s in %s (blobs: %lld sent, %lld mounted, %lld there already",
           result->is_new ? "new" : "updated", bytes, time, (long long)s->blobs_copied,
           (long long)s->blobs_mounted, (long long)s->blobs_present);
    if (s->artifacts)
        printf("; artifacts: %lld", (long long)s->artifacts);
    puts(")");
}

static void print_line(const struct sync_report *r, const struct sync_result *result)
{
    if (result->outcome == OUTCOME_COPIED || result->outcome == OUTCOME_PLANNED)
        print_result(result);
    else if (result->outcome == OUTCOME_PRESENT && r->options.dry_run)
        printf("%s -> %s: %s\n", result->source, result->target,
               result->skip == SYNC_SKIP_IMMUTABLE ? "immutable, not looked at" : "same");
}

/* ---- the document ---- */

static json_t *duration_json(int64_t ms)
{
    return json_pack("{s:I, s:I}", "secs", (json_int_t)(ms / 1000), "nanos",
                     (json_int_t)(ms % 1000 * 1000000));
}

static const char *skip_reason(const struct sync_result *result)
{
    return result->skip == SYNC_SKIP_IMMUTABLE ? "immutable_tag"
           : result->skip == SYNC_SKIP_EXISTS  ? "exists"
                                               : "digest_match";
}

static json_t *status_json(const struct sync_result *result)
{
    json_t *o;
    switch (result->outcome) {
    case OUTCOME_COPIED:
        return json_pack("{s:s}", "status", "synced");
    case OUTCOME_PLANNED:
        return json_pack("{s:s, s:s, s:I}", "status", "planned", "change",
                         result->is_new ? "new" : "changed", "bytes",
                         (json_int_t)result->stats.bytes_planned);
    case OUTCOME_PRESENT:
        return json_pack("{s:s, s:s}", "status", "skipped", "reason", skip_reason(result));
    default:
        o = json_pack("{s:s, s:s, s:s, s:s, s:I}", "status", outcome_name(result->outcome), "kind",
                      error_class_name(result->err->class), "stage", result->failed_at, "error",
                      result->err->text, "retries", (json_int_t)result->stats.retries);
        if (result->err->http_status)
            json_object_set_new(o, "status_code", json_integer(result->err->http_status));
        return o;
    }
}

static json_t *image_json(const struct sync_result *result)
{
    char id[UUID_TEXT];
    const struct copy_stats *s = &result->stats;
    uuid_make(id);
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:o, s:I, s:{s:I, s:I, s:I}, s:I, s:I, s:o}", "image_id", id,
                  "source", result->source, "target", result->target, "status", status_json(result),
                  "bytes_transferred", (json_int_t)s->bytes_copied, "blob_stats", "transferred",
                  (json_int_t)s->blobs_copied, "skipped", (json_int_t)s->blobs_present, "mounted",
                  (json_int_t)s->blobs_mounted, "artifacts", (json_int_t)s->artifacts, "retries",
                  (json_int_t)s->retries, "duration", duration_json(result->duration_ms));
    if (result->digest && digest_is_set(result->digest))
        json_object_set_new(o, "digest", json_string(result->digest->text));
    return o;
}

void sync_report_result(struct sync_report *r, const struct sync_result *result)
{
    count(r, result);
    add_stats(&r->stats, &result->stats);
    if (!r->options.quiet && !r->options.json)
        print_line(r, result);
    if (!r->options.json)
        return;
    if (result->outcome == OUTCOME_PRESENT)
        vec_add(&r->unchanged,
                xasprintf("%s\t%s\t%s", result->source, result->target, skip_reason(result)));
    else
        json_array_append_new(r->images, image_json(result));
}

static struct kept_mapping *mapping_at(struct sync_report *r, size_t place)
{
    while (r->mappings.len <= place)
        vec_add(&r->mappings, (struct kept_mapping){0});
    return &r->mappings.items[place];
}

void sync_report_mapping(struct sync_report *r, const struct sync_mapping_result *result)
{
    struct kept_mapping *m = mapping_at(r, result->mapping);
    m->source = xstrdup(result->source);
    m->n_listed = result->n_listed;
    m->n_selected = result->n_selected;
    if (!result->err)
        return;
    m->error = xstrdup(result->err->text);
    m->error_class = error_class_name(result->err->class);
    if (result->err->class == ERR_CANCELLED) {
        r->n_interrupted++;
        return;
    }
    r->n_mappings_failed++;
    count_failure(r, result->err);
}

void sync_report_filtered(struct sync_report *r, size_t mapping, const struct selected_tag *tag)
{
    mapping_at(r, mapping)->n_filtered++;
    if (r->options.quiet || r->options.json || !r->options.verbose)
        return;
    _cleanup_free_ char *why = select_why(tag);
    printf("%s: %s\n", tag->tag, why);
}

static json_t *unchanged_json(const char *line)
{
    char id[UUID_TEXT];
    const char *tab = strchr(line, '\t');
    const char *second = strchr(tab + 1, '\t');
    _cleanup_free_ char *source = xstrndup(line, (size_t)(tab - line));
    _cleanup_free_ char *target = xstrndup(tab + 1, (size_t)(second - tab - 1));
    uuid_make(id);
    return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:i, s:{s:i, s:i, s:i}, s:i, s:i, s:o}",
                     "image_id", id, "source", source, "target", target, "status", "status",
                     "skipped", "reason", second + 1, "bytes_transferred", 0, "blob_stats",
                     "transferred", 0, "skipped", 0, "mounted", 0, "artifacts", 0, "retries", 0,
                     "duration", duration_json(0));
}

static json_t *mapping_json(const struct kept_mapping *m)
{
    json_t *o = json_pack("{s:s, s:I, s:I, s:I}", "source", m->source ? m->source : "",
                          "tags_listed", (json_int_t)m->n_listed, "tags_selected",
                          (json_int_t)m->n_selected, "tags_filtered", (json_int_t)m->n_filtered);
    if (m->error)
        json_object_set_new(o, "failure",
                            json_pack("{s:s, s:s}", "kind", m->error_class, "error", m->error));
    return o;
}

static json_t *stats_json(const struct sync_report *r, int64_t request_retries)
{
    const struct copy_stats *s = &r->stats;
    const int64_t retries = s->retries + request_retries;
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                     "images_synced", (json_int_t)r->n_synced, "images_skipped",
                     (json_int_t)r->n_unchanged, "images_failed", (json_int_t)r->n_failed,
                     "images_planned", (json_int_t)r->n_planned, "images_interrupted",
                     (json_int_t)r->n_interrupted, "immutable_tag_skips",
                     (json_int_t)r->n_immutable, "blobs_transferred", (json_int_t)s->blobs_copied,
                     "blobs_skipped", (json_int_t)s->blobs_present, "blobs_mounted",
                     (json_int_t)s->blobs_mounted, "bytes_transferred", (json_int_t)s->bytes_copied,
                     "bytes_mounted", (json_int_t)s->bytes_mounted, "artifacts",
                     (json_int_t)s->artifacts, "retries", (json_int_t)retries);
}

static void print_json(struct sync_report *r, int64_t duration_ms, int64_t request_retries)
{
    char id[UUID_TEXT];
    json_t *mappings = json_array();
    uuid_make(id);
    for (size_t i = 0; i < r->unchanged.len; i++)
        json_array_append_new(r->images, unchanged_json(r->unchanged.items[i]));
    for (size_t i = 0; i < r->mappings.len; i++)
        json_array_append_new(mappings, mapping_json(&r->mappings.items[i]));
    json_t *document = json_pack("{s:s, s:O, s:o, s:o, s:o}", "run_id", id, "images", r->images,
                                 "mappings", mappings, "stats", stats_json(r, request_retries),
                                 "duration", duration_json(duration_ms));
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}

/* ---- the summary ---- */

static void print_count(const char **separator, size_t n, const char *what)
{
    if (!n)
        return;
    printf("%s%zu %s", *separator, n, what);
    *separator = ", ";
}

static void print_summary(const struct sync_report *r, int64_t duration_ms)
{
    char sent[16], mounted[16], time[32];
    const char *separator = "";
    str_bytes((uint64_t)(r->options.dry_run ? r->stats.bytes_planned : r->stats.bytes_copied), sent,
              sizeof(sent));
    str_bytes((uint64_t)r->stats.bytes_mounted, mounted, sizeof(mounted));
    report_duration(duration_ms, time, sizeof(time));
    print_count(&separator, r->n_synced, "copied");
    print_count(&separator, r->n_planned, "to copy");
    print_count(&separator, r->n_unchanged, "unchanged");
    print_count(&separator, r->n_failed + r->n_mappings_failed, "failed");
    print_count(&separator, r->n_interrupted, "interrupted");
    if (!*separator)
        fputs("nothing to do", stdout);
    printf("; %s %s", sent, r->options.dry_run ? "to send" : "sent");
    if (r->stats.bytes_mounted)
        printf(", %s mounted", mounted);
    printf("; %s\n", time);
}

void sync_report_print(struct sync_report *r, int64_t duration_ms, int64_t request_retries)
{
    if (r->options.json)
        print_json(r, duration_ms, request_retries);
    else if (!r->options.quiet)
        print_summary(r, duration_ms);
}
