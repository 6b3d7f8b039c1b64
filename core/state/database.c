/* SPDX-License-Identifier: Apache-2.0 */
/* The file: where it is, its tables, how it is opened. */
#include "base/clock.h"
#include "state/private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

/* Digests are their bytes, not their text: that halves a row. `vouched` is when a manifest last
 * did so, 0 for never: having been seen later renews no proof. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS repository(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);"
    "CREATE TABLE IF NOT EXISTS blob(repository INTEGER NOT NULL, digest BLOB NOT NULL,"
    " seen INTEGER NOT NULL, vouched INTEGER NOT NULL, PRIMARY KEY(repository, digest))"
    " WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS blob_by_digest ON blob(digest, seen);"
    "CREATE TABLE IF NOT EXISTS manifest(digest BLOB PRIMARY KEY, media_type TEXT NOT NULL,"
    " bytes BLOB NOT NULL, used INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS looked(repository INTEGER NOT NULL, digest BLOB NOT NULL,"
    " at INTEGER NOT NULL, PRIMARY KEY(repository, digest)) WITHOUT ROWID;"
    "PRAGMA user_version=1;";

static int nibble(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

void database_bind_digest(sqlite3_stmt *statement, int place, const struct digest *digest)
{
    unsigned char raw[DIGEST_TEXT_MAX / 2];
    const char *hex = digest_is_set(digest) ? digest_hex(digest) : "";
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++)
        raw[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    sqlite3_bind_blob(statement, place, raw, (int)len, SQLITE_TRANSIENT);
}

bool database_run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

int64_t database_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

char *database_path(const char *folder)
{
    return xasprintf("%s/state.db", folder);
}

/* A write-ahead log needs shared memory, which network file systems do not give. Numbers from
 * linux/magic.h and the file systems' own headers. */
static bool is_on_network(const char *path)
{
    static const long network[] = {0x6969, 0x517B, 0xFF534D42, 0xFE534D42, 0x01021997, 0x65735546};
    struct statfs fs;
    if (statfs(path, &fs) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(network); i++) {
        if ((long)fs.f_type == network[i])
            return true;
    }
    return false;
}

const char *database_journal(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    const char *name = "delete";
    if (sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW &&
        strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0)
        name = "wal";
    sqlite3_finalize(statement);
    return name;
}

/* Fewer pages in memory than the default, and waits as long as is asked of us. */
static int configure(sqlite3 *db, const char *path)
{
    sqlite3_busy_timeout(db, STATE_BUSY_MS);
    if (!database_run(db, "PRAGMA cache_size=-1024; PRAGMA synchronous=NORMAL"))
        return sqlite3_errcode(db);
    const char *journal =
        is_on_network(path) ? "PRAGMA journal_mode=DELETE" : "PRAGMA journal_mode=WAL";
    return database_run(db, journal) ? SQLITE_OK : sqlite3_errcode(db);
}

static int make_tables(sqlite3 *db)
{
    int64_t version = database_number(db, "PRAGMA user_version");
    if (version == STATE_VERSION)
        return SQLITE_OK;
    if (version != 0)
        return SQLITE_MISMATCH; /* of a newer program: leave it alone */
    return database_run(db, schema) ? SQLITE_OK : sqlite3_errcode(db);
}

static int try_open(const char *path, bool create, sqlite3 **ret)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    mode_t mask = umask(077);
    int code = sqlite3_open_v2(path, &db, flags, NULL);
    if (code == SQLITE_OK)
        code = configure(db, path);
    if (code == SQLITE_OK)
        code = make_tables(db);
    umask(mask);
    if (code == SQLITE_OK) {
        *ret = db;
        return code;
    }
    sqlite3_close(db);
    return code;
}

/* Two processes that turn a new file to a write-ahead log at once: SQLite refuses one of them
 * without waiting, whatever its time limit. */
int database_open(const char *path, bool create, sqlite3 **ret)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    int64_t until = clock_ms() + STATE_BUSY_MS;
    int code;
    while ((code = try_open(path, create, ret)) == SQLITE_BUSY && clock_ms() < until)
        nanosleep(&pause, NULL);
    return code;
}
