/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"
#include "base/clock.h"
#include "base/str.h"
#include "state/private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_BYTES_MAX ((int64_t)256 * 1024 * 1024)
#define KEEP_S ((int64_t)30 * 24 * 3600) /* rows that nobody asked for go after that */
#define USED_AGAIN_S 86400               /* how often use is noted */

/* ---- opening ---- */

char *state_choose_folder(const char *folder)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (folder)
        return xstrdup(folder);
    if (!str_empty(cache))
        return xasprintf("%s/ocync", cache);
    return str_empty(home) ? NULL : xasprintf("%s/.cache/ocync", home);
}

/* With its parents. */
static int make_folder(const char *folder)
{
    _cleanup_free_ char *path = xstrdup(folder);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* What is no database, or a broken one, makes way for a new one; the last such stays to be seen. */
static int open_anew(const char *path, sqlite3 **ret, char **ret_warning)
{
    _cleanup_free_ char *aside = xasprintf("%s.corrupt", path);
    if (rename(path, aside) < 0)
        return SQLITE_CORRUPT;
    for (size_t i = 0; i < 2; i++) {
        _cleanup_free_ char *companion = xasprintf("%s%s", path, i ? "-shm" : "-wal");
        unlink(companion);
    }
    *ret_warning = xasprintf("%s was damaged; it was put aside as %s, and everything is looked at "
                             "anew",
                             path, aside);
    return database_open(path, true, ret);
}

static char *cannot(const char *path, const char *why)
{
    return xasprintf("%s: %s; going on without what earlier runs remember", path, why);
}

static const char *reason(int code)
{
    return code == SQLITE_MISMATCH                          ? "written by a newer version"
           : code == SQLITE_BUSY || code == SQLITE_LOCKED   ? "locked by another process"
           : code == SQLITE_CANTOPEN || code == SQLITE_PERM ? strerror(errno ? errno : EACCES)
                                                            : sqlite3_errstr(code);
}

static bool open_database(struct state *s, char **ret_warning)
{
    _cleanup_free_ char *path = database_path(s->folder);
    errno = 0;
    int code = database_open(path, true, &s->writer);
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
        code = open_anew(path, &s->writer, ret_warning);
    if (code == SQLITE_OK)
        code = database_open(path, false, &s->reader);
    if (code == SQLITE_OK)
        return true;
    free(*ret_warning);
    *ret_warning = cannot(path, reason(code));
    return false;
}

static bool prepare(struct state *s)
{
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } queries[] = {
        {&s->find_blob, "SELECT seen, vouched FROM blob WHERE digest = ?2 AND repository ="
                        " (SELECT id FROM repository WHERE name = ?1)"},
        {&s->find_home, "SELECT name FROM blob JOIN repository ON id = repository"
                        " WHERE digest = ?2 AND name >= ?1 || '/' AND name < ?1 || '0'"
                        " ORDER BY vouched DESC, seen DESC"},
        {&s->find_manifest, "SELECT bytes, media_type, used FROM manifest WHERE digest = ?2"},
        {&s->find_check, "SELECT at FROM looked WHERE digest = ?2 AND repository ="
                         " (SELECT id FROM repository WHERE name = ?1)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        if (sqlite3_prepare_v2(s->reader, queries[i].sql, -1, queries[i].statement, NULL) !=
            SQLITE_OK)
            return false;
    }
    sqlite3_busy_timeout(s->reader, 0); /* the loop waits for nobody */
    return true;
}

static void state_free(struct state *s)
{
    queue_done(s);
    sqlite3_finalize(s->find_blob);
    sqlite3_finalize(s->find_home);
    sqlite3_finalize(s->find_manifest);
    sqlite3_finalize(s->find_check);
    sqlite3_close(s->reader);
    sqlite3_close(s->writer);
    map_free(s->forgotten, NULL);
    free(s->folder);
    free(s);
}

struct state *state_open(struct loop *loop, const struct state_options *options, char **ret_warning)
{
    char *folder = state_choose_folder(options->folder);
    if (!folder) {
        *ret_warning = xstrdup("no cache folder: neither cache_dir nor XDG_CACHE_HOME nor HOME is "
                               "set; going on without what earlier runs remember");
        return NULL;
    }
    struct state *s = xcalloc(1, sizeof(*s));
    s->loop = loop;
    s->options = *options;
    s->folder = folder;
    s->forgotten = map_new();
    queue_init(s);
    int made = make_folder(folder);
    if (made < 0)
        *ret_warning = cannot(folder, strerror(-made));
    else if (open_database(s, ret_warning) && prepare(s))
        return s;
    state_free(s);
    return NULL;
}

/* Old rows go, and with them the manifests over the limit, those first that were used least
 * lately. */
static void prune(struct state *s)
{
    int64_t keep = s->options.ttl_ms / 1000 > KEEP_S ? s->options.ttl_ms / 1000 : KEEP_S;
    int64_t limit = clock_wall_s() - keep;
    _cleanup_free_ char *blobs =
        s->options.ttl_ms ? xasprintf("DELETE FROM blob WHERE seen < %lld", (long long)limit)
                          : xstrdup("");
    _cleanup_free_ char *others = xasprintf("DELETE FROM looked WHERE at < %lld;"
                                            "DELETE FROM manifest WHERE used < %lld",
                                            (long long)limit, (long long)limit);
    database_run(s->writer, blobs);
    database_run(s->writer, others);
    if (database_number(s->writer, "SELECT sum(length(bytes)) FROM manifest") <= MANIFEST_BYTES_MAX)
        return;
    _cleanup_free_ char *over =
        xasprintf("DELETE FROM manifest WHERE digest IN (SELECT digest FROM (SELECT digest,"
                  " sum(length(bytes)) OVER (ORDER BY used DESC, digest) AS total FROM manifest)"
                  " WHERE total > %lld)",
                  (long long)MANIFEST_BYTES_MAX);
    database_run(s->writer, over);
}

void state_close(struct state *s)
{
    if (!s)
        return;
    queue_flush(s);
    prune(s);
    state_free(s);
}

const char *state_folder(const struct state *s)
{
    return s ? s->folder : NULL;
}

/* ---- asking ---- */

static char *full_name(const char *host, const char *repository)
{
    return xasprintf("%s/%s", host, repository);
}

/* Makes a query ready; false when it gives no row. */
static bool ask(sqlite3_stmt *statement, const char *name, const struct digest *digest)
{
    sqlite3_reset(statement);
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_TRANSIENT);
    database_bind_digest(statement, 2, digest);
    return sqlite3_step(statement) == SQLITE_ROW;
}

static bool is_fresh(const struct state *s, int64_t seen_s)
{
    int64_t age = clock_wall_s() - seen_s;
    return !s->options.ttl_ms || (age >= 0 && age * 1000 < s->options.ttl_ms);
}

enum state_blob state_blob(struct state *s, const char *host, const char *repository,
                           const struct digest *digest)
{
    if (!s)
        return STATE_UNKNOWN;
    _cleanup_free_ char *name = full_name(host, repository);
    enum state_blob known = STATE_UNKNOWN;
    if (map_get(s->forgotten, name))
        return known;
    if (ask(s->find_blob, name, digest)) {
        int64_t vouched_s = sqlite3_column_int64(s->find_blob, 1);
        bool proves = vouched_s && !s->options.distrust && is_fresh(s, vouched_s);
        known = proves ? STATE_VOUCHED : STATE_SEEN;
    }
    sqlite3_reset(s->find_blob);
    return known;
}

char *state_blob_home(struct state *s, const char *host, const struct digest *digest)
{
    char *home = NULL;
    if (!s)
        return NULL;
    for (bool more = ask(s->find_home, host, digest); more && !home;
         more = sqlite3_step(s->find_home) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(s->find_home, 0);
        if (!map_get(s->forgotten, name))
            home = xstrdup(name + strlen(host) + 1);
    }
    sqlite3_reset(s->find_home);
    return home;
}

int64_t state_checked(struct state *s, const char *host, const char *repository,
                      const struct digest *digest)
{
    if (!s)
        return -1;
    _cleanup_free_ char *name = full_name(host, repository);
    int64_t age_ms = -1;
    if (!map_get(s->forgotten, name) && ask(s->find_check, name, digest))
        age_ms = (clock_wall_s() - sqlite3_column_int64(s->find_check, 0)) * 1000;
    sqlite3_reset(s->find_check);
    return age_ms;
}

struct manifest *state_manifest(struct state *s, const struct digest *digest)
{
    struct manifest *manifest = NULL;
    if (!s)
        return NULL;
    if (ask(s->find_manifest, "", digest)) {
        const void *bytes = sqlite3_column_blob(s->find_manifest, 0);
        size_t len = (size_t)sqlite3_column_bytes(s->find_manifest, 0);
        const char *type = (const char *)sqlite3_column_text(s->find_manifest, 1);
        manifest_parse(bytes, len, type, digest, &manifest, NULL);
        if (manifest && clock_wall_s() - sqlite3_column_int64(s->find_manifest, 2) > USED_AGAIN_S)
            queue_add(s, (struct row){.kind = ROW_USED, .digest = *digest});
    }
    sqlite3_reset(s->find_manifest);
    return manifest;
}

/* ---- telling ---- */

void state_blob_seen(struct state *s, const char *host, const char *repository,
                     const struct digest *digest, bool vouched)
{
    if (s)
        queue_add(s, (struct row){.kind = ROW_BLOB,
                                  .repository = full_name(host, repository),
                                  .digest = *digest,
                                  .vouched = vouched});
}

void state_forget_repository(struct state *s, const char *host, const char *repository)
{
    static char marker;
    if (!s)
        return;
    char *name = full_name(host, repository);
    map_put(s->forgotten, name, &marker);
    queue_add(s, (struct row){.kind = ROW_FORGET, .repository = name});
}

void state_manifest_put(struct state *s, const struct manifest *m)
{
    if (s)
        queue_add(s, (struct row){.kind = ROW_MANIFEST,
                                  .digest = m->digest,
                                  .media_type = xstrdup(m->media_type),
                                  .bytes = xmemdup(m->bytes, m->len),
                                  .len = m->len});
}

void state_checked_put(struct state *s, const char *host, const char *repository,
                       const struct digest *digest)
{
    if (s)
        queue_add(s, (struct row){.kind = ROW_CHECKED,
                                  .repository = full_name(host, repository),
                                  .digest = *digest});
}
