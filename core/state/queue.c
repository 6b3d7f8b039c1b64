/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes on their way: gathered for a moment or until there are many, then written as one
 * transaction by the helper thread, so that the loop never waits for the disk. What can't be
 * written is lost, which costs requests in a later run and nothing else.
 */
#include "base/clock.h"
#include "state/private.h"

#include <stdlib.h>

#define BATCH_ROWS 500
#define BATCH_MS 200
#define QUEUED_MAX 50000

static void row_done(struct row *row)
{
    free(row->repository);
    free(row->media_type);
    free(row->bytes);
}

static void rows_done(struct rows *rows)
{
    for (size_t i = 0; i < rows->len; i++)
        row_done(&rows->items[i]);
    vec_done(rows);
}

/* ---- in the helper thread ---- */

static void bind_row(sqlite3_stmt *statement, const struct row *row)
{
    sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, ":repository"),
                      row->repository, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, ":digest"),
                      row->digest.text, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, sqlite3_bind_parameter_index(statement, ":at"), row->at_s);
    sqlite3_bind_int(statement, sqlite3_bind_parameter_index(statement, ":vouched"), row->vouched);
    sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, ":media_type"),
                      row->media_type, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(statement, sqlite3_bind_parameter_index(statement, ":bytes"), row->bytes,
                        row->len, SQLITE_STATIC);
}

#define THIS_REPOSITORY "(SELECT id FROM repository WHERE name = :repository)"
#define ADD_REPOSITORY "INSERT OR IGNORE INTO repository(name) VALUES(:repository)"

/* NULL-terminated, in this order. */
static const char *const statements[][3] = {
    [ROW_BLOB] = {ADD_REPOSITORY,
                  "INSERT INTO blob VALUES(" THIS_REPOSITORY ", :digest, :at, :vouched)"
                  " ON CONFLICT DO UPDATE SET seen = :at, vouched = max(vouched, :vouched)"},
    [ROW_FORGET] = {"DELETE FROM blob WHERE repository = " THIS_REPOSITORY,
                    "DELETE FROM looked WHERE repository = " THIS_REPOSITORY},
    [ROW_MANIFEST] = {"INSERT OR REPLACE INTO manifest VALUES(:digest, :media_type, :bytes, :at)"},
    [ROW_USED] = {"UPDATE manifest SET used = :at WHERE digest = :digest"},
    [ROW_CHECKED] = {ADD_REPOSITORY,
                     "INSERT OR REPLACE INTO looked VALUES(" THIS_REPOSITORY ", :digest, :at)"},
};

static void write_row(sqlite3 *db, const struct row *row)
{
    for (size_t i = 0; i < 3 && statements[row->kind][i]; i++) {
        sqlite3_stmt *statement = NULL;
        if (sqlite3_prepare_v2(db, statements[row->kind][i], -1, &statement, NULL) != SQLITE_OK)
            return;
        bind_row(statement, row);
        sqlite3_step(statement);
        sqlite3_finalize(statement);
    }
}

static void write_rows(sqlite3 *db, const struct rows *rows)
{
    if (!rows->len || !database_run(db, "BEGIN IMMEDIATE"))
        return;
    for (size_t i = 0; i < rows->len; i++)
        write_row(db, &rows->items[i]);
    if (!database_run(db, "COMMIT"))
        database_run(db, "ROLLBACK");
}

static void work(struct job *job)
{
    struct state *state = container_of(job, struct state, job);
    write_rows(state->writer, &state->batch);
    state->is_written = true;
}

/* ---- in the loop ---- */

static void start_batch(struct state *state)
{
    if (state->is_writing || !state->queued.len)
        return;
    state->batch = state->queued;
    state->queued = (struct rows){0};
    state->is_writing = true;
    state->is_written = false;
    timer_cancel(state->loop, &state->timer);
    job_submit(state->loop, &state->job);
}

static void written(struct job *job)
{
    struct state *state = container_of(job, struct state, job);
    rows_done(&state->batch);
    state->is_writing = false;
    if (state->queued.len >= BATCH_ROWS)
        start_batch(state);
    else if (state->queued.len)
        timer_set(state->loop, &state->timer, BATCH_MS);
}

static void time_to_write(struct timer *timer)
{
    start_batch(container_of(timer, struct state, timer));
}

void queue_init(struct state *state)
{
    state->job = (struct job){.work = work, .done = written};
    state->timer.fire = time_to_write;
}

void queue_add(struct state *state, struct row row)
{
    if (state->queued.len >= QUEUED_MAX) {
        row_done(&row); /* the disk does not keep up */
        return;
    }
    row.at_s = clock_wall_s();
    vec_add(&state->queued, row);
    if (state->is_writing)
        return;
    if (state->queued.len >= BATCH_ROWS)
        start_batch(state);
    else if (state->queued.len == 1)
        timer_set(state->loop, &state->timer, BATCH_MS);
}

void queue_flush(struct state *state)
{
    timer_cancel(state->loop, &state->timer);
    if (state->is_writing)
        job_cancel(state->loop, &state->job);
    if (state->is_writing && !state->is_written)
        write_rows(state->writer, &state->batch); /* it had not begun */
    rows_done(&state->batch);
    state->is_writing = false;
    write_rows(state->writer, &state->queued);
    rows_done(&state->queued);
}

void queue_done(struct state *state)
{
    rows_done(&state->batch);
    rows_done(&state->queued);
}
