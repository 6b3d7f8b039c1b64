/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to say about the state, and how to be rid of it. */
#include "state/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int open_existing(const char *folder, char **ret_path, sqlite3 **ret, struct error *err)
{
    _cleanup_free_ char *chosen = state_choose_folder(folder);
    struct stat st;
    if (!chosen)
        return error_set(err, ERR_CONFIG,
                         "no cache folder: neither cache_dir nor XDG_CACHE_HOME nor HOME is set");
    _cleanup_free_ char *path = database_path(chosen);
    if (stat(path, &st) < 0)
        return error_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path,
                         strerror(errno));
    int code = database_open(path, false, ret);
    if (code != SQLITE_OK)
        return error_set(err, ERR_IO, "%s: %s", path, sqlite3_errstr(code));
    *ret_path = take_ptr(&path);
    return 0;
}

static int64_t disk_bytes(const char *path)
{
    int64_t total = 0;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        _cleanup_free_ char *name = xasprintf("%s%s", path, suffixes[i]);
        struct stat st;
        if (stat(name, &st) == 0)
            total += st.st_size;
    }
    return total;
}

int state_stats(const char *folder, struct state_stats *ret, struct error *err)
{
    sqlite3 *db;
    char *path;
    int result = open_existing(folder, &path, &db, err);
    if (result < 0)
        return result;
    *ret = (struct state_stats){
        .path = path,
        .journal = database_journal(db),
        .file_bytes = disk_bytes(path),
        .manifest_bytes = database_number(db, "SELECT sum(length(bytes)) FROM manifest"),
        .n_repositories = database_number(db, "SELECT count(*) FROM repository"),
        .n_blobs = database_number(db, "SELECT count(*) FROM blob"),
        .n_vouched = database_number(db, "SELECT count(*) FROM blob WHERE vouched"),
        .n_manifests = database_number(db, "SELECT count(*) FROM manifest"),
        .n_checks = database_number(db, "SELECT count(*) FROM looked"),
    };
    sqlite3_close(db);
    return 0;
}

void state_stats_done(struct state_stats *stats)
{
    free(stats->path);
}

/* Rows go, the file stays: another run may have it open. */
int state_clear(const char *folder, int64_t *ret_freed, struct error *err)
{
    sqlite3 *db;
    char *path;
    int result = open_existing(folder, &path, &db, err);
    if (result < 0)
        return result;
    int64_t before = disk_bytes(path);
    bool is_empty = database_run(db, "BEGIN IMMEDIATE; DELETE FROM blob; DELETE FROM looked;"
                                     " DELETE FROM manifest; DELETE FROM repository; COMMIT");
    if (!is_empty)
        result = error_set(err, ERR_IO, "%s: %s", path, sqlite3_errmsg(db));
    else
        database_run(db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(db);
    if (result == 0)
        *ret_freed = before - disk_bytes(path);
    free(path);
    return result;
}
