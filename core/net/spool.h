/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the slower targets of a bridge have not read yet and the ring can't hold: a stretch of the
 * blob in an unnamed file. It grows at its end and is let go at its beginning; what was let go
 * takes no room on the disk.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all spools of a run share. */
struct staging {
    const char *folder; /* for the files; NULL: there are none */
    int64_t limit;      /* of bytes in all of them; 0: there are none */
    size_t n_spools;
};

bool staging_is_on(const struct staging *staging); /* NULL is fine */

struct spool;
/* Begins at that offset of the blob. NULL: no file can be made. */
struct spool *spool_new(struct staging *staging, int64_t offset);
void spool_free(struct spool *spool); /* NULL is fine */

int64_t spool_from(const struct spool *spool);
int64_t spool_to(const struct spool *spool);
/* How many more bytes it may take now: the limit is shared equally by all spools there are, and
 * none gets less than 1 MiB. */
int64_t spool_room(const struct spool *spool);
/* Adds at the end. False: the disk won't have it. */
bool spool_put(struct spool *spool, const char *data, size_t len);
/* Bytes between from and to. False: the disk won't give them. */
bool spool_get(const struct spool *spool, int64_t offset, char *to, size_t len);
/* Nobody needs what lies before that offset. */
void spool_let_go(struct spool *spool, int64_t offset);
int64_t spool_disk_bytes(const struct spool *spool); /* what the file takes */
