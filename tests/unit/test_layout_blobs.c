/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs on their way into and out of a layout. */
#include "layout_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* In through a bridge, as fast as it takes it. */
static void feed(const struct fixture *f, const struct descriptor *blob, const char *bytes)
{
    struct store_begin_hint hint = {0};
    struct store_op *begin = f->store->ops->begin(f->store, blob, &hint, NULL);
    assert_int_equal(run(f, begin), 0);
    assert_false(begin->found);
    struct bridge *bridge = bridge_new(NULL, &blob->digest, blob->size);
    struct store_op *write = f->store->ops->write(f->store, begin, bridge, NULL);
    for (size_t at = 0, len = (size_t)blob->size; at < len;) {
        size_t n = len - at < 50000 ? len - at : 50000;
        if (bridge_push(bridge, bytes + at, n))
            at += n;
        else
            tasks_run_ready(f->loop);
    }
    assert_int_equal(run(f, write), 0);
    store_op_drop(&write);
    store_op_drop(&begin);
    bridge_free(bridge);
}

/* Out through a bridge that takes only what is right. */
static void expect_tail(const struct fixture *f, const struct descriptor *blob, size_t offset,
                        const char *bytes)
{
    static char piece[10000];
    size_t n, at = offset;
    enum bridge_pull pulled;
    struct descriptor tail = blob_of(bytes + offset, (size_t)blob->size - offset);
    struct bridge *bridge = bridge_new(NULL, &tail.digest, tail.size);
    struct store_op *read = f->store->ops->read(f->store, blob, (int64_t)offset, bridge, NULL);
    while ((pulled = bridge_pull(bridge, piece, sizeof(piece), true, &n)) != BRIDGE_END) {
        if (pulled == BRIDGE_NOTHING_NOW) {
            assert_false(read->task.done);
            tasks_run_ready(f->loop);
            continue;
        }
        assert_memory_equal(piece, bytes + at, n);
        at += n;
    }
    assert_int_equal(run(f, read), 0);
    assert_int_equal(at, blob->size);
    store_op_drop(&read);
    bridge_free(bridge);
}

static void sizes_and_offsets(void **state)
{
    static const struct {
        size_t len, offset;
    } table[] = {{0, 0},       {1, 0},       {65536, 0},        {65537, 0},
                 {1000000, 0}, {1000000, 1}, {1000000, 999999}, {1000000, 1000000}};
    struct fixture *f = *state;
    reopen(f, LAYOUT_WRITE);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        _cleanup_free_ char *bytes = xmalloc(table[i].len + 1);
        for (size_t k = 0; k < table[i].len; k++)
            bytes[k] = (char)(k * 7 + k / 251 + i);
        struct descriptor blob = blob_of(bytes, table[i].len);
        feed(f, &blob, bytes);
        assert_true(stat_finds(f, &blob));
        expect_tail(f, &blob, table[i].offset, bytes);
    }
}

/* One layout to another through one bridge: either side is slower at times. */
static void from_layout_to_layout(void **state)
{
    static char bytes[3000000];
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    struct store_begin_hint hint = {0};
    struct store *target = NULL;
    _cleanup_free_ char *dir = xasprintf("%s/b", f->top);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i % 255 + i / 1000);
    struct descriptor blob = blob_of(bytes, sizeof(bytes));
    reopen(f, LAYOUT_WRITE);
    feed(f, &blob, bytes);
    assert_int_equal(layout_open(f->loop, dir, LAYOUT_WRITE, 0, &target, &err), 0);
    struct store_op *begin = target->ops->begin(target, &blob, &hint, NULL);
    assert_int_equal(run(f, begin), 0);
    struct bridge *bridge = bridge_new(NULL, &blob.digest, blob.size);
    struct store_op *write = target->ops->write(target, begin, bridge, NULL);
    struct store_op *read = f->store->ops->read(f->store, &blob, 0, bridge, NULL);
    assert_int_equal(run(f, write), 0);
    assert_int_equal(run(f, read), 0);
    store_op_drop(&read);
    store_op_drop(&write);
    store_op_drop(&begin);
    bridge_free(bridge);
    store_free(f->store);
    f->store = target;
    assert_true(stat_finds(f, &blob));
    expect_tail(f, &blob, 0, bytes);
}

static void a_blob_present_is_not_written_again(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    reopen(f, LAYOUT_WRITE);
    struct descriptor blob = blob_of("content", 7);
    assert_int_equal(write_blob(f, &blob, "content", 7, &err), 0);
    assert_int_equal(write_blob(f, &blob, "content", 7, &err), 1);
    /* Cut off by somebody: it is. */
    char name[BLOB_PATH_MAX];
    blob_path(&blob.digest, name, sizeof(name));
    write_file(f, name, "cont");
    assert_false(stat_finds(f, &blob));
    assert_int_equal(write_blob(f, &blob, "content", 7, &err), 0);
    _cleanup_free_ char *now = read_file(f, name);
    assert_string_equal(now, "content");
}

static void wrong_content_never_gets_a_name(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    reopen(f, LAYOUT_WRITE);
    struct descriptor blob = blob_of("content", 7);
    assert_int_equal(write_blob(f, &blob, "CONTENT", 7, &err), ERR_DIGEST);
    assert_int_equal(write_blob(f, &blob, "content!", 8, &err), ERR_DIGEST);
    /* Given up halfway. */
    struct store_begin_hint hint = {0};
    struct store_op *begin = f->store->ops->begin(f->store, &blob, &hint, NULL);
    assert_int_equal(run(f, begin), 0);
    struct bridge *bridge = bridge_new(NULL, &blob.digest, blob.size);
    struct store_op *op = f->store->ops->write(f->store, begin, bridge, NULL);
    assert_true(bridge_push(bridge, "cont", 4));
    tasks_run_ready(f->loop);
    assert_int_equal(count_files(f, "blobs/sha256/.ocync-*"), 1);
    store_op_drop(&op);
    /* The same upload again. */
    expect_failure(f, f->store->ops->write(f->store, begin, bridge, NULL), ERR_INTERNAL, "before");
    store_op_drop(&begin);
    bridge_free(bridge);
    assert_int_equal(count_files(f, "blobs/sha256/[.a-z0-9]*") - 2 /* . and .. */, 0);
}

/* The bridge proves what came in; that all of it reached the file is for the layout to see. */
static void bytes_that_went_elsewhere(void **state)
{
    struct fixture *f = *state;
    char scrap[3];
    size_t n;
    reopen(f, LAYOUT_WRITE);
    struct descriptor blob = blob_of("content", 7);
    struct store_begin_hint hint = {0};
    struct store_op *begin = f->store->ops->begin(f->store, &blob, &hint, NULL);
    assert_int_equal(run(f, begin), 0);
    struct bridge *bridge = bridge_new(NULL, &blob.digest, blob.size);
    assert_true(bridge_push(bridge, "content", 7));
    assert_int_equal(bridge_pull(bridge, scrap, sizeof(scrap), true, &n), BRIDGE_DATA);
    expect_failure(f, f->store->ops->write(f->store, begin, bridge, NULL), ERR_INTERNAL,
                   "4 of 7 bytes");
    assert_false(stat_finds(f, &blob));
    store_op_drop(&begin);
    bridge_free(bridge);
}

static void a_full_disk(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    static char bytes[200000];
    reopen(f, LAYOUT_WRITE);
    must_write_blob(f, "x");
    struct descriptor blob = blob_of(bytes, sizeof(bytes));
    struct rlimit before, small = {.rlim_cur = 100000, .rlim_max = RLIM_INFINITY};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    int r = write_blob(f, &blob, bytes, sizeof(bytes), &err);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_int_equal(r, ERR_IO);
    assert_non_null(strstr(err.text, digest_hex(&blob.digest)));
    assert_non_null(strstr(err.text, strerror(EFBIG)));
    assert_int_equal(count_files(f, "blobs/sha256/.ocync-*"), 0);
    assert_int_equal(write_blob(f, &blob, bytes, sizeof(bytes), &err), 0);
}

static void what_read_refuses(void **state)
{
    struct fixture *f = *state;
    reopen(f, LAYOUT_WRITE);
    must_write_blob(f, "content");
    struct store *s = f->store;
    struct descriptor blob = blob_of("content", 7), other = blob_of("other", 5);
    struct bridge *bridge = bridge_new(NULL, &blob.digest, 7);
    _cleanup_free_ char *secret = xasprintf("%s/secret", f->top);
    _cleanup_free_ char *planted =
        xasprintf("%s/blobs/sha256/%s", f->dir, digest_hex(&other.digest));
    expect_failure(f, s->ops->read(s, &other, 0, bridge, NULL), ERR_NOT_FOUND, planted);
    blob.size = 8;
    expect_failure(f, s->ops->read(s, &blob, 0, bridge, NULL), ERR_DIGEST, "7 bytes");
    assert_int_equal(symlink("../../../../secret", planted), 0);
    FILE *file = fopen(secret, "w");
    fputs("other", file);
    fclose(file);
    expect_failure(f, s->ops->read(s, &other, 0, bridge, NULL), ERR_IO, "link");
    assert_false(stat_finds(f, &other));
    /* Writing replaces the link and leaves what it led to alone. */
    must_write_blob(f, "other");
    assert_true(stat_finds(f, &other));
    assert_int_equal(unlink(planted), 0);
    assert_int_equal(mkfifo(planted, 0666), 0);
    expect_failure(f, s->ops->read(s, &other, 0, bridge, NULL), ERR_IO, "regular");
    bridge_free(bridge);
}

static void linked_folders_are_not_followed(void **state)
{
    struct fixture *f = *state;
    struct error err = ERROR_INIT;
    reopen(f, LAYOUT_WRITE);
    must_write_blob(f, "content");
    _cleanup_free_ char *blobs = xasprintf("%s/blobs", f->dir);
    _cleanup_free_ char *elsewhere = xasprintf("%s/elsewhere", f->top);
    assert_int_equal(rename(blobs, elsewhere), 0);
    assert_int_equal(symlink(elsewhere, blobs), 0);
    struct descriptor blob = blob_of("content", 7);
    assert_false(stat_finds(f, &blob));
    assert_int_equal(write_blob(f, &blob, "content", 7, &err), ERR_IO);
    assert_non_null(strstr(err.text, "link"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LAYOUT_TEST(sizes_and_offsets),
        LAYOUT_TEST(from_layout_to_layout),
        LAYOUT_TEST(a_blob_present_is_not_written_again),
        LAYOUT_TEST(wrong_content_never_gets_a_name),
        LAYOUT_TEST(bytes_that_went_elsewhere),
        LAYOUT_TEST(a_full_disk),
        LAYOUT_TEST(what_read_refuses),
        LAYOUT_TEST(linked_folders_are_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
