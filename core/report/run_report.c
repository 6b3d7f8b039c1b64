/* SPDX-License-Identifier: Apache-2.0 */
#include "report/run_report.h"

#include "base/str.h"
#include "report/uuid.h"

#include <jansson.h>
#include <stdio.h>

void report_duration(int64_t ms, char *out, size_t size)
{
    int64_t s = ms / 1000;
    if (ms < 10000)
        snprintf(out, size, "%.1f s", (double)ms / 1000);
    else if (s < 60)
        snprintf(out, size, "%lld s", (long long)s);
    else if (s < 3600)
        snprintf(out, size, "%lld m %lld s", (long long)(s / 60), (long long)(s % 60));
    else
        snprintf(out, size, "%lld h %lld m", (long long)(s / 3600), (long long)(s % 3600 / 60));
}

static void print_counts(const struct report_item *item)
{
    const struct copy_stats *s = &item->stats;
    char bytes[16], time[32];
    str_bytes((uint64_t)(item->outcome == OUTCOME_PLANNED ? s->bytes_planned : s->bytes_copied),
              bytes, sizeof(bytes));
    report_duration(item->duration_ms, time, sizeof(time));
    if (item->outcome == OUTCOME_PLANNED) {
        printf("would be copied, %s to send, %lld blobs there already\n", bytes,
               (long long)s->blobs_present);
        return;
    }
    printf("copied, %s in %s (blobs: %lld sent, %lld mounted, %lld there already", bytes, time,
           (long long)s->blobs_copied, (long long)s->blobs_mounted, (long long)s->blobs_present);
    if (s->blobs_skipped)
        printf(", %lld foreign left out", (long long)s->blobs_skipped);
    printf(")\n  digest: %s\n", item->digest.text);
}

void report_print_text(const struct report_item *item)
{
    if (item->outcome != OUTCOME_COPIED && item->outcome != OUTCOME_PLANNED)
        return;
    printf("%s -> %s: ", item->source, item->target);
    print_counts(item);
}

/* ---- JSON ---- */

static json_t *failure_json(const struct report_item *item)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:I}", "status",
                          item->outcome == OUTCOME_INTERRUPTED ? "interrupted" : "failed", "kind",
                          error_class_name(item->err.class), "error", item->err.text, "retries",
                          (json_int_t)item->stats.retries);
    if (item->err.http_status)
        json_object_set_new(o, "status_code", json_integer(item->err.http_status));
    return o;
}

static json_t *status_json(const struct report_item *item)
{
    switch (item->outcome) {
    case OUTCOME_COPIED:
        return json_pack("{s:s}", "status", "synced");
    case OUTCOME_PRESENT:
        return json_pack("{s:s, s:s}", "status", "skipped", "reason", "digest_match");
    case OUTCOME_PLANNED:
        return json_pack("{s:s, s:I}", "status", "planned", "bytes",
                         (json_int_t)item->stats.bytes_planned);
    default:
        return failure_json(item);
    }
}

static json_t *duration_json(int64_t ms)
{
    return json_pack("{s:I, s:I}", "secs", (json_int_t)(ms / 1000), "nanos",
                     (json_int_t)(ms % 1000 * 1000000));
}

static json_t *item_json(const struct report_item *item)
{
    char id[UUID_TEXT];
    uuid_make(id);
    const struct copy_stats *s = &item->stats;
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:o, s:I, s:{s:I, s:I, s:I, s:I}, s:I, s:o}", "image_id", id,
                  "source", item->source, "target", item->target, "status", status_json(item),
                  "bytes_transferred", (json_int_t)s->bytes_copied, "blob_stats", "transferred",
                  (json_int_t)s->blobs_copied, "skipped", (json_int_t)s->blobs_present, "mounted",
                  (json_int_t)s->blobs_mounted, "foreign_left_out", (json_int_t)s->blobs_skipped,
                  "retries", (json_int_t)s->retries, "duration", duration_json(item->duration_ms));
    if (digest_is_set(&item->digest))
        json_object_set_new(o, "digest", json_string(item->digest.text));
    return o;
}

static json_t *stats_json(const struct report_item *items, size_t n)
{
    json_int_t synced = 0, skipped = 0, failed = 0, copied = 0, present = 0, mounted = 0, bytes = 0;
    for (size_t i = 0; i < n; i++) {
        synced += items[i].outcome == OUTCOME_COPIED;
        skipped += items[i].outcome == OUTCOME_PRESENT;
        failed += items[i].outcome == OUTCOME_FAILED || items[i].outcome == OUTCOME_INTERRUPTED;
        copied += items[i].stats.blobs_copied;
        present += items[i].stats.blobs_present;
        mounted += items[i].stats.blobs_mounted;
        bytes += items[i].stats.bytes_copied;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "images_synced", synced,
                     "images_skipped", skipped, "images_failed", failed, "blobs_transferred",
                     copied, "blobs_skipped", present, "blobs_mounted", mounted,
                     "bytes_transferred", bytes);
}

void report_print_json(const struct report_item *items, size_t n, int64_t duration_ms)
{
    char id[UUID_TEXT];
    json_t *images = json_array();
    uuid_make(id);
    for (size_t i = 0; i < n; i++)
        json_array_append_new(images, item_json(&items[i]));
    json_t *document = json_pack("{s:s, s:o, s:o, s:o}", "run_id", id, "images", images, "stats",
                                 stats_json(items, n), "duration", duration_json(duration_ms));
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}
