/* SPDX-License-Identifier: Apache-2.0 */
/* Several consumers of the same events. */
#pragma once

#include "pipeline/event.h"

#define SINKS_MAX 8

struct sinks {
    struct event_sink sink; /* hand this to the pipeline */
    struct event_sink *list[SINKS_MAX];
    int n;
};

void sinks_init(struct sinks *sinks);
void sinks_add(struct sinks *sinks, struct event_sink *sink); /* NULL is ignored */
