/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bars are drawn anew a few times a second, each time for the width that the terminal has
 * then; a log line takes them away first. Speed is a moving average over some seconds.
 */
#include "report/progress.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "report/run_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_MS 200
#define HEARTBEAT_MS 10000
#define BARS_MAX 8
#define WIDTH_DEFAULT 80
#define ROWS_DEFAULT 24

struct bar {
    struct digest digest;
    int64_t size, bytes;
    bool active;
};

struct progress {
    struct event_sink sink;
    struct loop *loop;
    enum progress_mode mode;
    struct timer timer;
    struct map *bars;    /* digest -> struct bar */
    int64_t total, done; /* bytes of blobs that are or were in transfer */
    int blobs, blobs_done;
    double rate; /* bytes a second */
    int64_t rate_at_ms, rate_bytes;
    int lines;                /* on the screen now */
    int widths[BARS_MAX + 1]; /* of each */
};

static struct progress *shown; /* for the log's hooks, which have no argument */

static struct winsize terminal(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col || !size.ws_row)
        size = (struct winsize){.ws_col = WIDTH_DEFAULT, .ws_row = ROWS_DEFAULT};
    return size;
}

/* A terminal that became narrower has wrapped our lines: count the rows that they take now. */
static void wipe(void)
{
    int rows = 0, columns = terminal().ws_col;
    if (!shown || !shown->lines)
        return;
    for (int i = 0; i < shown->lines; i++)
        rows += shown->widths[i] > columns ? (shown->widths[i] + columns - 1) / columns : 1;
    fprintf(stderr, "\033[%dA\033[J", rows);
    shown->lines = 0;
}

static int64_t bytes_now(const struct progress *p)
{
    int64_t sum = p->done;
    size_t pos = 0;
    void *value;
    while (map_next(p->bars, &pos, &value)) {
        const struct bar *bar = value;
        sum += bar->active ? bar->bytes : 0;
    }
    return sum;
}

static void measure(struct progress *p)
{
    int64_t now = clock_ms(), bytes = bytes_now(p), span = now - p->rate_at_ms;
    if (span < DRAW_MS / 2)
        return;
    double latest = (double)(bytes - p->rate_bytes) * 1000 / (double)span;
    double weight = (double)span / 3000;
    if (weight > 1 || p->rate == 0)
        weight = 1;
    p->rate = (1 - weight) * p->rate + weight * latest;
    p->rate_at_ms = now;
    p->rate_bytes = bytes;
}

/* "12.3 MB of 45.6 MB, 3 of 7 blobs, 8.9 MB/s, 4 s left" */
static void summarize(const struct progress *p, char *out, size_t size)
{
    char have[16], all[16], speed[16], left[32] = "";
    int64_t bytes = bytes_now(p);
    str_bytes((uint64_t)bytes, have, sizeof(have));
    str_bytes((uint64_t)p->total, all, sizeof(all));
    str_bytes((uint64_t)(p->rate > 0 ? p->rate : 0), speed, sizeof(speed));
    if (p->rate > 1 && p->total > bytes)
        report_duration((int64_t)((double)(p->total - bytes) * 1000 / p->rate), left, sizeof(left));
    snprintf(out, size, "%s of %s, %d of %d blobs, %s/s%s%s%s", have, all, p->blobs_done, p->blobs,
             speed, *left ? ", " : "", left, *left ? " left" : "");
}

static void draw_bar(const struct bar *bar, int width)
{
    char name[24], size[16];
    int cells = width - 36;
    digest_short(&bar->digest, name, sizeof(name));
    str_bytes((uint64_t)bar->size, size, sizeof(size));
    int full = bar->size && cells > 0 ? (int)((int64_t)cells * bar->bytes / bar->size) : 0;
    fprintf(stderr, "%-20.20s ", name);
    if (cells > 0) {
        fputc('[', stderr);
        for (int i = 0; i < cells; i++)
            fputc(i < full ? '=' : ' ', stderr);
        fputc(']', stderr);
    }
    fprintf(stderr, " %9s\n", size);
}

static void draw(struct progress *p)
{
    char text[160];
    const struct winsize size = terminal();
    int width = size.ws_col, bars = size.ws_row > 3 ? size.ws_row - 2 : 0;
    size_t pos = 0;
    void *value;
    wipe();
    while (width > 36 && p->lines < BARS_MAX && p->lines < bars &&
           map_next(p->bars, &pos, &value)) {
        const struct bar *bar = value;
        if (!bar->active)
            continue;
        draw_bar(bar, width - 1);
        p->widths[p->lines++] = width - 1;
    }
    summarize(p, text, sizeof(text));
    int len = fprintf(stderr, "%.*s\n", width - 1, text) - 1;
    p->widths[p->lines++] = len;
    fflush(stderr);
}

static void tick(struct timer *timer)
{
    struct progress *p = container_of(timer, struct progress, timer);
    measure(p);
    if (p->blobs) {
        if (p->mode == PROGRESS_LIVE) {
            draw(p);
        } else {
            char text[160];
            summarize(p, text, sizeof(text));
            log_info("%s", text);
        }
    }
    timer_set(p->loop, timer, p->mode == PROGRESS_LIVE ? DRAW_MS : HEARTBEAT_MS);
}

/* ---- events ---- */

static struct bar *bar_of(struct progress *p, const struct event *event)
{
    struct bar *bar = map_get(p->bars, event->digest->text);
    if (!bar) {
        bar = xcalloc(1, sizeof(*bar));
        bar->digest = *event->digest;
        map_put(p->bars, event->digest->text, bar);
    }
    return bar;
}

static void blob_planned(struct progress *p, const struct event *event)
{
    p->total += event->size;
    p->blobs++;
}

static void blob_started(struct progress *p, const struct event *event)
{
    struct bar *bar = bar_of(p, event);
    bar->size = event->size;
    bar->active = true;
}

/* What was there or was mounted cost nothing and should not look fast. */
static void blob_ended(struct progress *p, const struct event *event)
{
    p->blobs_done++;
    if (event->outcome == OUTCOME_COPIED)
        p->done += event->size;
    else
        p->total -= event->size;
    free(map_remove(p->bars, event->digest->text));
}

static void emit(struct event_sink *sink, const struct event *event)
{
    struct progress *p = container_of(sink, struct progress, sink);
    if (event->kind == EVENT_BLOB_PLAN)
        blob_planned(p, event);
    else if (event->kind == EVENT_BLOB_START)
        blob_started(p, event);
    else if (event->kind == EVENT_BLOB_BYTES)
        bar_of(p, event)->bytes = event->bytes;
    else if (event->kind == EVENT_BLOB_END)
        blob_ended(p, event);
}

struct progress *progress_new(struct loop *loop, enum progress_mode mode)
{
    if (mode == PROGRESS_OFF)
        return NULL;
    struct progress *p = xcalloc(1, sizeof(*p));
    p->sink.emit = emit;
    p->loop = loop;
    p->mode = mode;
    p->bars = map_new();
    p->rate_at_ms = clock_ms();
    p->timer.fire = tick;
    timer_set(loop, &p->timer, mode == PROGRESS_LIVE ? DRAW_MS : HEARTBEAT_MS);
    shown = p;
    log_set_hooks(wipe, NULL);
    return p;
}

struct event_sink *progress_sink(struct progress *progress)
{
    return progress ? &progress->sink : NULL;
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    wipe();
    fflush(stderr);
    log_set_hooks(NULL, NULL);
    shown = NULL;
    timer_cancel(p->loop, &p->timer);
    map_free(p->bars, free);
    free(p);
}
