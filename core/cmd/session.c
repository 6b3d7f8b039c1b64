/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "report/run_report.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- events ---- */

static void log_event(struct event_sink *sink, const struct event *event)
{
    char pause[32];
    (void)sink;
    if (event->kind == EVENT_WARNING) {
        log_warn("%s", event->text);
    } else if (event->kind == EVENT_RETRY) {
        report_duration(event->delay_ms, pause, sizeof(pause));
        log_warn("%s; trying again in %s", event->text, pause);
    }
}

void session_emit(struct session *s, const struct event *event)
{
    s->sinks.sink.emit(&s->sinks.sink, event);
}

static void on_retry(void *arg, const char *sentence, int64_t delay_ms)
{
    struct session *s = arg;
    s->request_retries++;
    session_emit(s, &(struct event){.kind = EVENT_RETRY, .text = sentence, .delay_ms = delay_ms});
}

static void on_warning(void *arg, const char *sentence)
{
    session_emit(arg, &(struct event){.kind = EVENT_WARNING, .text = sentence});
}

struct registry_hooks session_hooks(struct session *s)
{
    return (struct registry_hooks){.retrying = on_retry, .warning = on_warning, .arg = s};
}

static enum progress_mode progress_mode(const struct session *s)
{
    if (s->ctx.globals->quiet || s->quiet)
        return PROGRESS_OFF;
    bool live = isatty(STDERR_FILENO) && !str_eq(getenv("TERM"), "dumb") &&
                !str_eq(s->ctx.globals->log_format, "json");
    return live ? PROGRESS_LIVE : PROGRESS_LINES;
}

int session_open(struct session *s, struct error *err)
{
    const char *path = s->ctx.globals->events;
    sinks_init(&s->sinks);
    s->log_sink.emit = log_event;
    sinks_add(&s->sinks, &s->log_sink);
    if (path && events_open(path, &s->events, err) < 0)
        return err->class;
    sinks_add(&s->sinks, events_sink(s->events));
    s->progress = progress_new(s->ctx.loop, progress_mode(s));
    sinks_add(&s->sinks, progress_sink(s->progress));
    return 0;
}

/* ---- signals ---- */

static void drain_over(struct timer *timer)
{
    container_of(timer, struct session, drain)->stop = true;
}

static void on_signal(void *arg, int number)
{
    struct session *s = arg;
    if (s->signal) {
        s->stop = true;
        return;
    }
    char limit[32];
    s->signal = number;
    report_duration(s->drain_ms, limit, sizeof(limit));
    log_warn("interrupted: nothing new is started, running transfers may finish within %s "
             "(once more: stop at once)",
             limit);
    run_drain(s->run);
    if (s->draining)
        s->draining(s->arg);
    s->stop = !run_has_transfers(s->run); /* nothing else is worth waiting for */
    timer_set(s->ctx.loop, &s->drain, s->drain_ms);
}

static bool is_over(void *arg)
{
    const struct session *s = arg;
    return s->stop || s->work->done;
}

void session_run(struct session *s, struct run *run, const struct task *work)
{
    s->run = run;
    s->work = work;
    s->drain.fire = drain_over;
    s->signals = signals_new(s->ctx.loop, on_signal, s);
    loop_run(s->ctx.loop, is_over, s);
    timer_cancel(s->ctx.loop, &s->drain);
    signals_free(s->signals);
}

/* ---- the end ---- */

void session_end_progress(struct session *s)
{
    progress_free(take_ptr(&s->progress));
}

int session_close(struct session *s, int code)
{
    struct error err = ERROR_INIT;
    session_end_progress(s);
    if (events_close(s->events, &err) < 0 && code == EXIT_OK)
        code = command_fail(&err);
    context_done(&s->ctx);
    return code;
}
