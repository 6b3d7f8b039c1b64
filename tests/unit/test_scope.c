/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/scope.h"

static const struct {
    const char *text;
    const char *type, *name, *actions; /* type NULL: refused */
} parses[] = {
    {"repository:library/nginx:pull", "repository", "library/nginx", "pull"},
    {"repository:a/b:push,pull", "repository", "a/b", "pull,push"},
    {"repository:a/b:pull,push,pull", "repository", "a/b", "pull,push"},
    {"repository:reg.example:5000/a/b:pull", "repository", "reg.example:5000/a/b", "pull"},
    {"repository(plugin):a/b:pull", "repository", "a/b", "pull"},
    {"registry:catalog:*", "registry", "catalog", "*"},
    {"repository:a/b:metadata_read,pull", "repository", "a/b", "metadata_read,pull"},
    {"aws", "aws", NULL, NULL},
    {"*", "*", NULL, NULL},
    {"", NULL, NULL, NULL},
    {"repository:a/b:", NULL, NULL, NULL},
    {"repository:a/b:,", NULL, NULL, NULL},
    {"repository::pull", NULL, NULL, NULL},
    {":a:pull", NULL, NULL, NULL},
    {"repository:a b:pull", NULL, NULL, NULL},
    {"repository:a\r\nb:pull", NULL, NULL, NULL},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parses); i++) {
        struct scope scope = {0};
        struct error err = ERROR_INIT;
        int result = scope_parse(parses[i].text, &scope, &err);
        if (!parses[i].type) {
            assert_int_equal(result, ERR_PROTOCOL);
            assert_null(scope.type);
            continue;
        }
        assert_int_equal(result, 0);
        assert_string_equal(scope.type, parses[i].type);
        if (parses[i].name) {
            assert_string_equal(scope.name, parses[i].name);
            assert_string_equal(scope.actions, parses[i].actions);
        } else {
            assert_null(scope.name);
            assert_null(scope.actions);
        }
        scope_done(&scope);
    }
}

static const struct {
    const char *have, *want;
    bool covers;
} covers[] = {
    {"repository:a:pull,push", "repository:a:pull", true},
    {"repository:a:push,pull", "repository:a:pull,push", true},
    {"repository:a:*", "repository:a:pull,delete", true},
    {"repository:a:pull", "repository:a:pull,push", false},
    {"repository:a:pullx", "repository:a:pull", false},
    {"repository:a:pul", "repository:a:pull", false},
    {"repository:a:pull", "repository:a/b:pull", false},
    {"repository:a:pull repository:b:pull,push", "repository:b:push", true},
    {"repository:a:pull", "repository:a:pull repository:b:pull", false},
    {"registry:catalog:*", "repository:catalog:pull", false},
    {"aws", "aws", true},
    {"aws", "repository:a:pull", false},
    {"repository:a:pull", "", true},
};

static void test_covers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(covers); i++) {
        struct scope_set have = {0}, want = {0};
        assert_int_equal(scope_set_add_text(&have, covers[i].have, NULL), 0);
        assert_int_equal(scope_set_add_text(&want, covers[i].want, NULL), 0);
        assert_int_equal(scope_set_covers(&have, &want), covers[i].covers);
        scope_set_done(&have);
        scope_set_done(&want);
    }
}

static const struct {
    const char *first, *second, *key;
} merges[] = {
    {"repository:b:push,pull", "repository:a:pull", "repository:a:pull repository:b:pull,push"},
    {"repository:a:pull", "repository:a:push", "repository:a:pull,push"},
    {"repository:a:pull,push", "repository:a:pull", "repository:a:pull,push"},
    {"aws  aws", "repository:a:pull ", "aws repository:a:pull"},
    {"", "", ""},
};

static void test_key_is_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(merges); i++) {
        for (int turned = 0; turned < 2; turned++) {
            struct scope_set set = {0};
            const char *first = turned ? merges[i].second : merges[i].first;
            const char *second = turned ? merges[i].first : merges[i].second;
            assert_int_equal(scope_set_add_text(&set, first, NULL), 0);
            assert_int_equal(scope_set_add_text(&set, second, NULL), 0);
            _cleanup_free_ char *key = scope_set_key(&set);
            assert_string_equal(key, merges[i].key);
            scope_set_done(&set);
        }
    }
}

static void test_order_of_requests_is_kept(void **state)
{
    (void)state;
    struct scope_set set = {0};
    scope_set_add_repository(&set, "z/target", true);
    scope_set_add_repository(&set, "a/source", false);
    scope_set_add_repository(&set, "z/target", false);
    assert_int_equal(set.list.len, 2);
    _cleanup_free_ char *first = scope_text(&set.list.items[0]);
    _cleanup_free_ char *second = scope_text(&set.list.items[1]);
    assert_string_equal(first, "repository:z/target:pull,push");
    assert_string_equal(second, "repository:a/source:pull");
    scope_set_done(&set);
}

static void test_bad_text_adds_nothing(void **state)
{
    (void)state;
    struct scope_set set = {0};
    assert_int_equal(scope_set_add_text(&set, "repository:a:pull repository:b:", NULL),
                     ERR_PROTOCOL);
    assert_int_equal(set.list.len, 0);
    scope_set_done(&set);
}

static const struct {
    const char *set, *more;
    size_t max;
    const char *key; /* afterwards */
    bool joins;
} joins[] = {
    {"repository:a:pull", "repository:b:pull", 2, "repository:a:pull repository:b:pull", true},
    {"repository:a:pull", "repository:b:pull", 1, "repository:a:pull", false},
    {"repository:a:pull", "repository:a:push", 1, "repository:a:pull,push", true},
    {"repository:a:pull", "registry:catalog:* aws", 1, "aws registry:catalog:* repository:a:pull",
     true},
    {"", "repository:a:pull", 1, "repository:a:pull", true},
};

static void test_join_counts_repositories(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(joins); i++) {
        struct scope_set set = {0}, more = {0};
        assert_int_equal(scope_set_add_text(&set, joins[i].set, NULL), 0);
        assert_int_equal(scope_set_add_text(&more, joins[i].more, NULL), 0);
        assert_int_equal(scope_set_join(&set, &more, joins[i].max), joins[i].joins);
        _cleanup_free_ char *key = scope_set_key(&set);
        assert_string_equal(key, joins[i].key);
        scope_set_done(&set);
        scope_set_done(&more);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_covers),
        cmocka_unit_test(test_key_is_canonical),
        cmocka_unit_test(test_order_of_requests_is_kept),
        cmocka_unit_test(test_bad_text_adds_nothing),
        cmocka_unit_test(test_join_counts_repositories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
