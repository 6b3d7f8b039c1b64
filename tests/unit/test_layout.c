/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts as a whole and their tags, in real folders, also with several processes. */
#include "layout_fixture.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* ---- opening ---- */

static void opening(void **state)
{
    static const struct {
        const char *mark, *index; /* file contents; NULL: no such file */
        int read, write;
        const char *words;
    } table[] = {
        {NULL, NULL, ERR_NOT_FOUND, 0, "oci-layout"},
        {NULL, "{}", ERR_NOT_FOUND, ERR_IO, "oci-layout"},
        {"{\"imageLayoutVersion\":\"1.0.0\"}", "{\"schemaVersion\":2,\"manifests\":[]}", 0, 0, ""},
        {"{\"imageLayoutVersion\":\"1.0.0\"}", NULL, ERR_NOT_FOUND, 0, "index.json"},
        {"{\"imageLayoutVersion\":\"2.0.0\"}", NULL, ERR_IO, ERR_IO, "1.0.0 was expected"},
        {"{}", NULL, ERR_IO, ERR_IO, "1.0.0 was expected"},
        {"{", NULL, ERR_PROTOCOL, ERR_PROTOCOL, "oci-layout"},
        {"", NULL, ERR_PROTOCOL, 0, "oci-layout"},
        {"{\"imageLayoutVersion\":\"1.0.0\"}", "{\"manifests\":", ERR_PROTOCOL, ERR_PROTOCOL,
         "index.json"},
        {"{\"imageLayoutVersion\":\"1.0.0\"}", "[]", ERR_PROTOCOL, ERR_PROTOCOL, "index.json"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        free(f->dir);
        f->dir = xasprintf("%s/%zu", f->top, i);
        assert_int_equal(mkdir(f->dir, 0777), 0);
        if (table[i].mark)
            write_file(f, "oci-layout", table[i].mark);
        if (table[i].index)
            write_file(f, "index.json", table[i].index);
        for (int mode = LAYOUT_READ; mode <= LAYOUT_WRITE; mode++) {
            struct error err = ERROR_INIT;
            struct store *store = NULL;
            int wanted = mode == LAYOUT_READ ? table[i].read : table[i].write;
            int r = layout_open(f->loop, f->dir, (enum layout_mode)mode, 0, &store, &err);
            if (r != wanted || (r < 0 && (!strstr(err.text, table[i].words) ||
                                          !strstr(err.text, f->dir) || store)))
                fail_msg("case %zu, mode %d: %d: %s", i, mode, r, err.text);
            store_free(store);
        }
    }
}

static void opening_what_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct store *store = NULL;
    assert_int_equal(layout_open(f->loop, f->dir, LAYOUT_READ, 0, &store, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, f->dir));
    /* For writing it is fine, and nothing is made before there is something to write. */
    reopen(f, LAYOUT_WRITE);
    struct descriptor blob = blob_of("x", 1);
    assert_false(head_finds(f, "v1"));
    assert_false(stat_finds(f, &blob));
    expect_failure(f, f->store->ops->get(f->store, "v1", NULL, NULL, NULL), ERR_NOT_FOUND,
                   "does not exist");
    assert_int_equal(count_files(f, ""), 0);
    must_write_blob(f, "x");
    assert_int_equal(count_files(f, "index.json"), 1);
    _cleanup_free_ char *mark = read_file(f, "oci-layout");
    assert_string_equal(mark, "{\"imageLayoutVersion\":\"1.0.0\"}");
    reopen(f, LAYOUT_READ);
}

static void opening_a_file(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct store *store = NULL;
    free(f->dir);
    f->dir = xstrdup(f->top);
    write_file(f, "file", "x");
    free(f->dir);
    f->dir = xasprintf("%s/file", f->top);
    for (int mode = LAYOUT_READ; mode <= LAYOUT_WRITE; mode++)
        assert_int_equal(layout_open(f->loop, f->dir, (enum layout_mode)mode, 0, &store, &err),
                         ERR_IO);
    assert_non_null(strstr(err.text, "no folder"));
}

/* ---- writing and reading ---- */

static void a_copy(void **state)
{
    struct fixture *f = *state;
    reopen(f, LAYOUT_WRITE);
    struct manifest *one = write_image(f, "v1", "layer one");
    struct manifest *two = write_image(f, "v2", "layer two");
    assert_int_equal(put(f, "v1", two), 0); /* replaced, not added */
    reopen(f, LAYOUT_READ);
    expect_manifest(f, "v1", two);
    expect_manifest(f, "v2", two);
    expect_manifest(f, one->digest.text, one);
    assert_true(head_finds(f, "v1"));
    assert_false(head_finds(f, "v3"));
    assert_true(head_finds(f, one->digest.text));
    assert_int_equal(count_files(f, "blobs/sha256/.ocync-*"), 0);
    assert_int_equal(count_files(f, ".ocync-*"), 0);
    manifest_free(one);
    manifest_free(two);
}

static void what_get_refuses(void **state)
{
    struct fixture *f = *state;
    reopen(f, LAYOUT_WRITE);
    struct manifest *one = write_image(f, "v1", "layer one");
    struct manifest *two = image("{}", "layer two");
    struct store *s = f->store;
    expect_failure(f, s->ops->get(s, "v9", NULL, NULL, NULL), ERR_NOT_FOUND, "it has v1");
    expect_failure(f, s->ops->get(s, "v1", &two->digest, NULL, NULL), ERR_DIGEST, "expected");
    expect_failure(f, s->ops->get(s, two->digest.text, NULL, NULL, NULL), ERR_NOT_FOUND,
                   digest_hex(&two->digest));
    expect_failure(f, s->ops->get(s, "sha256:../../../../etc/passwd", NULL, NULL, NULL),
                   ERR_NOT_FOUND, "no tag");
    char name[BLOB_PATH_MAX];
    blob_path(&one->digest, name, sizeof(name));
    _cleanup_free_ char *bytes = read_file(f, name);
    bytes[strlen(bytes) - 1] = ' ';
    write_file(f, name, bytes);
    expect_failure(f, s->ops->get(s, "v1", NULL, NULL, NULL), ERR_DIGEST, "oci:");
    write_file(f, name, "short");
    expect_failure(f, s->ops->get(s, "v1", NULL, NULL, NULL), ERR_DIGEST, "5 bytes");
    assert_false(head_finds(f, "v1"));
    _cleanup_free_ char *path = xasprintf("%s/%s", f->dir, name);
    assert_int_equal(truncate(path, MANIFEST_MAX + 1), 0);
    expect_failure(f, s->ops->get(s, "v1", NULL, NULL, NULL), ERR_TOO_LARGE, name);
    /* A manifest whose bytes are wrong is put right. */
    assert_int_equal(put(f, "v1", one), 0);
    expect_manifest(f, "v1", one);
    manifest_free(one);
    manifest_free(two);
}

static void roots(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    _cleanup_free_ char *reference = NULL;
    reopen(f, LAYOUT_WRITE);
    must_write_blob(f, "{}");
    must_write_blob(f, "layer");
    struct manifest *manifest = image("{}", "layer");
    const char *digest = manifest->digest.text;
    assert_int_equal(put(f, digest, manifest), 0);
    assert_true(head_finds(f, digest));
    assert_int_equal(layout_default_reference(f->store, &reference, &err), ERR_NOT_FOUND);
    /* Being there as a part of something is not enough for a root. */
    layout_set_root(f->store, &manifest->digest);
    assert_false(head_finds(f, digest));
    assert_int_equal(put(f, digest, manifest), 0);
    assert_int_equal(put(f, digest, manifest), 0);
    assert_true(head_finds(f, digest));
    assert_int_equal(layout_default_reference(f->store, &reference, &err), 0);
    assert_string_equal(reference, digest);
    manifest_free(manifest);
}

static void what_put_refuses(void **state)
{
    struct fixture *f = *state;
    reopen(f, LAYOUT_WRITE);
    struct manifest *manifest = image("{}", "layer");
    struct store *s = f->store;
    expect_failure(f, s->ops->put(s, "../v1", manifest, NULL), ERR_USAGE, "valid tag");
    must_write_blob(f, "{}");
    expect_failure(f, s->ops->put(s, "v1", manifest, NULL), ERR_MISSING_PART,
                   manifest->layers[0].digest.text);
    assert_false(head_finds(f, "v1"));
    must_write_blob(f, "layer");
    reopen(f, LAYOUT_READ);
    s = f->store;
    expect_failure(f, s->ops->put(s, "v1", manifest, NULL), ERR_INTERNAL, "reading");
    manifest_free(manifest);
}

static void foreign_content_stays(void **state)
{
    struct fixture *f = *state;
    reopen(f, LAYOUT_WRITE);
    must_write_blob(f, "{}");
    write_file(
        f, "index.json",
        "{\"schemaVersion\":2,\"theirs\":{\"a\":0.1},\"manifests\":[{\"digest\":\"blake3:1\","
        "\"size\":1,\"note\":\"keep\"}]}");
    manifest_free(write_image(f, "v1", "layer"));
    _cleanup_free_ char *index = read_file(f, "index.json");
    assert_non_null(strstr(index, "\"theirs\":{\"a\":0.1"));
    assert_non_null(strstr(index, "{\"digest\":\"blake3:1\",\"size\":1,\"note\":\"keep\"}"));
    assert_true(head_finds(f, "v1"));
    /* A damaged one is left as it is. */
    write_file(f, "index.json", "{\"schemaVersion\":2,");
    struct manifest *manifest = image("{}", "layer");
    expect_failure(f, f->store->ops->put(f->store, "v2", manifest, NULL), ERR_PROTOCOL,
                   "index.json");
    _cleanup_free_ char *after = read_file(f, "index.json");
    assert_string_equal(after, "{\"schemaVersion\":2,");
    manifest_free(manifest);
}

/* ---- other processes ---- */

static void leftovers(void **state)
{
    static const struct {
        const char *name;
        int age_h;
        bool stays;
    } table[] = {
        {"blobs/sha256/.ocync-a", 25, false}, {".ocync-b", 25, false},
        {"blobs/sha256/.ocync-c", 23, true},  {".ocync-d", 23, true},
        {"blobs/sha256/other", 9999, true},
    };
    struct fixture *f = *state;
    reopen(f, LAYOUT_WRITE);
    must_write_blob(f, "x");
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        _cleanup_free_ char *path = xasprintf("%s/%s", f->dir, table[i].name);
        struct timespec when = {.tv_sec = time(NULL) - table[i].age_h * 3600};
        write_file(f, table[i].name, "x");
        assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){when, when}, 0), 0);
    }
    reopen(f, LAYOUT_WRITE);
    must_write_blob(f, "y");
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        assert_int_equal(count_files(f, table[i].name), table[i].stays);
}

static void a_lock_that_is_never_given_back(void **state)
{
    struct fixture *f = *state;
    reopen(f, LAYOUT_WRITE);
    must_write_blob(f, "{}");
    must_write_blob(f, "layer");
    struct manifest *manifest = image("{}", "layer");
    _cleanup_free_ char *path = xasprintf("%s/oci-layout", f->dir);
    int fd = open(path, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    layout_of(f->store)->lock_wait_ms = 30;
    expect_failure(f, f->store->ops->put(f->store, "v1", manifest, NULL), ERR_IO, path);
    assert_false(head_finds(f, "v1"));
    /* No tag, no lock. */
    assert_int_equal(put(f, manifest->digest.text, manifest), 0);
    close(fd);
    assert_int_equal(put(f, "v1", manifest), 0);
    manifest_free(manifest);
}

#define TAGS 50

/* Runs in a process of its own. */
static int write_tags(struct fixture *f, int who)
{
    struct error err = ERROR_INIT;
    struct store *store;
    loop_free(f->loop); /* a copy of the parent's */
    f->loop = loop_new(&err);
    if (!f->loop || layout_open(f->loop, f->dir, LAYOUT_WRITE, 0, &store, &err) < 0)
        return 2;
    f->store = store;
    struct manifest *manifest = write_image(f, "shared", "layer");
    for (int i = 0; i < TAGS; i++) {
        _cleanup_free_ char *tag = xasprintf("p%d-%d", who, i);
        if (put(f, tag, manifest) < 0)
            return 1;
    }
    manifest_free(manifest);
    store_free(take_ptr(&f->store));
    loop_free(f->loop);
    return 0;
}

static void count_tag(void *arg, const char *tag)
{
    (void)tag;
    ++*(int *)arg;
}

/* The folder is made by both at the same time, too. */
static void two_processes_lose_no_tag(void **state)
{
    struct fixture *f = *state;
    pid_t children[2];
    for (int who = 0; who < 2; who++) {
        children[who] = fork();
        if (children[who] == 0)
            _exit(write_tags(f, who));
    }
    for (int who = 0; who < 2; who++) {
        int status = -1;
        assert_int_equal(waitpid(children[who], &status, 0), children[who]);
        assert_int_equal(status, 0);
    }
    reopen(f, LAYOUT_READ);
    int n = 0;
    struct store_tags receiver = {count_tag, &n};
    struct store_op *op = f->store->ops->tags(f->store, &receiver, NULL);
    assert_int_equal(run(f, op), 0);
    assert_int_equal(n, 2 * TAGS + 1);
    store_op_drop(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAYOUT_TEST(opening),
        LAYOUT_TEST(opening_what_is_not_there),
        LAYOUT_TEST(opening_a_file),
        LAYOUT_TEST(a_copy),
        LAYOUT_TEST(what_get_refuses),
        LAYOUT_TEST(roots),
        LAYOUT_TEST(what_put_refuses),
        LAYOUT_TEST(foreign_content_stays),
        LAYOUT_TEST(leftovers),
        LAYOUT_TEST(a_lock_that_is_never_given_back),
        LAYOUT_TEST(two_processes_lose_no_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
