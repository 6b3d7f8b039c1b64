/* SPDX-License-Identifier: Apache-2.0 */
/* The wire log: one line of JSON for every request, in the order in which they ended. */
#ifndef REGISTRY_WIRELOG_H
#define REGISTRY_WIRELOG_H

#include <jansson.h>

#include "buf.h"

struct wirelog {
    struct buf lines;
    int fd; /* -1 without --log */
};

/* `file` may be NULL. */
void wirelog_init(struct wirelog *log, const char *file);
void wirelog_done(struct wirelog *log);
/* Forgets the lines in memory; the file keeps them. */
void wirelog_clear(struct wirelog *log);
/* Steals `entry`. */
void wirelog_add(struct wirelog *log, json_t *entry);

#endif
