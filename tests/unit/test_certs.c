/* SPDX-License-Identifier: Apache-2.0 */
/* What is found in certs.d for which host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "registry/certs.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char home[64];

static void make_file(const char *host, const char *name)
{
    static const char *const parts[] = {"/.config", "/containers", "/certs.d"};
    _cleanup_free_ char *folder = xstrdup(home);
    for (size_t i = 0; i < 3; i++) {
        char *longer = xasprintf("%s%s", folder, parts[i]);
        free(folder);
        folder = longer;
        mkdir(folder, 0700);
    }
    _cleanup_free_ char *of_host = xasprintf("%s/%s", folder, host);
    mkdir(of_host, 0700);
    _cleanup_free_ char *path = xasprintf("%s/%s", of_host, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

static int setup(void **state)
{
    (void)state;
    snprintf(home, sizeof(home), "/tmp/ocync-certs.XXXXXX");
    return mkdtemp(home) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void ends_with(const char *path, const char *end)
{
    assert_non_null(path);
    assert_true(str_has_suffix(path, end));
}

static void test_first_by_name(void **state)
{
    (void)state;
    struct certs certs;
    bool known;
    make_file("r.example:5000", "z.crt");
    make_file("r.example:5000", "a.crt");
    make_file("r.example:5000", "own.cert");
    make_file("r.example:5000", "own.key");
    make_file("r.example:5000", "notes.txt");
    assert_int_equal(certs_find("r.example:5000", home, &certs, &known, NULL), 0);
    assert_true(known);
    ends_with(certs.ca_file, "/r.example:5000/a.crt");
    ends_with(certs.client_cert, "/own.cert");
    ends_with(certs.client_key, "/own.key");
    certs_done(&certs);
}

static void test_others_have_none(void **state)
{
    static const char *const hosts[] = {"r.example", "r.example:5001",           "..", ".", "",
                                        "a/b",       "../certs.d/r.example:5000"};
    (void)state;
    make_file("r.example:5000", "ca.crt");
    make_file("a", "ca.crt");
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct certs certs;
        bool known = true;
        assert_int_equal(certs_find(hosts[i], home, &certs, &known, NULL), 0);
        assert_false(known);
        assert_null(certs.ca_file);
        assert_null(certs.client_cert);
    }
}

static void test_no_key(void **state)
{
    (void)state;
    struct certs certs;
    struct error err = ERROR_INIT;
    bool known;
    make_file("r.example", "own.cert");
    assert_int_equal(certs_find("r.example", home, &certs, &known, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "own.key"));
    assert_null(certs.client_cert);
}

static void test_empty_is_known(void **state)
{
    (void)state;
    struct certs certs;
    bool known = false;
    make_file("r.example", "notes.txt");
    assert_int_equal(certs_find("r.example", home, &certs, &known, NULL), 0);
    assert_true(known);
    assert_null(certs.ca_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_first_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_others_have_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_is_known, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
