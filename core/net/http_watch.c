/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stall detection: a transfer that moves less than 1 KiB/s for the whole time limit is given up.
 * libcurl's own limit counts an upload that we pause ourselves, so it is not used.
 */
#include "net/http_private.h"

#define STALL_MS_DEFAULT 60000
#define STALL_BYTES_PER_S 1024
#define LOOKS_PER_LIMIT 10

static int64_t limit_of(const struct http_exchange *x)
{
    return x->settings->stall_ms > 0 ? x->settings->stall_ms : STALL_MS_DEFAULT;
}

static int64_t period_of(const struct http_exchange *x)
{
    return limit_of(x) / LOOKS_PER_LIMIT + 1;
}

/* Until the request goes out, the connect limit of libcurl is in charge. */
static bool is_connected(const struct http_exchange *x)
{
    curl_off_t ready_us = 0;
    curl_easy_getinfo(x->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    return ready_us > 0;
}

static void look(struct timer *timer)
{
    struct http_exchange *x = container_of(timer, struct http_exchange, watch);
    int64_t period = period_of(x);
    bool enough = x->moved * 1000 >= STALL_BYTES_PER_S * period;
    if (enough || x->was_paused || !is_connected(x))
        x->slow_ms = 0;
    else
        x->slow_ms += period;
    x->moved = 0;
    x->was_paused = x->paused;
    if (x->slow_ms >= limit_of(x))
        http_abort(x, CURLE_OPERATION_TIMEDOUT);
    else
        timer_set(x->loop, timer, period);
}

void http_watch_start(struct http_exchange *x)
{
    x->watch.fire = look;
    timer_set(x->loop, &x->watch, period_of(x));
}
