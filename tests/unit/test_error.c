/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void set_fills_everything(void **state)
{
    (void)state;
    struct error err = {.class = ERR_IO, .http_status = 500, .retry_after_ms = 7};
    assert_int_equal(error_set(&err, ERR_NOT_FOUND, "no tag %s in %d", "1.0", 3), ERR_NOT_FOUND);
    assert_int_equal(err.class, ERR_NOT_FOUND);
    assert_string_equal(err.text, "no tag 1.0 in 3");
    assert_int_equal(err.http_status, 0);
    assert_int_equal(err.retry_after_ms, -1);
}

static void nobody_listens(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERR_AUTH, "x"), ERR_AUTH);
    assert_true(error_wrap(NULL, "x") < 0);
    assert_true(error_append(NULL, "x") < 0);
}

static void wrap_and_append_keep_the_class(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    error_set(&err, ERR_DENIED, "refused");
    err.http_status = 403;
    err.retry_after_ms = 5000;
    assert_int_equal(error_wrap(&err, "pushing %s", "app"), ERR_DENIED);
    assert_int_equal(error_append(&err, "; log in (%d)", 1), ERR_DENIED);
    assert_string_equal(err.text, "pushing app: refused; log in (1)");
    assert_int_equal(err.http_status, 403);
    assert_int_equal(err.retry_after_ms, 5000);
}

static void controls_never_get_through(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    error_set(&err, ERR_PROTOCOL, "%s", "a\x1b[31m\r\nb");
    assert_string_equal(err.text, "a\\x1b[31m\\x0d\\x0ab");
    error_wrap(&err, "%s", "x\ty");
    error_append(&err, "%s", "\x7f");
    assert_string_equal(err.text, "x\\x09y: a\\x1b[31m\\x0d\\x0ab\\x7f");
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    char text[3 * ERROR_TEXT_MAX];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct error err = ERROR_INIT;
    error_set(&err, ERR_IO, "%s", text);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
    error_wrap(&err, "%s", text);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
    error_append(&err, "%s", text);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
    error_set(&err, ERR_IO, "y");
    error_wrap(&err, "%s", text);
    assert_int_equal(err.text[0], 'x');
}

static void clear_forgets(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    error_set(&err, ERR_IO, "x");
    error_clear(&err);
    assert_int_equal(err.class, ERR_NONE);
    assert_string_equal(err.text, "");
    assert_int_equal(err.retry_after_ms, -1);
}

static void every_class_has_its_own_name(void **state)
{
    (void)state;
    for (int a = ERR_UNSUPPORTED; a <= ERR_NONE; a++) {
        const char *name = error_class_name((enum error_class)a);
        assert_non_null(name);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
        for (int b = a + 1; b <= ERR_NONE; b++)
            assert_string_not_equal(name, error_class_name((enum error_class)b));
    }
    assert_string_equal(error_class_name(ERR_TOO_LARGE), "too-large");
    assert_string_equal(error_class_name((enum error_class)1), "internal");
    assert_string_equal(error_class_name((enum error_class) - 1000), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_everything),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(wrap_and_append_keep_the_class),
        cmocka_unit_test(controls_never_get_through),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(clear_forgets),
        cmocka_unit_test(every_class_has_its_own_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
