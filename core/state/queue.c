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
#define QUEUED_BYTES_MAX ((size_t)8 * 1024 * 1024)

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
    database_bind_digest(statement, sqlite3_bind_parameter_index(statement, ":digest"),
                         &row->digest);
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
                  "INSERT INTO blob VALUES(" THIS_REPOSITORY ", :digest, :at, :vouched * :at)"
                  " ON CONFLICT DO UPDATE SET seen = :at, vouched = max(vouched, :vouched * :at)"},
    [ROW_FORGET] = {"DELETE FROM blob WHERE repository = " THIS_REPOSITORY,
                    "DELETE FROM looked WHERE repository = " THIS_REPOSITORY},
    [ROW_MANIFEST] = {"INSERT OR REPLACE INTO manifest VALUES(:digest, :media_type, :bytes, :at)"},
    [ROW_USED] = {"UPDATE manifest SET used = :at WHERE digest = :digest"},
    [ROW_CHECKED] = {ADD_REPOSITORY,
                     "INSERT OR REPLACE INTO looked VALUES(" THIS_REPOSITORY ", :digest, :at)"},
};

#define N_KINDS ARRAY_LEN(statements)

/* Prepared once for many rows: that costs more than to write one. */
struct prepared {
    sqlite3_stmt *of[N_KINDS][3];
};

static sqlite3_stmt *prepare(sqlite3 *db, struct prepared *prepared, enum row_kind kind, size_t i)
{
    sqlite3_stmt **statement = &prepared->of[kind][i];
    if (!*statement && statements[kind][i])
        sqlite3_prepare_v2(db, statements[kind][i], -1, statement, NULL);
    return *statement;
}

static void prepared_done(struct prepared *prepared)
{
    for (size_t kind = 0; kind < N_KINDS; kind++) {
        for (size_t i = 0; i < 3; i++)
            sqlite3_finalize(prepared->of[kind][i]);
    }
}

static void write_row(sqlite3 *db, struct prepared *prepared, const struct row *row)
{
    sqlite3_stmt *statement;
    for (size_t i = 0; i < 3 && (statement = prepare(db, prepared, row->kind, i)); i++) {
        bind_row(statement, row);
        sqlite3_step(statement);
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
    }
}

static void write_batch(sqlite3 *db, struct prepared *prepared, const struct row *rows, size_t n)
{
    if (!database_run(db, "BEGIN IMMEDIATE"))
        return;
    for (size_t i = 0; i < n; i++)
        write_row(db, prepared, &rows[i]);
    if (!database_run(db, "COMMIT"))
        database_run(db, "ROLLBACK");
}

/* In small transactions, however many rows there are: another run waits no longer than
 * STATE_BUSY_MS for its turn. */
static void write_rows(sqlite3 *db, const struct rows *rows)
{
    struct prepared prepared = {0};
    for (size_t i = 0; i < rows->len; i += BATCH_ROWS) {
        size_t left = rows->len - i;
        write_batch(db, &prepared, &rows->items[i], left < BATCH_ROWS ? left : BATCH_ROWS);
    }
    prepared_done(&prepared);
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
    state->queued_bytes = 0;
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

/* When the disk does not keep up. What turned out to be wrong is never lost. */
static bool is_too_much(const struct state *state, const struct row *row)
{
    return row->kind != ROW_FORGET &&
           (state->queued.len >= QUEUED_MAX || state->queued_bytes + row->len > QUEUED_BYTES_MAX);
}

void queue_add(struct state *state, struct row row)
{
    if (is_too_much(state, &row)) {
        row_done(&row);
        return;
    }
    state->queued_bytes += row.len;
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
