/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void buffer_grows_to_its_limit(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(100);
    assert_string_equal(buf_str(&b), "");
    for (int i = 0; i < 100; i++)
        assert_int_equal(buf_add_char(&b, 'x'), 0);
    assert_int_equal(buf_add_char(&b, 'y'), -1);
    assert_int_equal(buf_add(&b, "", 0), 0);
    assert_int_equal(b.len, 100);
    assert_int_equal(strlen(buf_str(&b)), 100);
    buf_clear(&b);
    assert_string_equal(buf_str(&b), "");
    assert_int_equal(buf_printf(&b, "%d-%s", 7, "z"), 0);
    assert_string_equal(buf_str(&b), "7-z");
    buf_done(&b);
    assert_int_equal(b.max, 100);
    assert_null(b.data);
}

static void buffer_takes_whole_or_nothing(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(5);
    assert_int_equal(buf_add_str(&b, "abc"), 0);
    assert_int_equal(buf_add_str(&b, "def"), -1);
    assert_int_equal(buf_printf(&b, "%s", "def"), -1);
    assert_int_equal(buf_add(&b, "x", SIZE_MAX), -1);
    assert_string_equal(buf_str(&b), "abc");
    char *text = buf_take(&b);
    assert_string_equal(text, "abc");
    free(text);
    text = buf_take(&b);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(buf_add(&b, "\0a", 2), 0);
    assert_int_equal(b.len, 2);
    buf_done(&b);
}

static void comparisons(void **state)
{
    (void)state;
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_false(str_eq("", NULL));
    assert_true(str_eq("a", "a"));
    assert_false(str_eq("a", "A"));
    assert_true(str_ieq("Ab", "aB"));
    assert_true(str_ieq(NULL, NULL));
    assert_false(str_ieq("a", NULL));
    assert_true(str_has_prefix("abc", "ab"));
    assert_true(str_has_prefix("abc", ""));
    assert_false(str_has_prefix("a", "ab"));
    assert_true(str_has_suffix("abc", "bc"));
    assert_false(str_has_suffix("c", "bc"));
    assert_true(str_empty(NULL));
    assert_true(str_empty(""));
    assert_false(str_empty(" "));
}

static void trim(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""}, {"  ", ""}, {"a", "a"}, {" a b\t\r\n", "a b"}, {"a ", "a"}, {"\n\va", "a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = xstrdup(rows[i][0]);
        assert_string_equal(str_trim(text), rows[i][1]);
        free(text);
    }
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t min, max, value;
        int rc;
    } rows[] = {
        {"0", 0, 9, 0, 0},
        {"007", 0, 9, 7, 0},
        {"9223372036854775807", 0, INT64_MAX, INT64_MAX, 0},
        {"9223372036854775808", 0, INT64_MAX, -7, -1},
        {"99999999999999999999999", 0, INT64_MAX, -7, -1},
        {"10", 0, 9, -7, -1},
        {"4", 5, 9, -7, -1},
        {"", 0, 9, -7, -1},
        {NULL, 0, 9, -7, -1},
        {"-1", -5, 9, -7, -1},
        {"+1", 0, 9, -7, -1},
        {" 1", 0, 9, -7, -1},
        {"1 ", 0, 9, -7, -1},
        {"0x1", 0, 9, -7, -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = -7;
        assert_int_equal(str_to_int64(rows[i].text, rows[i].min, rows[i].max, &value), rows[i].rc);
        assert_int_equal(value, rows[i].value);
    }
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"0", 0},          {"90", 90000},
        {"1.5s", 1500},    {"250ms", 250},
        {"2m", 120000},    {"1h", 3600000},
        {"2d", 172800000}, {"0.5", 500},
        {"", -1},          {"s", -1},
        {"-1s", -1},       {"1 s", -1},
        {"1x", -1},        {"1.2.3s", -1},
        {".5s", -1},       {"1S", -1},
        {"1sm", -1},       {"400d", -1},
        {"1e3", -1},       {"11111111111111111111111111111111111111s", -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms = -1;
        int rc = str_to_duration_ms(rows[i].text, &ms);
        assert_int_equal(rc, rows[i].ms < 0 ? -1 : 0);
        assert_int_equal(ms, rows[i].ms);
    }
    int64_t ms = -1;
    assert_int_equal(str_to_duration_ms(NULL, &ms), -1);
}

static void escapes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"plain ~", "plain ~"},
        {"\x1b[2J\r\n\t", "\\x1b[2J\\x0d\\x0a\\x09"},
        {"\x7f", "\\x7f"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xf0\x9f\x90\xb3", "\xf0\x9f\x90\xb3"},
        {"\xc2\x9b", "\\xc2\\x9b"}, /* C1: CSI in one character */
        {"\xe2\x80\xae"
         "x",
         "\\xe2\\x80\\xaex"},                         /* right-to-left override */
        {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},          /* isolate */
        {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},          /* line separator */
        {"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},          /* byte order mark */
        {"\xff\xc3", "\\xff\\xc3"},                   /* no UTF-8; a sequence cut short */
        {"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* half of a surrogate pair */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond Unicode */
        {"\xe2\x82z", "\\xe2\\x82z"},
    };
    char out[64];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        str_escape(rows[i][0], out, sizeof(out));
        assert_string_equal(out, rows[i][1]);
    }
}

static void escapes_are_cut_between_characters(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t size;
        const char *out;
    } rows[] = {
        {"abc", 3, "ab"},         {"abc", 1, ""},
        {"a\xc3\xbc", 3, "a"},    {"a\xc3\xbc", 4, "a\xc3\xbc"},
        {"a\x01", 5, "a"},        {"a\x01", 6, "a\\x01"},
        {"\xe2\x80\xae", 12, ""},
    };
    char out[16];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        memset(out, '#', sizeof(out));
        str_escape(rows[i].in, out, rows[i].size);
        assert_string_equal(out, rows[i].out);
        assert_int_equal(out[rows[i].size], '#');
    }
    out[0] = '#';
    str_escape("abc", out, 0);
    assert_int_equal(out[0], '#');
}

static void globs(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool fold, matches;
    } rows[] = {
        {"", "", false, true},
        {"", "a", false, false},
        {"*", "", false, true},
        {"*", "abc", false, true},
        {"a*c", "abbc", false, true},
        {"a*c", "abcd", false, false},
        {"?", "a", false, true},
        {"?", "", false, false},
        {"a?c", "abc", false, true},
        {"*.io", "docker.io", false, true},
        {"*.io", "docker.iox", false, false},
        {"*a*b*", "xaxxbx", false, true},
        {"*ab", "aab", false, true},
        {"a**b", "ab", false, true},
        {"A", "a", false, false},
        {"A*", "abc", true, true},
        {"[a]", "a", false, false},
        {"[a]", "[a]", false, true},
        {"*aaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false},
        {"v1.*", "v1.", false, true},
        {"abc", "ab", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(str_glob(rows[i].pattern, rows[i].text, rows[i].fold), rows[i].matches);
}

static void lower_case(void **state)
{
    (void)state;
    char *text = str_lower("AbC-\xc3\x84 1");
    assert_string_equal(text, "abc-\xc3\x84 1");
    free(text);
}

static void sizes_for_people(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        {0, "0 B"},           {999, "999 B"},     {1000, "1.0 kB"},       {1234567, "1.2 MB"},
        {999949, "999.9 kB"}, {999951, "1.0 MB"}, {2147483648, "2.1 GB"}, {UINT64_MAX, "18.4 EB"},
    };
    char out[16];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        str_bytes(rows[i].bytes, out, sizeof(out));
        assert_string_equal(out, rows[i].text);
    }
}

static void helpers_of_allocation(void **state)
{
    (void)state;
    assert_null(xstrdup(NULL));
    char *a = xstrdup("a");
    str_replace(&a, "longer");
    assert_string_equal(a, "longer");
    char *b = take_ptr(&a);
    assert_null(a);
    str_replace(&b, NULL);
    assert_null(b);
    char *copy = xmemdup("ab", 3);
    assert_string_equal(copy, "ab");
    free(copy);
    copy = xstrndup("abc", 2);
    assert_string_equal(copy, "ab");
    free(copy);
    free(xmalloc(0));
    free(xcalloc(0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_grows_to_its_limit),
        cmocka_unit_test(buffer_takes_whole_or_nothing),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(trim),
        cmocka_unit_test(integers),
        cmocka_unit_test(durations),
        cmocka_unit_test(escapes),
        cmocka_unit_test(escapes_are_cut_between_characters),
        cmocka_unit_test(globs),
        cmocka_unit_test(lower_case),
        cmocka_unit_test(sizes_for_people),
        cmocka_unit_test(helpers_of_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
