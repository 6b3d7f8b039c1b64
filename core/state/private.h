/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the state share. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "net/job.h"
#include "state/state.h"

#include <sqlite3.h>

#define STATE_VERSION 1
#define STATE_BUSY_MS 1000

/* ---- database.c ---- */

/* Opens and, if needed, makes the tables. A sqlite code; *ret is NULL on failure. */
int database_open(const char *path, bool create, sqlite3 **ret);
char *database_path(const char *folder);
/* Its 32 or 64 bytes. */
void database_bind_digest(sqlite3_stmt *statement, int place, const struct digest *digest);
bool database_run(sqlite3 *db, const char *sql);
/* The single number that a query gives; 0 when it gives none. */
int64_t database_number(sqlite3 *db, const char *sql);
const char *database_journal(sqlite3 *db);

/* ---- queue.c: writes on their way ---- */

enum row_kind { ROW_BLOB, ROW_FORGET, ROW_MANIFEST, ROW_USED, ROW_CHECKED };

struct row {
    enum row_kind kind;
    char *repository; /* HOST/NAME */
    struct digest digest;
    bool vouched;
    char *media_type, *bytes;
    size_t len;
    int64_t at_s;
};

struct rows {
    struct row *items;
    size_t len, alloc;
};

struct state {
    struct loop *loop;
    struct state_options options;
    char *folder;
    sqlite3 *reader, *writer; /* the writer belongs to the job while that runs */
    sqlite3_stmt *find_blob, *find_home, *find_manifest, *find_check;
    struct map *forgotten; /* HOST/NAME; values: a marker */
    struct rows queued;
    size_t queued_bytes; /* of manifests */
    struct rows batch;   /* in the job */
    struct job job;
    bool is_writing;
    bool is_written; /* the batch; set by the job */
    struct timer timer;
};

void queue_init(struct state *state);
void queue_add(struct state *state, struct row row); /* strings are given away */
/* Writes everything, here and now. */
void queue_flush(struct state *state);
void queue_done(struct state *state);
