/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/options.h"

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct ocync_option table[] = {
    {.key = "upload",
     .type = OCYNC_OPTION_ENUM,
     .default_value = "put",
     .choices = "put patch",
     .help = "h"},
    {.key = "page_size", .type = OCYNC_OPTION_INT, .default_value = "100", .help = "h"},
    {.key = "quick", .type = OCYNC_OPTION_BOOL, .help = "h"},
    {.key = "name", .type = OCYNC_OPTION_STRING, .help = "h"},
    {.key = "pin", .type = OCYNC_OPTION_INT, .secret = 1, .help = "h"},
    {.key = "future", .type = 99, .help = "h"},
};

static void checks_values(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        const char *said; /* NULL: fine */
    } cases[] = {
        {"upload", "patch", NULL},
        {"upload", "put", NULL},
        {"upload", "pat", "must be one of: put patch"},
        {"upload", "put patch", "must be one of"},
        {"upload", "", "must be one of"},
        {"page_size", "0", NULL},
        {"page_size", "9223372036854775807", NULL},
        {"page_size", "9223372036854775808", "a number"},
        {"page_size", "-1", "a number"},
        {"page_size", "1k", "\"1k\", but must be a number"},
        {"quick", "true", NULL},
        {"quick", "false", NULL},
        {"quick", "yes", "true or false"},
        {"name", "", NULL},
        {"name", "anything at all", NULL},
        {"future", "anything", NULL},
        {"uplaod", "put", "did you mean \"upload\"?"},
        {"page-size", "1", "did you mean \"page_size\"?"},
        {"zzzzzzzzzz", "1", "see `ocync plugin show reg`"},
        {"", "1", "no option \"\""},
        {"pin", "secret-word", "\"***\", but must be a number"},
        {"pin", "1234", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct driver_setting setting = {cases[i].key, cases[i].value};
        struct error err = ERROR_INIT;
        int r = options_check("reg", table, ARRAY_LEN(table), &setting, 1, &err);
        assert_int_equal(r, cases[i].said ? ERR_CONFIG : 0);
        if (cases[i].said)
            assert_non_null(strstr(err.text, cases[i].said));
        assert_null(strstr(err.text, "secret-word"));
    }
}

static void finds_values(void **state)
{
    (void)state;
    static const struct driver_setting settings[] = {
        {"upload", "patch"}, {"name", "one"}, {"name", "two"}};
    static const struct {
        const char *key, *value;
    } cases[] = {
        {"upload", "patch"}, {"name", "two"},   {"page_size", "100"},
        {"quick", NULL},     {"unknown", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *value =
            options_value(table, ARRAY_LEN(table), settings, ARRAY_LEN(settings), cases[i].key);
        assert_true(str_eq(value, cases[i].value));
    }
    assert_string_equal(options_value(table, ARRAY_LEN(table), NULL, 0, "upload"), "put");
}

static void checks_the_table(void **state)
{
    (void)state;
    static const struct {
        struct ocync_option options[2];
        const char *said;
    } cases[] = {
        {{{.key = "a", .help = "h"}, {.key = "b", .help = "h"}}, NULL},
        {{{.key = "a", .help = "h"}, {.key = "a", .help = "h"}}, "twice"},
        {{{.key = "a", .help = "h"}, {.key = NULL, .help = "h"}}, "its option 2"},
        {{{.key = "a", .help = "h"}, {.key = "B", .help = "h"}}, "a-z"},
        {{{.key = "a", .help = "h"}, {.key = "", .help = "h"}}, "a-z"},
        {{{.key = "a", .help = "h"}, {.key = "b"}}, "no help"},
        {{{.key = "a", .help = "h"}, {.key = "b", .type = OCYNC_OPTION_ENUM, .help = "h"}},
         "no choices"},
        {{{.key = "a", .help = "h"},
          {.key = "b", .type = OCYNC_OPTION_INT, .default_value = "x", .help = "h"}},
         "default"},
        {{{.key = "a", .help = "h"},
          {.key = "b",
           .type = OCYNC_OPTION_ENUM,
           .choices = "x y",
           .default_value = "z",
           .help = "h"}},
         "default"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = ERROR_INIT;
        int r = options_check_table("/p/reg.so", cases[i].options, 2, &err);
        assert_int_equal(r, cases[i].said ? ERR_PLUGIN : 0);
        if (cases[i].said) {
            assert_non_null(strstr(err.text, cases[i].said));
            assert_non_null(strstr(err.text, "/p/reg.so"));
        }
    }
    assert_int_equal(options_check_table("x", table, ARRAY_LEN(table), NULL), 0);
}

static void suggests_only_what_is_near(void **state)
{
    (void)state;
    static const struct {
        const char *given, *nearest;
    } cases[] = {
        {"upload", "upload"}, {"uploads", "upload"}, {"load", "upload"}, {"nmae", "name"},
        {"quikc", "quick"},   {"xxxxxxxx", NULL},    {"p", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_true(
            str_eq(options_nearest(table, ARRAY_LEN(table), cases[i].given), cases[i].nearest));
    char endless[5000];
    memset(endless, 'u', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    options_nearest(table, ARRAY_LEN(table), endless);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_values),
        cmocka_unit_test(finds_values),
        cmocka_unit_test(checks_the_table),
        cmocka_unit_test(suggests_only_what_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
