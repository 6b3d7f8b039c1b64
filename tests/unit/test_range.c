/* SPDX-License-Identifier: Apache-2.0 */
#include "select/version_range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "select/version.h"

#include <string.h>

static bool is_in(const char *range_text, const char *tag)
{
    struct version_range *range = NULL;
    struct error err = ERROR_INIT;
    if (version_range_new(range_text, &range, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(version_range_text(range), range_text);
    struct version version;
    if (!version_parse(tag, &version))
        fail_msg("%s is no version", tag);
    bool in = version_range_has(range, &version);
    version_range_free(range);
    return in;
}

static void holds(void **state)
{
    (void)state;
    static const struct {
        const char *range, *in, *out; /* tags separated by spaces; NULL: none */
    } rows[] = {
        {">=15.0", "15.10-alpine 15 16 15.0.0-rc1", "14.9 14.99-alpine"},
        {"<2.0", "1.9 1", "2.0.0-rc1 2 2.0"},
        {"1.0", "1 1.0.0 v1.0 1.0-alpine", "1.0.5 1.1"},
        {"=1.0", "1 1.0.0", "1.0.5"},
        {"= v1.0", "1 1.0.0", "1.0.5"},
        {">1.0", "1.0.1 1.0.0_1 2", "1.0 1.0.0-r5"},
        {"<=1.0", "1.0.0 0.9 1.0-rc1", "1.0.1"},
        {">=1.25, <1.26", "1.25 1.25.5 1.25.9-alpine", "1.24.9 1.26 1.26.0-rc1"},
        {">=1.25,<1.26", "1.25.5", "1.26"},
        {">=1.25 <1.26", "1.25.5", "1.24 1.26"},
        {" >= 1.25 , < v1.26 ", "1.25.5", "1.24 1.26"},
        {">=1.25<1.26", "1.25.5", "1.24 1.26"},
        {"1.1 || 1.3", "1.1 1.3", "1.2"},
        {"1.1||>=1.3,<1.5||7", "1.1 1.3 1.4 7.0", "1.2 1.5 6"},
        {"<1 || >=2 <3", "0.9 2.5", "1 3"},
        {"^1.2.3", "1.2.3 1.9 1.99.99-x", "1.2.2 2 2.0.0-rc1"},
        {"^1", "1 1.99", "0.9 2"},
        {"^1.2", "1.2 1.3", "1.1 2"},
        {"^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3 1"},
        {"^0.2", "0.2 0.2.9", "0.3"},
        {"^0.0.3", "0.0.3 0.0.3.1", "0.0.2 0.0.4"},
        {"^0.0", "0.0 0.0.9", "0.1"},
        {"^0", "0 0.9", "1"},
        {"^v1.2", "1.3", "2"},
        {"~1.2.3", "1.2.3 1.2.99", "1.2.2 1.3"},
        {"~1.2", "1.2 1.2.99", "1.1 1.3"},
        {"~1", "1 1.99", "2 0.9"},
        {"~0.0.1", "0.0.1 0.0.9", "0.1 0.0.0"},
        {"~1.2.3.4", "1.2.3.4 1.2.9", "1.2.3.3 1.3"},
        {"^1.2 <1.5", "1.2 1.4", "1.5 1.1"},
        {"~3.11 || ~3.12", "3.11.1 3.12.9", "3.10 3.13"},
        {">=25.0.3.9", "25.0.3_9-jre 25.0.3_10", "25.0.3_8 25.0.3"},
        {">=20240101", "20240115 v20250101", "2024.01.15"},
        {"9223372036854775806", "9223372036854775806", "9223372036854775807"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int wanted = 0; wanted < 2; wanted++) {
            _cleanup_free_ char *copy = xstrdup(wanted ? rows[i].in : rows[i].out);
            char *rest = copy, *tag;
            while ((tag = strsep(&rest, " "))) {
                if (is_in(rows[i].range, tag) != wanted)
                    fail_msg("\"%s\" and %s", rows[i].range, tag);
            }
        }
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *range, *why;
    } rows[] = {
        {"", "empty"},
        {"  ", "empty"},
        {"*", "wildcards are not supported: write ~1.25 for 1.25.x, ^1 for 1.x, at character 1"},
        {">=1.x",
         "wildcards are not supported: write ~1.25 for 1.25.x, ^1 for 1.x, at character 5"},
        {"1.X", "wildcards"},
        {"1.*", "wildcards"},
        {"x", "wildcards"},
        {"1.2x", "wildcards"},
        {">=1.0-rc1", "a bound has no suffix"},
        {">=1.0-rc1", "at character 6"},
        {"1.0 - 2.0", "\"A - B\" is written >=A, <=B"},
        {"1.0 - 2.0", "at character 5"},
        {"!=1.0", "tags.exclude, at character 1"},
        {">=1 !=1.5", "tags.exclude, at character 5"},
        {"==1.0", "write \"=\" for \"==\", at character 1"},
        {"~>1.0", "\"~>\" does not exist"},
        {"=>1.0", "write \">=\""},
        {"=<1.0", "write \"<=\""},
        {"<>1.0", "tags.exclude"},
        {">=", "expected a version of numbers and dots, such as 1.25, at character 3"},
        {">=1,", "expected a version of numbers and dots, such as 1.25, at character 5"},
        {">=1,,<2", "at character 5"},
        {"1 ||", "expected a version"},
        {"|| 1", "expected a version"},
        {"1 || || 2", "expected a version"},
        {"1 | 2", "write \"||\" between alternatives, at character 3"},
        {"1.", "expected a version"},
        {"1..2", "expected a version"},
        {"v", "expected a version"},
        {"latest", "expected a version"},
        {"1.2_3", "expected a version"},
        {">>1", "expected a version"},
        {"> =1", "expected a version"},
        {"99999999999999999999", "the number is too large, at character 1"},
        {"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17", "not supported"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct version_range *range = NULL;
        struct error err = ERROR_INIT;
        assert_int_equal(version_range_new(rows[i].range, &range, &err), ERR_CONFIG);
        assert_null(range);
        if (!strstr(err.text, rows[i].why))
            fail_msg("\"%s\": %s", rows[i].range, err.text);
    }
    char longest[VERSION_RANGE_LENGTH_MAX + 2];
    memset(longest, '1', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    struct version_range *range = NULL;
    struct error err = ERROR_INIT;
    assert_int_equal(version_range_new(longest, &range, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
