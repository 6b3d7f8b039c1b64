/* SPDX-License-Identifier: Apache-2.0 */
#include "report/sinks.h"

#include <assert.h>

static void emit(struct event_sink *sink, const struct event *event)
{
    const struct sinks *s = container_of(sink, struct sinks, sink);
    for (int i = 0; i < s->n; i++)
        s->list[i]->emit(s->list[i], event);
}

void sinks_init(struct sinks *sinks)
{
    *sinks = (struct sinks){.sink = {.emit = emit}};
}

void sinks_add(struct sinks *sinks, struct event_sink *sink)
{
    if (!sink)
        return;
    assert(sinks->n < SINKS_MAX);
    sinks->list[sinks->n++] = sink;
}
