/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of layouts share: a folder that goes away, a real loop, small images. */
#pragma once

#include "base/str.h"
#include "layout/internal.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct loop *loop;
    char top[64]; /* removed at the end */
    char *dir;    /* top/a/layout: neither is there at first */
    struct store *store;
};

/* ---- around it ---- */

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct error err = ERROR_INIT;
    snprintf(f->top, sizeof(f->top), "/tmp/test_layout.XXXXXX");
    assert_non_null(mkdtemp(f->top));
    f->dir = xasprintf("%s/a/layout", f->top);
    f->loop = loop_new(&err);
    assert_non_null(f->loop);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    store_free(f->store);
    loop_free(f->loop);
    nftw(f->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f->dir);
    free(f);
    return 0;
}

static inline void reopen(struct fixture *f, enum layout_mode mode)
{
    struct error err = ERROR_INIT;
    store_free(take_ptr(&f->store));
    if (layout_open(f->loop, f->dir, mode, 0, &f->store, &err) < 0)
        fail_msg("%s", err.text);
}

static inline void write_file(const struct fixture *f, const char *name, const char *text)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", f->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static inline char *read_file(const struct fixture *f, const char *name)
{
    struct folder folder = {.fd = open(f->dir, O_RDONLY | O_DIRECTORY), .path = f->dir};
    struct error err = ERROR_INIT;
    char *text = NULL;
    size_t len;
    if (file_load(&folder, name, 1 << 24, &text, &len, &err) < 0)
        fail_msg("%s", err.text);
    close(folder.fd);
    return text;
}

static inline size_t count_files(const struct fixture *f, const char *pattern)
{
    _cleanup_free_ char *path = xasprintf("%s/%s", f->dir, pattern);
    glob_t found = {0};
    size_t n = glob(path, GLOB_PERIOD, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return n;
}

static inline bool has_ended(void *arg)
{
    return ((struct task *)arg)->done;
}

/* The result; *op stays for a look at it. */
static inline int run(const struct fixture *f, struct store_op *op)
{
    loop_run(f->loop, has_ended, &op->task);
    return op->task.result;
}

static inline void expect_failure(const struct fixture *f, struct store_op *op, int class,
                                  const char *words)
{
    int result = run(f, op);
    if (result != class || !strstr(op->task.err.text, words))
        fail_msg("%d: %s; %d: ...%s... was expected", result, op->task.err.text, class, words);
    store_op_drop(&op);
}

/* ---- content ---- */

static inline struct descriptor blob_of(const char *bytes, size_t len)
{
    struct descriptor blob = {.size = (int64_t)len};
    digest_compute(DIGEST_SHA256, bytes, len, &blob.digest);
    return blob;
}

/* `sent` is what the source delivers under the name of `blob`. */
static inline int write_blob(const struct fixture *f, const struct descriptor *blob,
                             const char *sent, size_t len, struct error *err)
{
    struct store_begin_hint hint = {0};
    struct store_op *begin = f->store->ops->begin(f->store, blob, &hint, NULL);
    int r = run(f, begin);
    if (r < 0 || begin->found) {
        *err = begin->task.err;
        store_op_drop(&begin);
        return r < 0 ? r : 1;
    }
    struct bridge *bridge = bridge_new(NULL, &blob->digest, blob->size);
    struct store_op *op = f->store->ops->write(f->store, begin, bridge, NULL);
    assert_true(bridge_push(bridge, sent, len));
    r = run(f, op);
    *err = op->task.err;
    store_op_drop(&op);
    store_op_drop(&begin);
    bridge_free(bridge);
    return r;
}

static inline void must_write_blob(const struct fixture *f, const char *bytes)
{
    struct error err = ERROR_INIT;
    struct descriptor blob = blob_of(bytes, strlen(bytes));
    if (write_blob(f, &blob, bytes, strlen(bytes), &err) < 0)
        fail_msg("%s", err.text);
}

/* An image of a config and one layer, spaced so that writing it anew would show. */
static inline struct manifest *image(const char *config, const char *layer)
{
    struct descriptor c = blob_of(config, strlen(config)), l = blob_of(layer, strlen(layer));
    struct error err = ERROR_INIT;
    struct manifest *manifest = NULL;
    _cleanup_free_ char *text = xasprintf(
        "{\n  \"schemaVersion\": 2,\n"
        "  \"mediaType\": \"application/vnd.oci.image.manifest.v1+json\",\n"
        "  \"config\": {\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\n"
        "              \"digest\":\"%s\",\"size\":%lld},\n  \"layers\": [\n"
        "    {\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\n"
        "     \"size\":%lld}]\n}\n",
        c.digest.text, (long long)c.size, l.digest.text, (long long)l.size);
    if (manifest_parse(text, strlen(text), NULL, NULL, &manifest, &err) < 0)
        fail_msg("%s", err.text);
    return manifest;
}

static inline int put(const struct fixture *f, const char *reference,
                      const struct manifest *manifest)
{
    struct store_op *op = f->store->ops->put(f->store, reference, manifest, NULL);
    int r = run(f, op);
    store_op_drop(&op);
    return r;
}

static inline struct manifest *write_image(const struct fixture *f, const char *tag,
                                           const char *layer)
{
    must_write_blob(f, "{}");
    must_write_blob(f, layer);
    struct manifest *manifest = image("{}", layer);
    assert_int_equal(put(f, tag, manifest), 0);
    return manifest;
}

static inline void expect_manifest(const struct fixture *f, const char *reference,
                                   const struct manifest *wanted)
{
    struct store_op *op = f->store->ops->get(f->store, reference, NULL, NULL, NULL);
    if (run(f, op) < 0)
        fail_msg("%s", op->task.err.text);
    assert_int_equal(op->manifest->len, wanted->len);
    assert_memory_equal(op->manifest->bytes, wanted->bytes, wanted->len);
    assert_string_equal(op->manifest->digest.text, wanted->digest.text);
    store_op_drop(&op);
}

static inline bool head_finds(const struct fixture *f, const char *reference)
{
    struct store_op *op = f->store->ops->head(f->store, reference, NULL);
    assert_int_equal(run(f, op), 0);
    bool found = op->found;
    assert_int_equal(digest_is_set(&op->digest), found);
    store_op_drop(&op);
    return found;
}

static inline bool stat_finds(const struct fixture *f, const struct descriptor *blob)
{
    struct store_op *op = f->store->ops->stat(f->store, blob, NULL);
    assert_int_equal(run(f, op), 0);
    bool found = op->found;
    store_op_drop(&op);
    return found;
}

#define LAYOUT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
