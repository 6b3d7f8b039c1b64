/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/nearest.h"
#include "base/str.h"

#include <string.h>

static const char *const commands[] = {"copy", "tags", "inspect", "plugin", "version"};

static const struct {
    const char *word, *near;
} words[] = {
    {"copy", "copy"},       {"coyp", "copy"}, /* two letters swapped: two edits */
    {"cop", "copy"},                          /* one is missing */
    {"copyy", "copy"},                        /* one too many */
    {"kopy", "copy"},       {"opy", "copy"},        {"tag", "tags"},
    {"insepct", "inspect"}, {"inspekt", "inspect"}, {"plugins", "plugin"},
    {"verzion", "version"}, {"vresoin", NULL}, /* four edits are another word */
    {"cat", NULL},          {"xyzzy", NULL},        {"COPY", NULL},
};

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const char *near = nearest_word(words[i].word, commands, ARRAY_LEN(commands));
        if (!str_eq(near, words[i].near))
            fail_msg("%s: %s", words[i].word, near ? near : "none");
    }
}

static void test_the_nearest_wins(void **state)
{
    (void)state;
    static const char *const near[] = {"platforms", "platform", "plotform"};
    assert_string_equal(nearest_word("platfrom", near, 3), "platform");
    assert_string_equal(nearest_word("plotfor", near, 3), "plotform");
    assert_string_equal(nearest_word("platforms", near, 3), "platforms");
    /* the first of equals */
    static const char *const equals[] = {"abcd", "abce"};
    assert_string_equal(nearest_word("abcf", equals, 2), "abcd");
}

static void test_no_words_and_long_words(void **state)
{
    (void)state;
    char longest[66], tried[500];
    memset(longest, 'a', sizeof(longest));
    longest[65] = '\0';
    memset(tried, 'a', sizeof(tried));
    tried[499] = '\0';
    const char *const known[] = {longest};
    assert_null(nearest_word("copy", NULL, 0));
    assert_null(nearest_word(longest, known, 1)); /* longer than any name of ours */
    longest[64] = '\0';
    assert_string_equal(nearest_word(longest + 1, known, 1), longest);
    assert_null(nearest_word(tried, known, 1));
    assert_null(nearest_word(tried, commands, ARRAY_LEN(commands)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_the_nearest_wins),
        cmocka_unit_test(test_no_words_and_long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
