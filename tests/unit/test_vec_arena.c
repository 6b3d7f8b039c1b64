/* SPDX-License-Identifier: Apache-2.0 */
/* The small owners of memory: vectors, arenas, secrets. */
#include "base/arena.h"
#include "base/secret.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void vector_grows_and_keeps_order(void **state)
{
    (void)state;
    VEC(int) v = {0};
    for (int i = 0; i < 1000; i++)
        vec_add(&v, i);
    assert_int_equal(v.len, 1000);
    assert_true(v.alloc >= v.len);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v.items[i], i);
    vec_done(&v);
    assert_null(v.items);
    assert_int_equal(v.len, 0);
}

static void vector_removes_anywhere(void **state)
{
    (void)state;
    VEC(int) v = {0};
    for (int i = 0; i < 5; i++)
        vec_add(&v, i);
    vec_remove(&v, 4);
    vec_remove(&v, 0);
    vec_remove(&v, 1);
    assert_int_equal(v.len, 2);
    assert_int_equal(v.items[0], 1);
    assert_int_equal(v.items[1], 3);
    vec_remove(&v, 0);
    vec_remove(&v, 0);
    assert_int_equal(v.len, 0);
    vec_add(&v, 9);
    assert_int_equal(v.items[0], 9);
    vec_done(&v);
}

static void vector_of_structs(void **state)
{
    (void)state;
    struct pair {
        int a, b;
    };
    VEC(struct pair) v = {0};
    vec_add(&v, (struct pair){1, 2});
    vec_add(&v, (struct pair){.b = 3});
    assert_int_equal(v.items[0].b, 2);
    assert_int_equal(v.items[1].a, 0);
    vec_done(&v);
}

static void arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 16, 100, 2047, 2048, 2049, 100000, 3};
    struct arena *a = arena_new();
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            unsigned char *p = arena_alloc(a, sizes[i]);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(p[k], 0);
            memset(p, 0xaa, sizes[i]);
        }
    }
    arena_free(a);
    arena_free(NULL);
}

static void arena_pieces_do_not_overlap(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    char *first = arena_strdup(a, "first");
    char *second = arena_strndup(a, "second and more", 6);
    char *third = arena_printf(a, "%s-%d", "third", 3);
    memset(arena_alloc(a, 64), 'x', 64);
    assert_string_equal(first, "first");
    assert_string_equal(second, "second");
    assert_string_equal(third, "third-3");
    arena_free(a);
}

static void secrets(void **state)
{
    (void)state;
    struct secret *s = secret_new("hunter2");
    assert_string_equal(secret_reveal(s), "hunter2");
    assert_int_equal(secret_len(s), 7);
    struct secret *copy = secret_dup(s);
    secret_free(s);
    assert_string_equal(secret_reveal(copy), "hunter2");
    secret_free(copy);
    s = secret_new_len("a\0b-", 3);
    assert_int_equal(secret_len(s), 3);
    assert_memory_equal(secret_reveal(s), "a\0b", 4);
    secret_free(s);
    assert_null(secret_dup(NULL));
    secret_free(NULL);
    secret_wipe_str(NULL);
    secret_wipe_str(xstrdup("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vector_grows_and_keeps_order),
        cmocka_unit_test(vector_removes_anywhere),
        cmocka_unit_test(vector_of_structs),
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_pieces_do_not_overlap),
        cmocka_unit_test(secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
