/* SPDX-License-Identifier: Apache-2.0 */
/* A budget of manifest GETs in a window of time. */
#include "limits.h"

#include <inttypes.h>

#include "util.h"

void limits_reset(struct limits *limits)
{
    *limits = (struct limits){0};
}

static int64_t remaining(struct limits *limits, const struct switches *switches)
{
    uint64_t now = monotonic_ms();

    if (limits->used == 0 || now - limits->window_start >= (uint64_t)switches->rate_window_ms) {
        limits->window_start = now;
        limits->used = 0;
    }
    int64_t left = switches->rate_limit - limits->used;
    return left > 0 ? left : 0;
}

bool limits_exhausted(struct limits *limits, const struct switches *switches)
{
    return switches->rate_limit > 0 && remaining(limits, switches) == 0;
}

void limits_count(struct limits *limits)
{
    limits->used++;
}

void limits_announce(struct limits *limits, const struct switches *switches, struct reply *reply)
{
    int64_t seconds = (switches->rate_window_ms + 999) / 1000;

    if (switches->rate_limit <= 0)
        return;
    reply_add(reply, "ratelimit-limit", "%" PRId64 ";w=%" PRId64, switches->rate_limit, seconds);
    reply_add(reply, "ratelimit-remaining", "%" PRId64 ";w=%" PRId64, remaining(limits, switches),
              seconds);
    reply_add(reply, "docker-ratelimit-source", "192.0.2.1");
}
