/* SPDX-License-Identifier: Apache-2.0 */
#include "select/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"

#include <string.h>

static void parses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *prefix, *suffix;
    } rows[] = {
        {"1.21.5", "1.21.5", ""},
        {"15.10", "15.10", ""},
        {"21", "21", ""},
        {"v1.27.6", "1.27.6", ""},
        {"v0", "0", ""},
        {"21.0.5_11", "21.0.5_11", ""},
        {"25.0.3_9-jre-alpine-3.23", "25.0.3_9", "-jre-alpine-3.23"},
        {"v1.27.6-eks-1-27-14", "1.27.6", "-eks-1-27-14"},
        {"20.18.1-alpine3.20", "20.18.1", "-alpine3.20"},
        {"1.0-", "1.0", "-"},
        {"1.0---", "1.0", "---"},
        {"20240115", "20240115", ""},
        {"18446744073709551615", "18446744073709551615", ""},
        {"0000000000000000000000001", "0000000000000000000000001", ""},
        {"1-17rc1", "1", "-17rc1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct version v;
        if (!version_parse(rows[i].text, &v))
            fail_msg("%s", rows[i].text);
        assert_int_equal(v.prefix_len, strlen(rows[i].prefix));
        assert_memory_equal(v.prefix, rows[i].prefix, v.prefix_len);
        assert_string_equal(v.suffix, rows[i].suffix);
    }
}

static void rejects(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "17rc1", "1.24rc2", "latest", "lts-iron", "",     "v",         "9999999999999999999999999",
        "1.",    ".1",      "1..2",   "1._2",     "1_",   "vv1",       "V1",
        "-1",    "1.x",     "1.0+b",  " 1",       "1.2 ", "sha256-ab", "18446744073709551616",
        "1.-2",  "v-1",     "1.2.3.", "_1",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct version v = {.prefix_len = 42};
        if (version_parse(rows[i], &v) || v.prefix_len != 42)
            fail_msg("\"%s\"", rows[i]);
    }
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void orders(void **state)
{
    (void)state;
    static const struct {
        const char *left;
        int sign;
        const char *right;
    } rows[] = {
        {"1.0.0-rc1", 0, "1.0.0-rc.1"},
        {"1.0.0-rc1", 0, "1.0.0-rc_1"},
        {"1.0", 0, "1.0.0"},
        {"1", 0, "v1.0.0_0"},
        {"1.0-", 0, "1.0"},
        {"1.0---", 0, "1.0.0"},
        {"01.002", 0, "1.2"},
        {"20240115", 1, "2024.01.15"},
        {"1.10", 1, "1.9"},
        {"1.0.0-rc10", 1, "1.0.0-rc9"},
        {"25.0.3_10", 1, "25.0.3_9"},
        {"1.2.3-r3", 1, "1.2.3-r2"},
        {"21.0.5_11", 1, "21.0.5"},
        {"1.0.0", 1, "1.0.0-alpha"},
        {"1.0.0-1", -1, "1.0.0-alpha"},
        {"1.0.0-RC1", -1, "1.0.0-rc1"},
        {"1.0.0-rc.1.hotfix", 1, "1.0.0-rc.1"},
        {"1.0.0-alpine3.20", 1, "1.0.0-alpine3.9"},
        {"1.0.0-alpine", -1, "1.0.0-alpine3"},
        {"1.0.0-rc", -1, "1.0.0-rca"},
        {"1.0.1-alpha", 1, "1.0.0"},
        {"1.0.0-007", 0, "1.0.0-7"},
        {"1-99999999999999999999999999", 1, "1-99999999999999999999999998"},
        {"1-10000000000000000000000000", 1, "1-9999999999999999999999999"},
        {"18446744073709551615", 1, "18446744073709551614"},
        {"v1.27.6-eks-1-27-14", 1, "v1.27.6-eks-1-27-9"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct version left, right;
        assert_true(version_parse(rows[i].left, &left));
        assert_true(version_parse(rows[i].right, &right));
        if (sign(version_compare(&left, &right)) != rows[i].sign ||
            sign(version_compare(&right, &left)) != -rows[i].sign)
            fail_msg("%s and %s", rows[i].left, rows[i].right);
    }
}

static void prefixes_alone(void **state)
{
    (void)state;
    struct version plain, candidate, next;
    assert_true(version_parse("2.0", &plain));
    assert_true(version_parse("2.0.0-rc1", &candidate));
    assert_true(version_parse("2.0.0.1", &next));
    assert_int_equal(version_compare_prefix(&plain, &candidate), 0);
    assert_true(version_compare_prefix(&plain, &next) < 0);
    assert_true(version_compare_prefix(&next, &plain) > 0);
}

/* An order that is none would make sorting depend on the input: every triple must agree. */
static void order_is_transitive(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1",     "1.0",   "1.0-",  "1-0",    "1-00",    "1-a", "1-A",   "1-a1",   "1-a.1",
        "1-a.b", "1-a-b", "1-ab",  "1.1",    "1.01",    "1_1", "1.1-1", "1.1-a",  "2",
        "v2",    "2-rc1", "2-rc2", "2-rc10", "2-rc.10", "10",  "010",   "10.0.1",
    };
    struct version v[ARRAY_LEN(texts)];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_true(version_parse(texts[i], &v[i]));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        for (size_t j = 0; j < ARRAY_LEN(texts); j++) {
            int order = sign(version_compare(&v[i], &v[j]));
            assert_int_equal(order, -sign(version_compare(&v[j], &v[i])));
            for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
                if (order <= 0 && version_compare(&v[j], &v[k]) <= 0 &&
                    version_compare(&v[i], &v[k]) > 0)
                    fail_msg("%s, %s, %s", texts[i], texts[j], texts[k]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(rejects),
        cmocka_unit_test(orders),
        cmocka_unit_test(prefixes_alone),
        cmocka_unit_test(order_is_transitive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
