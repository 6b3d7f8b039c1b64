/* SPDX-License-Identifier: Apache-2.0 */
/* A budget of manifest GETs in a window of time, counted and announced as Docker Hub does. */
#ifndef REGISTRY_LIMITS_H
#define REGISTRY_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "reply.h"
#include "switches.h"

struct limits {
    uint64_t window_start; /* monotonic ms */
    int64_t used;
};

void limits_reset(struct limits *limits);
/* True if the switch is on and nothing is left. */
bool limits_exhausted(struct limits *limits, const struct switches *switches);
void limits_count(struct limits *limits);
/* Adds ratelimit-limit and ratelimit-remaining if the switch is on. */
void limits_announce(struct limits *limits, const struct switches *switches, struct reply *reply);

#endif
