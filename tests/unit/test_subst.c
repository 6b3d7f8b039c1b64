/* SPDX-License-Identifier: Apache-2.0 */
#include "config/subst.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/ocync-subst.XXXXXX";

static void write_file(const char *name, const char *data, size_t len)
{
    _cleanup_free_ char *path = path_from(folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    write_file("token", "abc\n", 4);
    write_file("lines", "a\nb\r\n", 5);
    write_file("empty", "", 0);
    write_file("nul", "a\0b", 3);
    write_file("latin", "\xe4", 1);
    setenv("OT_A", "value", 1);
    setenv("OT_EMPTY", "", 1);
    setenv("OT_YAML", "x: {y: [1]}\n- z ${OT_A} \"", 1);
    setenv("OT_LATIN", "\xff", 1);
    setenv("OT_PASSWORD", "pw", 1);
    unsetenv("OT_UNSET");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"token", "lines", "empty", "nul", "latin", "full", "over"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        _cleanup_free_ char *path = path_from(folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static struct node *substituted(const char *text, struct config_problems *problems)
{
    struct node *n = node_new(NODE_SCALAR, 3, 5);
    n->is_plain = true;
    node_set_text(n, text, strlen(text));
    subst_tree(n, folder, problems);
    return n;
}

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *value;
        bool secret;
    } rows[] = {
        {"plain", "plain", false},
        {"${OT_A}", "value", false},
        {"a-${OT_A}-${OT_A}", "a-value-value", false},
        {"${OT_UNSET}", "", false},
        {"${OT_UNSET:-d}", "d", false},
        {"${OT_EMPTY:-d}", "d", false},
        {"${OT_A:-d}", "value", false},
        {"${OT_UNSET:-}", "", false},
        {"${OT_UNSET:-a:?b:-c$}", "a:?b:-c$", false},
        {"${OT_A:?no}", "value", false},
        {"$OT_A $ $$ $}", "$OT_A $ $$ $}", false},
        {"$${OT_A}", "${OT_A}", false},
        {"$$${OT_A}", "$${OT_A}", false},
        {"{$}${OT_A}}", "{$}value}", false},
        /* What comes out is not looked at again. */
        {"${OT_YAML}", "x: {y: [1]}\n- z ${OT_A} \"", false},
        {"${file:token}", "abc", true},
        {"<${file:lines}>", "<a\nb>", true},
        {"${file:empty}", "", true},
        {"${OT_PASSWORD}", "pw", true},
        {"${OT_UNSET_TOKEN:-d}", "d", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_problems problems = {0};
        struct node *n = substituted(rows[i].text, &problems);
        assert_int_equal(problems.errors.len, 0);
        assert_string_equal(n->text, rows[i].value);
        assert_int_equal(n->is_secret, rows[i].secret);
        node_free(n);
    }
}

static void mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"${", "without }"},
        {"a ${OT_A", "without }"},
        {"${}", "is no reference"},
        {"${ OT_A}", "is no reference"},
        {"${1A}", "is no reference"},
        {"${OT_A-x}", "is no reference"},
        {"${OT_A:=x}", "is no reference"},
        {"${OT_UNSET:-${OT_A}}", "nested"},
        {"${OT_UNSET:?say it}", "OT_UNSET is not set: say it"},
        {"${OT_EMPTY:?say it}", "OT_EMPTY is not set: say it"},
        {"${OT_UNSET:?}", "OT_UNSET is not set, and is needed"},
        {"${OT_LATIN}", "OT_LATIN is not text"},
        {"${file:}", "without a path"},
        {"${file:missing}", "missing} can't be read: No such file"},
        {"${file:.}", "can't be read: Is a directory"},
        {"${file:nul}", "not text"},
        {"${file:latin}", "not text"},
        {"${file:/dev/zero}", "larger than 64 KiB"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_problems problems = {0};
        struct node *n = substituted(rows[i].text, &problems);
        assert_int_equal(problems.errors.len, 1);
        assert_int_equal(problems.errors.items[0].line, 3);
        assert_int_equal(problems.errors.items[0].column, 5);
        if (!strstr(problems.errors.items[0].text, rows[i].part))
            fail_msg("%s: %s", rows[i].text, problems.errors.items[0].text);
        /* Nothing more is said about it. */
        problem_at(&problems, n, "again");
        assert_int_equal(problems.errors.len, 1);
        node_free(n);
        config_problems_done(&problems);
    }
}

static void files_have_a_bound(void **state)
{
    (void)state;
    struct config_problems problems = {0};
    char *data = xmalloc(SUBST_FILE_MAX + 1);
    memset(data, 'x', SUBST_FILE_MAX + 1);
    write_file("full", data, SUBST_FILE_MAX);
    write_file("over", data, SUBST_FILE_MAX + 1);
    free(data);
    struct node *n = substituted("${file:full}", &problems);
    assert_int_equal(strlen(n->text), SUBST_FILE_MAX);
    assert_int_equal(problems.errors.len, 0);
    node_free(n);
    n = substituted("${file:over}", &problems);
    assert_int_equal(problems.errors.len, 1);
    node_free(n);
    config_problems_done(&problems);
}

/* An empty value is a text, never "nothing"; one that looks like null neither. */
static void never_null(void **state)
{
    (void)state;
    struct config_problems problems = {0};
    setenv("OT_NULL", "null", 1);
    struct node *n = substituted("${OT_UNSET}", &problems);
    assert_false(node_is_null(n));
    node_free(n);
    n = substituted("${OT_NULL}", &problems);
    assert_false(node_is_null(n));
    node_free(n);
}

static void only_values(void **state)
{
    (void)state;
    struct config_problems problems = {0};
    struct node *map = node_new(NODE_MAP, 1, 1), *list = node_new(NODE_LIST, 1, 1);
    node_put(map, "${OT_A}", list, map);
    vec_add(&list->items, node_new_scalar("${OT_A}", map));
    subst_tree(map, NULL, &problems);
    assert_string_equal(list->key, "${OT_A}");
    assert_string_equal(list->items.items[0]->text, "value");
    node_free(map);
}

static void secret_names(void **state)
{
    (void)state;
    static const char *const yes[] = {"GITHUB_TOKEN", "token",       "db_password", "MY_SECRET_1",
                                      "PRIVATE_KEY",  "CREDENTIALS", "api_key",     "PASSWD"};
    static const char *const no[] = {"USER", "HOME", "KEY", "DOCKER_USERNAME", "PASS"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(name_looks_secret(yes[i]));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(name_looks_secret(no[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(files_have_a_bound),
        cmocka_unit_test(never_null),
        cmocka_unit_test(only_values),
        cmocka_unit_test(secret_names),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
