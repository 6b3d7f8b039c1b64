/* SPDX-License-Identifier: Apache-2.0 */
#include "folders.h"

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[64];
static char *trace, *closed; /* files that drivers write */

char *in_base(const char *name)
{
    return xasprintf("%s/%s", base, name);
}

void put_file(const char *name, const void *data, size_t len)
{
    _cleanup_free_ char *path = in_base(name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
    assert_int_equal(chmod(path, 0644), 0);
}

void put_driver(const char *driver, const char *name)
{
    const char *build = getenv("OCYNC_TEST_BUILD");
    _cleanup_free_ char *from =
        xasprintf("%s/tests/driver/.libs/%s.so", build ? build : ".", driver);
    FILE *file = fopen(from, "re");
    if (!file)
        fail_msg("%s is missing", from);
    char *data = xmalloc(4 * 1024 * 1024);
    size_t len = fread(data, 1, 4 * 1024 * 1024, file);
    fclose(file);
    put_file(name, data, len);
    free(data);
}

static size_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) ? 0 : (size_t)st.st_size;
}

int folders_set_up(void **state)
{
    (void)state;
    snprintf(base, sizeof(base), "/tmp/ocync-drivers-XXXXXX");
    if (!mkdtemp(base))
        return -1;
    static const char *const folders[] = {"one", "two", "default"};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        _cleanup_free_ char *path = in_base(folders[i]);
        if (mkdir(path, 0755))
            return -1;
    }
    trace = in_base("trace");
    closed = in_base("closed");
    setenv("OCYNC_TEST_CONSTRUCTOR", trace, 1);
    setenv("OCYNC_TEST_CLOSED", closed, 1);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st, (void)type, (void)place;
    return remove(path);
}

int folders_tear_down(void **state)
{
    (void)state;
    free(trace);
    free(closed);
    return nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct catalogue *look(void)
{
    _cleanup_free_ char *one = in_base("one"), *two = in_base("two"), *last = in_base("default");
    const char *const dirs[] = {one};
    const struct catalogue_sources sources = {
        .dirs = dirs, .n_dirs = 1, .env = two, .default_dir = last};
    struct catalogue *catalogue = catalogue_new(&sources, NULL);
    assert_non_null(catalogue);
    return catalogue;
}

int open_host(const struct catalogue *catalogue, const char *host, const char *name,
              struct driver_instance **ret, struct error *err)
{
    return driver_for_host(catalogue, &(struct driver_request){.host = host, .driver = name}, ret,
                           err);
}

size_t size_of_trace(void)
{
    return size_of(trace);
}

size_t size_of_closed(void)
{
    return size_of(closed);
}
