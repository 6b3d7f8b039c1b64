/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

static char folder[] = "/tmp/ocync-state-XXXXXX";
static char *path, *warning;
static struct loop *loop;

static struct digest digest_of(const char *text)
{
    struct digest digest;
    digest_compute(DIGEST_SHA256, text, strlen(text), &digest);
    return digest;
}

static struct state *open_with(struct state_options options)
{
    options.folder = folder;
    free(warning);
    warning = NULL;
    return state_open(loop, &options, &warning);
}

static struct state *open_state(void)
{
    return open_with((struct state_options){.ttl_ms = 3600000});
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    loop = loop_new(NULL);
    if (!mkdtemp(folder))
        return -1;
    path = xasprintf("%s/state.db", folder);
    return loop ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    _cleanup_free_ char *command = xasprintf("rm -rf %s", folder);
    free(path);
    free(warning);
    warning = NULL;
    loop_free(loop);
    return system(command);
}

static void nothing_is_known_without_one(void **state)
{
    (void)state;
    struct digest d = digest_of("a");
    assert_int_equal(state_blob(NULL, "h", "r", &d), STATE_UNKNOWN);
    assert_null(state_blob_home(NULL, "h", &d));
    assert_null(state_manifest(NULL, &d));
    assert_int_equal(state_checked(NULL, "h", "r", &d), -1);
    state_blob_seen(NULL, "h", "r", &d, true);
    state_close(NULL);
}

static void blobs_are_remembered(void **state)
{
    (void)state;
    struct digest seen = digest_of("seen"), vouched = digest_of("vouched");
    struct state *s = open_state();
    assert_non_null(s);
    assert_null(warning);
    state_blob_seen(s, "host", "a/b", &seen, false);
    state_blob_seen(s, "host", "a/b", &vouched, true);
    state_blob_seen(s, "host", "a/b", &vouched, false); /* takes nothing back */
    state_blob_seen(s, "host2", "c", &seen, true);
    state_close(s);
    s = open_state();
    assert_int_equal(state_blob(s, "host", "a/b", &seen), STATE_SEEN);
    assert_int_equal(state_blob(s, "host", "a/b", &vouched), STATE_VOUCHED);
    assert_int_equal(state_blob(s, "host", "a", &vouched), STATE_UNKNOWN);
    assert_int_equal(state_blob(s, "hos", "t/a/b", &vouched), STATE_UNKNOWN);
    _cleanup_free_ char *home = state_blob_home(s, "host", &vouched);
    assert_string_equal(home, "a/b");
    assert_null(state_blob_home(s, "hos", &vouched));
    assert_null(state_blob_home(s, "host", &(struct digest){.text = "sha256:none"}));
    state_close(s);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 077, 0);
}

static void what_is_old_or_distrusted_proves_nothing(void **state)
{
    (void)state;
    struct digest d = digest_of("d");
    struct state *s = open_state();
    state_blob_seen(s, "host", "r", &d, true);
    state_close(s);
    s = open_with((struct state_options){.ttl_ms = 3600000, .distrust = true});
    assert_int_equal(state_blob(s, "host", "r", &d), STATE_SEEN);
    state_close(s);
    run_sql("UPDATE blob SET seen = seen - 7200, vouched = vouched - 7200");
    s = open_state();
    assert_int_equal(state_blob(s, "host", "r", &d), STATE_SEEN);
    state_close(s);
    s = open_with((struct state_options){.ttl_ms = 0});
    assert_int_equal(state_blob(s, "host", "r", &d), STATE_VOUCHED);
    state_close(s);
    run_sql("UPDATE blob SET seen = seen + 14400, vouched = vouched + 14400"); /* a clock that was
                                                                                  wrong */
    s = open_state();
    assert_int_equal(state_blob(s, "host", "r", &d), STATE_SEEN);
    state_close(s);
}

static void a_repository_is_forgotten_at_once(void **state)
{
    (void)state;
    struct digest d = digest_of("d");
    struct state *s = open_state();
    state_blob_seen(s, "host", "r", &d, true);
    state_blob_seen(s, "host", "other", &d, true);
    state_close(s);
    s = open_state();
    state_forget_repository(s, "host", "r");
    assert_int_equal(state_blob(s, "host", "r", &d), STATE_UNKNOWN);
    assert_int_equal(state_blob(s, "host", "other", &d), STATE_VOUCHED);
    state_close(s);
    s = open_state();
    assert_int_equal(state_blob(s, "host", "r", &d), STATE_UNKNOWN);
    assert_int_equal(state_blob(s, "host", "other", &d), STATE_VOUCHED);
    state_close(s);
}

static void another_home_is_found(void **state)
{
    (void)state;
    struct digest d = digest_of("d");
    struct state *s = open_state();
    state_blob_seen(s, "host", "plain", &d, false);
    state_blob_seen(s, "host", "best", &d, true);
    state_close(s);
    s = open_state();
    state_forget_repository(s, "host", "best");
    _cleanup_free_ char *home = state_blob_home(s, "host", &d);
    assert_string_equal(home, "plain");
    state_close(s);
}

static void seeing_renews_no_proof(void **state)
{
    (void)state;
    struct digest d = digest_of("d");
    struct state *s = open_state();
    state_blob_seen(s, "host", "r", &d, true);
    state_close(s);
    run_sql("UPDATE blob SET seen = seen - 7200, vouched = vouched - 7200");
    s = open_state();
    state_blob_seen(s, "host", "r", &d, false);
    state_close(s);
    s = open_state();
    assert_int_equal(state_blob(s, "host", "r", &d), STATE_SEEN);
    state_close(s);
}

static struct manifest *a_manifest(void)
{
    static const char text[] =
        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
        "\"manifests\":[]}";
    struct manifest *m = NULL;
    assert_int_equal(manifest_parse(text, strlen(text), NULL, NULL, &m, NULL), 0);
    return m;
}

static void manifests_are_kept_and_checked(void **state)
{
    (void)state;
    struct manifest *m = a_manifest();
    struct state *s = open_state();
    state_manifest_put(s, m);
    state_close(s);
    s = open_state();
    struct manifest *kept = state_manifest(s, &m->digest);
    assert_non_null(kept);
    assert_int_equal(kept->len, m->len);
    assert_memory_equal(kept->bytes, m->bytes, m->len);
    manifest_free(kept);
    state_close(s);
    run_sql("UPDATE manifest SET bytes = replace(bytes, '2', '3')");
    s = open_state();
    assert_null(state_manifest(s, &m->digest));
    state_close(s);
    manifest_free(m);
}

static void looks_are_noted(void **state)
{
    (void)state;
    struct digest d = digest_of("d");
    struct state *s = open_state();
    assert_int_equal(state_checked(s, "h", "r", &d), -1);
    state_checked_put(s, "h", "r", &d);
    state_close(s);
    run_sql("UPDATE looked SET at = at - 100");
    s = open_state();
    assert_in_range(state_checked(s, "h", "r", &d), 100000, 200000);
    state_forget_repository(s, "h", "r");
    assert_int_equal(state_checked(s, "h", "r", &d), -1);
    state_close(s);
}

static void damage_is_put_aside(void **state)
{
    (void)state;
    struct digest d = digest_of("d");
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database ", file);
    fclose(file);
    struct state *s = open_state();
    assert_non_null(s);
    assert_non_null(strstr(warning, "damaged"));
    state_blob_seen(s, "h", "r", &d, true);
    state_close(s);
    s = open_state();
    assert_null(warning);
    assert_int_equal(state_blob(s, "h", "r", &d), STATE_VOUCHED);
    state_close(s);
    _cleanup_free_ char *aside = xasprintf("%s.corrupt", path);
    assert_int_equal(access(aside, F_OK), 0);
}

static void a_newer_one_is_left_alone(void **state)
{
    (void)state;
    state_close(open_state());
    run_sql("PRAGMA user_version=99");
    assert_null(open_state());
    assert_non_null(strstr(warning, "newer"));
    run_sql("PRAGMA user_version=1");
    struct state *s = open_state();
    assert_non_null(s);
    state_close(s);
}

static void a_locked_one_is_gone_without(void **state)
{
    (void)state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE x(y); BEGIN EXCLUSIVE", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_null(open_state());
    assert_non_null(strstr(warning, "locked"));
    sqlite3_close(db);
}

static void no_folder_is_gone_without(void **state)
{
    (void)state;
    const struct state_options options = {.folder = "/dev/null/nowhere"};
    free(warning);
    warning = NULL;
    assert_null(state_open(loop, &options, &warning));
    assert_non_null(strstr(warning, "/dev/null/nowhere"));
}

/* Two processes at once, one of them killed while it writes. */
static void others_write_too(void **state)
{
    (void)state;
    state_close(open_state());
    pid_t child = fork();
    if (child == 0) {
        struct loop *own = loop_new(NULL);
        const struct state_options options = {.folder = folder, .ttl_ms = 3600000};
        struct state *s = state_open(own, &options, &warning);
        for (int i = 0; true; i++) {
            _cleanup_free_ char *text = xasprintf("child %d", i);
            struct digest d = digest_of(text);
            state_blob_seen(s, "child", "r", &d, true);
        }
        _exit(1);
    }
    struct state *s = open_state();
    for (int i = 0; i < 2000; i++) {
        _cleanup_free_ char *text = xasprintf("ours %d", i);
        struct digest d = digest_of(text);
        state_blob_seen(s, "ours", "r", &d, true);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    state_close(s);
    s = open_state();
    assert_non_null(s);
    assert_null(warning);
    struct digest last = digest_of("ours 1999");
    assert_int_equal(state_blob(s, "ours", "r", &last), STATE_VOUCHED);
    state_close(s);
}

static void it_can_be_cleared(void **state)
{
    (void)state;
    struct digest d = digest_of("d");
    struct state_stats stats;
    struct error err = ERROR_INIT;
    int64_t freed;
    assert_int_equal(state_stats(folder, &stats, &err), ERR_NOT_FOUND);
    struct manifest *m = a_manifest();
    struct state *s = open_state();
    state_blob_seen(s, "h", "r", &d, true);
    state_manifest_put(s, m);
    state_close(s);
    assert_int_equal(state_stats(folder, &stats, &err), 0);
    assert_int_equal(stats.n_blobs, 1);
    assert_int_equal(stats.n_vouched, 1);
    assert_int_equal(stats.n_repositories, 1);
    assert_int_equal(stats.manifest_bytes, m->len);
    state_stats_done(&stats);
    s = open_state(); /* somebody else is at it */
    assert_int_equal(state_clear(folder, &freed, &err), 0);
    assert_int_equal(state_blob(s, "h", "r", &d), STATE_UNKNOWN);
    state_close(s);
    assert_int_equal(state_stats(folder, &stats, &err), 0);
    assert_int_equal(stats.n_blobs + stats.n_manifests + stats.n_repositories, 0);
    state_stats_done(&stats);
    manifest_free(m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_known_without_one),
        TEST(blobs_are_remembered),
        TEST(what_is_old_or_distrusted_proves_nothing),
        TEST(a_repository_is_forgotten_at_once),
        TEST(another_home_is_found),
        TEST(seeing_renews_no_proof),
        TEST(manifests_are_kept_and_checked),
        TEST(looks_are_noted),
        TEST(damage_is_put_aside),
        TEST(a_newer_one_is_left_alone),
        TEST(a_locked_one_is_gone_without),
        TEST(no_folder_is_gone_without),
        TEST(others_write_too),
        TEST(it_can_be_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
