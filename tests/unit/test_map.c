/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int values[3000];

static void key_of(size_t i, char *out, size_t size)
{
    snprintf(out, size, "key-%zu", i);
}

static void puts_gets_replaces(void **state)
{
    (void)state;
    struct map *m = map_new();
    assert_null(map_get(m, "a"));
    assert_null(map_put(m, "a", &values[1]));
    assert_ptr_equal(map_get(m, "a"), &values[1]);
    assert_ptr_equal(map_put(m, "a", &values[2]), &values[1]);
    assert_ptr_equal(map_get(m, "a"), &values[2]);
    assert_int_equal(map_size(m), 1);
    assert_null(map_put(m, "", &values[0]));
    assert_ptr_equal(map_get(m, ""), &values[0]);
    assert_null(map_get(m, "A"));
    map_free(m, NULL);
    map_free(NULL, NULL);
}

static void keys_are_copied(void **state)
{
    (void)state;
    struct map *m = map_new();
    char key[] = "abc";
    map_put(m, key, &values[0]);
    key[0] = 'x';
    assert_ptr_equal(map_get(m, "abc"), &values[0]);
    assert_null(map_get(m, "xbc"));
    map_free(m, NULL);
}

static void removal(void **state)
{
    (void)state;
    struct map *m = map_new();
    assert_null(map_remove(m, "a"));
    map_put(m, "a", &values[0]);
    assert_ptr_equal(map_remove(m, "a"), &values[0]);
    assert_null(map_remove(m, "a"));
    assert_null(map_get(m, "a"));
    assert_int_equal(map_size(m), 0);
    map_put(m, "a", &values[1]);
    assert_ptr_equal(map_get(m, "a"), &values[1]);
    map_free(m, NULL);
}

/* Many keys, a third of them removed along the way: nothing gets lost or comes back. */
static void many(void **state)
{
    (void)state;
    struct map *m = map_new();
    char key[32];
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        key_of(i, key, sizeof(key));
        assert_null(map_put(m, key, &values[i]));
        if (i % 3 == 2) {
            key_of(i - 1, key, sizeof(key));
            assert_ptr_equal(map_remove(m, key), &values[i - 1]);
        }
    }
    assert_int_equal(map_size(m), ARRAY_LEN(values) * 2 / 3);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        key_of(i, key, sizeof(key));
        assert_ptr_equal(map_get(m, key), i % 3 == 1 ? NULL : &values[i]);
    }
    map_free(m, NULL);
}

/* One key put and removed for ever must not make the map grow or the search endless. */
static void churn(void **state)
{
    (void)state;
    struct map *m = map_new();
    char key[32];
    for (size_t i = 0; i < 100000; i++) {
        key_of(i, key, sizeof(key));
        map_put(m, key, &values[0]);
        assert_ptr_equal(map_remove(m, key), &values[0]);
    }
    assert_int_equal(map_size(m), 0);
    assert_null(map_get(m, "other"));
    map_free(m, NULL);
}

static void walks_in_order_of_insertion(void **state)
{
    (void)state;
    struct map *m = map_new();
    char key[32];
    for (size_t i = 0; i < 50; i++) {
        key_of(i, key, sizeof(key));
        map_put(m, key, &values[i]);
    }
    map_remove(m, "key-0");
    map_remove(m, "key-7");
    size_t pos = 0, expected = 1, seen = 0;
    void *value;
    const char *found;
    while ((found = map_next(m, &pos, &value))) {
        if (expected == 7)
            expected++;
        key_of(expected, key, sizeof(key));
        assert_string_equal(found, key);
        assert_ptr_equal(value, &values[expected]);
        expected++;
        seen++;
    }
    assert_int_equal(seen, 48);
    pos = 0;
    assert_non_null(map_next(m, &pos, NULL));
    map_free(m, NULL);
}

static size_t freed;

static void count_free(void *p)
{
    free(p);
    freed++;
}

static void frees_what_is_left(void **state)
{
    (void)state;
    struct map *m = map_new();
    map_put(m, "a", xstrdup("1"));
    map_put(m, "b", xstrdup("2"));
    map_put(m, "c", xstrdup("3"));
    free(map_remove(m, "b"));
    freed = 0;
    map_free(m, count_free);
    assert_int_equal(freed, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_gets_replaces),
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(removal),
        cmocka_unit_test(many),
        cmocka_unit_test(churn),
        cmocka_unit_test(walks_in_order_of_insertion),
        cmocka_unit_test(frees_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
