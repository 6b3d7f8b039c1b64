/* SPDX-License-Identifier: Apache-2.0 */
/* --events FILE: one JSON object a line, as conf/events.schema.json says. */
#pragma once

#include "pipeline/event.h"

struct events_file;

/* Appends to the file. ERR_IO. */
int events_open(const char *path, struct events_file **ret, struct error *err);
struct event_sink *events_sink(struct events_file *events);
/* ERR_IO when something could not be written. NULL is fine. */
int events_close(struct events_file *events, struct error *err);
