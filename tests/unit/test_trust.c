/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/trust.h"

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void judges_one_object(void **state)
{
    (void)state;
    static const struct trust_caller me = {.uid = 1000, .gid = 100};
    static const struct {
        enum trust_kind kind;
        mode_t mode;
        uid_t uid;
        gid_t gid;
        const char *said;
    } cases[] = {
        {TRUST_FILE, 0644, 1000, 100, NULL},
        {TRUST_FILE, 0755, 0, 0, NULL},
        {TRUST_FILE, 0775, 1000, 100, NULL},
        {TRUST_FILE, 0775, 0, 100, NULL},
        {TRUST_FILE, 0775, 1000, 50, "group"},
        {TRUST_FILE, 0775, 0, 0, "group"},
        {TRUST_FILE, 0757, 1000, 100, "everyone"},
        {TRUST_FILE, 01757, 1000, 100, "everyone"},
        {TRUST_FILE, 0700, 1001, 100, "another user"},
        {TRUST_FOLDER, 0755, 0, 0, NULL},
        {TRUST_FOLDER, 0777, 0, 0, "everyone"},
        {TRUST_FOLDER, 01777, 0, 0, NULL},
        {TRUST_FOLDER, 0775, 0, 50, "group"},
        {TRUST_FOLDER, 01775, 0, 50, NULL},
        {TRUST_FOLDER, 01777, 1001, 0, "another user"},
        {TRUST_LINK, 0777, 1000, 100, NULL},
        {TRUST_LINK, 0777, 1001, 100, "another user"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct stat st = {
            .st_mode = cases[i].mode, .st_uid = cases[i].uid, .st_gid = cases[i].gid};
        const char *why = trust_objection(&st, cases[i].kind, &me);
        if (!cases[i].said)
            assert_null(why);
        else
            assert_non_null(strstr(why, cases[i].said));
    }
}

/* ---- On a real tree ------------------------------------------------------------------------ */

static char base[64];

static char *in_base(const char *name)
{
    return xasprintf("%s/%s", base, name);
}

static void make_folder(const char *name, mode_t mode)
{
    _cleanup_free_ char *path = in_base(name);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void make_file(const char *name, mode_t mode)
{
    _cleanup_free_ char *path = in_base(name);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(chmod(path, mode), 0);
}

static void make_link(const char *target, const char *name)
{
    _cleanup_free_ char *path = in_base(name);
    assert_int_equal(symlink(target, path), 0);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(base, sizeof(base), "/tmp/ocync-trust-XXXXXX");
    assert_non_null(mkdtemp(base));
    make_folder("good", 0755);
    make_folder("open", 0777);
    make_folder("open/inner", 0755);
    make_folder("sticky", 01777);
    make_file("good/a.so", 0644);
    make_file("good/open.so", 0646);
    make_file("good/group.so", 0664);
    make_file("open/a.so", 0644);
    make_file("open/inner/a.so", 0644);
    make_file("sticky/a.so", 0644);
    make_link("../good/a.so", "good/link.so");
    make_link("../open/a.so", "good/out.so");
    make_link("open/inner", "shortcut");
    make_link("../good", "open/detour");
    make_link("loop.so", "good/loop.so");
    _cleanup_free_ char *absolute = xasprintf("%s/open/a.so", base);
    make_link(absolute, "good/absolute.so");
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st, (void)type, (void)place;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int check(const char *name, const char *const *trusted, size_t n, struct error *err)
{
    _cleanup_free_ char *path = in_base(name);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return trust_check(fd, path, trusted, n, err);
}

static void walks_the_way(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *culprit; /* the end of its path; NULL: trusted */
        const char *said;
    } cases[] = {
        {"good/a.so", NULL, NULL},
        {"good/group.so", NULL, NULL},
        {"good/link.so", NULL, NULL},
        {"sticky/a.so", NULL, NULL},
        {"good/../good/./a.so", NULL, NULL},
        {"good/open.so", "/good/open.so", "everyone may write"},
        {"open/a.so", "/open: ", "everyone may write"},
        {"open/inner/a.so", "/open: ", "everyone may write"},
        {"shortcut/a.so", "/open: ", "everyone may write"},
        {"good/out.so", "/open: ", "everyone may write"},
        {"good/absolute.so", "/open: ", "everyone may write"},
        {"open/detour/a.so", "/open: ", "everyone may write"},
        {"open/../good/a.so", "/open: ", "everyone may write"},
        {"good", "/good", "not a regular file"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = ERROR_INIT;
        int r = check(cases[i].name, NULL, 0, &err);
        assert_int_equal(r, cases[i].said ? ERR_PLUGIN : 0);
        if (cases[i].said) {
            assert_non_null(strstr(err.text, cases[i].said));
            assert_non_null(strstr(err.text, cases[i].culprit));
            assert_non_null(strstr(err.text, "--plugin-trust-dir"));
        }
    }
}

static void follows_relative_paths(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof(before)));
    _cleanup_free_ char *good = in_base("good"), *open_folder = in_base("open");
    assert_int_equal(chdir(good), 0);
    _cleanup_close_ int fd = open("a.so", O_RDONLY | O_CLOEXEC);
    assert_int_equal(trust_check(fd, "a.so", NULL, 0, NULL), 0);
    assert_int_equal(trust_check(fd, "./a.so", NULL, 0, NULL), 0);
    assert_int_equal(chdir(open_folder), 0);
    _cleanup_close_ int other = open("a.so", O_RDONLY | O_CLOEXEC);
    assert_int_equal(trust_check(other, "a.so", NULL, 0, NULL), ERR_PLUGIN);
    assert_int_equal(chdir(before), 0);
}

static void refuses_a_replaced_file(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    _cleanup_free_ char *opened = in_base("good/group.so"), *named = in_base("good/a.so");
    _cleanup_free_ char *loop = in_base("good/loop.so");
    _cleanup_close_ int fd = open(opened, O_RDONLY | O_CLOEXEC);
    assert_int_equal(trust_check(fd, named, NULL, 0, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "replaced"));
    assert_int_equal(trust_check(fd, loop, NULL, 0, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "symbolic link"));
}

static void allows_trusted_folders(void **state)
{
    (void)state;
    _cleanup_free_ char *folder = in_base("open"), *dots = in_base("good/../open/"),
                        *missing = in_base("missing");
    const char *const plain[] = {missing, folder}, *const odd[] = {dots};
    assert_int_equal(check("open/a.so", plain, 2, NULL), 0);
    assert_int_equal(check("open/a.so", odd, 1, NULL), 0);
    assert_int_equal(check("open/inner/a.so", plain, 2, NULL), ERR_PLUGIN);
    assert_int_equal(check("good/open.so", plain, 2, NULL), ERR_PLUGIN);
}

/* Only root can give files away. */
static void refuses_other_owners(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    if (geteuid() != 0)
        skip();
    make_folder("theirs", 0755);
    make_file("theirs/a.so", 0644);
    make_file("good/theirs.so", 0644);
    make_file("good/their-group.so", 0664);
    _cleanup_free_ char *folder = in_base("theirs"), *file = in_base("good/theirs.so");
    _cleanup_free_ char *group = in_base("good/their-group.so");
    assert_int_equal(chown(folder, 12345, 0), 0);
    assert_int_equal(chown(file, 12345, 0), 0);
    assert_int_equal(chown(group, 0, 12345), 0);
    assert_int_equal(check("theirs/a.so", NULL, 0, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "/theirs: it belongs to another user"));
    assert_int_equal(check("good/theirs.so", NULL, 0, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "another user"));
    assert_int_equal(check("good/their-group.so", NULL, 0, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "a group that is not yours"));
    const char *const trusted[] = {folder};
    assert_int_equal(check("theirs/a.so", trusted, 1, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_one_object),
        cmocka_unit_test_setup_teardown(walks_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(follows_relative_paths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_replaced_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(allows_trusted_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_other_owners, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
