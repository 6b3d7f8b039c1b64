/* SPDX-License-Identifier: Apache-2.0 */
/* Real shared objects: found, matched, trusted, loaded, or refused with a sentence. */
#include "folders.h"

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Finding ------------------------------------------------------------------------------- */

static void finds_drivers_in_order(void **state)
{
    (void)state;
    put_driver("good", "one/good.so");
    put_driver("newer", "two/newer.so");
    put_driver("good", "two/good.so");
    put_driver("older", "default/older.so");
    put_driver("plain-object", "two/plain-object.so");
    put_driver("good", "two/misnamed.so");
    put_driver("good", "two/.hidden.so");
    put_driver("good", "two/good.so.1");
    put_file("two/empty.so", "", 0);
    put_file("two/torn.so", "\177ELF\2\1\1\0\0\0\0\0\0\0\0", 16);
    static const struct {
        const char *path;
        enum plugin_state state;
        bool builtin;
        const char *why;
    } expected[] = {
        {"one/good.so", PLUGIN_DRIVER, false, NULL},
        {"two/empty.so", PLUGIN_NOT_DRIVER, false, "no driver note"},
        {"two/good.so", PLUGIN_SHADOWED, false, "/one/good.so comes first"},
        {"two/misnamed.so", PLUGIN_JUNK, false, "calls itself good: name the file good.so"},
        {"two/newer.so", PLUGIN_DRIVER, false, NULL},
        {"two/plain-object.so", PLUGIN_NOT_DRIVER, false, "no driver note"},
        {"two/torn.so", PLUGIN_JUNK, false, "damaged: its ELF header is cut short"},
        {"default/older.so", PLUGIN_DRIVER, true, NULL},
    };
    struct catalogue *catalogue = look();
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        const struct plugin *plugin = catalogue_at(catalogue, i);
        assert_non_null(plugin);
        assert_true(str_has_suffix(plugin->path, expected[i].path));
        assert_int_equal(plugin->state, expected[i].state);
        assert_int_equal(plugin->builtin, expected[i].builtin);
        if (expected[i].why)
            assert_non_null(strstr(plugin->why, expected[i].why));
        else
            assert_null(plugin->why);
    }
    assert_null(catalogue_at(catalogue, ARRAY_LEN(expected)));
    assert_string_equal(catalogue_at(catalogue, 4)->note.hosts, "newer.example");
    assert_ptr_equal(catalogue_find(catalogue, "good"), catalogue_at(catalogue, 0));
    assert_null(catalogue_find(catalogue, "nobody"));
    assert_int_equal(size_of_trace(), 0);
    catalogue_free(catalogue);
}

static void looks_once_into_each_folder(void **state)
{
    (void)state;
    put_driver("good", "one/good.so");
    _cleanup_free_ char *one = in_base("one"), *again = in_base("two/../one");
    _cleanup_free_ char *missing = in_base("missing");
    _cleanup_free_ char *list = xasprintf("%s::%s:%s", again, missing, again);
    const char *const dirs[] = {one, one};
    const struct catalogue_sources sources = {
        .dirs = dirs, .n_dirs = 2, .env = list, .default_dir = one};
    struct catalogue *catalogue = catalogue_new(&sources, NULL);
    assert_non_null(catalogue_at(catalogue, 0));
    assert_null(catalogue_at(catalogue, 1));
    assert_false(catalogue_at(catalogue, 0)->builtin);
    catalogue_free(catalogue);
}

static void wants_named_folders_to_exist(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    _cleanup_free_ char *missing = in_base("missing");
    const char *const dirs[] = {missing};
    const struct catalogue_sources sources = {.dirs = dirs, .n_dirs = 1, .default_dir = missing};
    assert_null(catalogue_new(&sources, &err));
    assert_int_equal(err.class, ERR_PLUGIN);
    assert_non_null(strstr(err.text, missing));
    assert_non_null(strstr(err.text, "--plugin-dir"));
}

static void matches_hosts(void **state)
{
    (void)state;
    put_driver("good", "two/good.so");
    put_driver("newer", "one/newer.so");
    struct catalogue *catalogue = look();
    assert_string_equal(catalogue_match(catalogue, "registry.example:443")->name, "good");
    assert_string_equal(catalogue_match(catalogue, "newer.example")->name, "newer");
    assert_null(catalogue_match(catalogue, "other.example"));
    catalogue_free(catalogue);
}

/* Standard error of a call, as text. */
static char *logged_by(struct catalogue *catalogue, const char *host)
{
    char *text = xcalloc(1, 4096);
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    catalogue_match(catalogue, host);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    text[fread(text, 1, 4095, file)] = '\0';
    fclose(file);
    return text;
}

static void says_once_that_a_builtin_is_overridden(void **state)
{
    (void)state;
    put_driver("good", "one/good.so");
    put_driver("good", "default/good.so");
    put_driver("newer", "default/newer.so");
    struct catalogue *catalogue = look();
    _cleanup_free_ char *first = logged_by(catalogue, "registry.example");
    _cleanup_free_ char *second = logged_by(catalogue, "registry.example");
    _cleanup_free_ char *other = logged_by(catalogue, "newer.example");
    assert_non_null(strstr(first, "one/good.so answers for registry.example instead of the "
                                  "built-in driver good"));
    assert_string_equal(second, "");
    assert_string_equal(other, "");
    catalogue_free(catalogue);
}

/* ---- Loading ------------------------------------------------------------------------------- */

static void loads_only_what_is_used(void **state)
{
    (void)state;
    put_driver("good", "one/good.so");
    put_driver("newer", "one/newer.so");
    struct catalogue *catalogue = look();
    struct driver_instance *newer = NULL, *first = NULL, *second = NULL;
    assert_int_equal(open_host(catalogue, "newer.example", NULL, &newer, NULL), 0);
    assert_int_equal(size_of_trace(), 0);
    assert_int_equal(open_host(catalogue, "registry.example", NULL, &first, NULL), 0);
    assert_int_equal(size_of_trace(), strlen("loaded\n"));
    assert_int_equal(open_host(catalogue, "x.registry.example", NULL, &second, NULL), 0);
    assert_int_equal(size_of_trace(), strlen("loaded\n"));
    assert_ptr_equal(driver_instance_driver(first), driver_instance_driver(second));
    assert_string_equal(driver_instance_host(second), "x.registry.example");
    driver_instance_free(newer);
    assert_int_equal(size_of_closed(), 0);
    driver_instance_free(first);
    driver_instance_free(second);
    driver_instance_free(NULL);
    assert_int_equal(size_of_closed(), 2 * strlen("self"));
    catalogue_free(catalogue);
}

static void refuses_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *driver, *host;
        const char *said[3];
    } cases[] = {
        {"future-major", "future.example", {"driver ABI 2", "ABI 1", "build it"}},
        {"hidden-major", "hidden.example", {"driver ABI 3", "ABI 1", "build it"}},
        {"bad-magic", "magic.example", {"0x12345678", "0x4f435944", "OCYNC_DRIVER_MAGIC"}},
        {"two-minds", "minds.example", {"note has the hosts \"minds.example\"", "struct \"*\""}},
        {"no-entry", "entry.example", {"does not export ocync_driver_entry"}},
        {"returns-nothing", "nothing.example", {"returns nothing"}},
        {"bad-option", "option.example", {"option 2 (same)", "twice"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        _cleanup_free_ char *name = xasprintf("one/%s.so", cases[i].driver);
        put_driver(cases[i].driver, name);
    }
    struct catalogue *catalogue = look();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct driver_instance *instance = NULL;
        struct error err = ERROR_INIT;
        assert_int_equal(open_host(catalogue, cases[i].host, NULL, &instance, &err), ERR_PLUGIN);
        assert_null(instance);
        assert_non_null(strstr(err.text, catalogue_match(catalogue, cases[i].host)->path));
        for (size_t j = 0; j < 3 && cases[i].said[j]; j++) {
            if (!strstr(err.text, cases[i].said[j]))
                fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].said[j]);
        }
    }
    /* Told by its note: none of its code ran. */
    assert_int_equal(size_of_trace(), 0);
    catalogue_free(catalogue);
}

static void refuses_junk_only_when_named(void **state)
{
    (void)state;
    struct driver_instance *instance = NULL;
    struct error err = ERROR_INIT;
    put_driver("plain-object", "one/plain-object.so");
    put_file("one/torn.so", "\177ELF\2\1\1\0\0\0\0\0\0\0\0", 16);
    put_driver("good", "one/good.so");
    struct catalogue *catalogue = look();
    assert_int_equal(open_host(catalogue, "registry.example", "plain-object", &instance, &err),
                     ERR_PLUGIN);
    assert_non_null(strstr(err.text, "plain-object.so is not loaded: the file has no driver note"));
    assert_int_equal(open_host(catalogue, "registry.example", "torn", &instance, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "torn.so is not loaded: the file is damaged"));
    assert_int_equal(open_host(catalogue, "registry.example", "nobody", &instance, &err),
                     ERR_PLUGIN);
    assert_non_null(strstr(err.text, "no driver named nobody"));
    assert_int_equal(open_host(catalogue, "other.example", NULL, &instance, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "other.example: no driver claims this registry"));
    assert_int_equal(open_host(catalogue, "other.example", "good", &instance, &err), 0);
    driver_instance_free(instance);
    catalogue_free(catalogue);
}

static void refuses_what_others_may_write(void **state)
{
    (void)state;
    struct driver_instance *instance = NULL;
    struct error err = ERROR_INIT;
    put_driver("good", "one/good.so");
    _cleanup_free_ char *path = in_base("one/good.so"), *folder = in_base("one");
    struct catalogue *catalogue = look();
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(open_host(catalogue, "registry.example", NULL, &instance, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "everyone may write"));
    assert_int_equal(size_of_trace(), 0);
    const char *const dirs[] = {folder};
    const struct catalogue_sources trusting = {
        .dirs = dirs, .n_dirs = 1, .default_dir = folder, .trusted = dirs, .n_trusted = 1};
    struct catalogue *other = catalogue_new(&trusting, NULL);
    assert_int_equal(open_host(other, "registry.example", NULL, &instance, &err), 0);
    driver_instance_free(instance);
    catalogue_free(other);
    catalogue_free(catalogue);
}

static void refuses_a_file_that_changed(void **state)
{
    (void)state;
    struct driver_instance *instance = NULL;
    struct error err = ERROR_INIT;
    put_driver("good", "one/good.so");
    struct catalogue *catalogue = look();
    put_driver("newer", "one/good.so");
    assert_int_equal(open_host(catalogue, "registry.example", NULL, &instance, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "changed while the program ran"));
    catalogue_free(catalogue);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, folders_set_up, folders_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(finds_drivers_in_order),
        TEST(looks_once_into_each_folder),
        TEST(wants_named_folders_to_exist),
        TEST(matches_hosts),
        TEST(says_once_that_a_builtin_is_overridden),
        TEST(loads_only_what_is_used),
        TEST(refuses_with_a_sentence),
        TEST(refuses_junk_only_when_named),
        TEST(refuses_what_others_may_write),
        TEST(refuses_a_file_that_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
