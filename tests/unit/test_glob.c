/* SPDX-License-Identifier: Apache-2.0 */
#include "select/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct glob *make(const char *pattern, bool fold)
{
    struct glob *glob = NULL;
    struct error err = ERROR_INIT;
    if (glob_new(pattern, fold, &glob, &err) < 0)
        fail_msg("%s", err.text);
    return glob;
}

static void fits(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *yes, *no; /* texts separated by spaces; "-" is the empty one */
    } rows[] = {
        {"1.25", "1.25", "1.250 11.25 1x25 -"},
        {"*", "- a a/b latest", NULL},
        {"**", "- a abc", NULL},
        {"1.*", "1. 1.2 1.2.3-alpine", "1 2.1. 11.2"},
        {"*-rc*", "1-rc -rc 1-rc1 1-rc-rc", "1rc rc 1-r"},
        {"?", "a /", "- ab"},
        {"v?.?", "v1.2", "v1.22 v1."},
        {"[ab]c", "ac bc", "cc c abc"},
        {"[a-c]", "a b c", "d - ab"},
        {"[!ab]c", "cc dc", "ac bc c"},
        {"[^ab]c", "cc", "ac bc"},
        {"[]a]", "] a", "b"},
        {"[!]a]", "b", "] a"},
        {"[\\]]", "]", "\\"},
        {"[0-9][0-9]", "42", "4 4x 421"},
        {"{a,b}", "a b", "c ab {a,b}"},
        {"{a}", "a", "{a}"},
        {"1.2{,-alpine}", "1.2 1.2-alpine", "1.2- 1.2-alpin"},
        {"{1.{2,3},latest}", "1.2 1.3 latest", "1. 1.2latest"},
        {"{*-slim,*.?}x", "a-slimx 1.2x", "a-slim x"},
        {"{a*,b*}*c", "ac bc axxc", "cc a"},
        {"a,b", "a,b", "a b"},
        {"\\*", "*", "a \\*"},
        {"a\\{b\\}", "a{b}", "ab"},
        {"\\a", "a", "\\a"},
        {"A*", "A AB", "a ab"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct glob *glob = make(rows[i].pattern, false);
        assert_string_equal(glob_text(glob), rows[i].pattern);
        for (int wanted = 0; wanted < 2; wanted++) {
            _cleanup_free_ char *copy = xstrdup(wanted ? rows[i].yes : rows[i].no);
            char *rest = copy, *text;
            while ((text = strsep(&rest, " "))) {
                if (glob_matches(glob, strcmp(text, "-") == 0 ? "" : text) != wanted)
                    fail_msg("\"%s\" and \"%s\"", rows[i].pattern, text);
            }
        }
        glob_free(glob);
    }
    struct glob *dash = make("[a-]", false);
    assert_true(glob_matches(dash, "-"));
    assert_false(glob_matches(dash, "b"));
    glob_free(dash);
}

static void folds_letters_only_when_told(void **state)
{
    (void)state;
    struct glob *folding = make("*-RC[a-c]*", true), *strict = make("*-rc*", false);
    assert_true(glob_matches(folding, "1-rcB"));
    assert_true(glob_matches(folding, "1-RCa"));
    assert_false(glob_matches(folding, "1-rcd"));
    assert_false(glob_matches(strict, "1-RC1"));
    glob_free(folding);
    glob_free(strict);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *why;
    } rows[] = {
        {"", "empty"},
        {"[ab", "\"[\" has no \"]\", at character 1"},
        {"x[", "\"[\" has no \"]\", at character 2"},
        {"x[]", "\"[\" has no \"]\", at character 2"},
        {"[a\\", "\"[\" has no \"]\""},
        {"[c-a]", "a range runs backwards, at character 2"},
        {"1.{2,3", "\"{\" has no \"}\", at character 3"},
        {"{a,{b}", "\"{\" has no \"}\", at character 1"},
        {"ab}", "\"}\" has no \"{\", at character 3"},
        {"ab\\", "nothing follows the backslash, at character 3"},
        {"{{{{{{{{{a}}}}}}}}}", "nested too deeply, at character 9"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct glob *glob = NULL;
        struct error err = ERROR_INIT;
        assert_int_equal(glob_new(rows[i].pattern, false, &glob, &err), ERR_CONFIG);
        assert_null(glob);
        if (!strstr(err.text, rows[i].why))
            fail_msg("\"%s\": %s", rows[i].pattern, err.text);
    }
    char longest[GLOB_LENGTH_MAX + 2];
    memset(longest, '*', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    struct glob *glob = NULL;
    assert_int_equal(glob_new(longest, false, &glob, NULL), ERR_CONFIG);
    longest[GLOB_LENGTH_MAX] = '\0';
    glob = make(longest, false);
    assert_true(glob_matches(glob, "x"));
    glob_free(glob);
}

static void literals(void **state)
{
    (void)state;
    assert_true(glob_is_literal("1.25-alpine"));
    assert_true(glob_is_literal("a]b,c}"));
    static const char *const patterns[] = {"*", "1.?", "[ab]", "{a,b}", "a\\b"};
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
        assert_false(glob_is_literal(patterns[i]));
}

/* The way everybody writes it first: it goes back, so only small patterns may meet it. */
static bool naive(const char *pattern, const char *text);

/* `{a,b}REST`: tries each alternative followed by REST. */
static bool naive_braces(const char *pattern, const char *text)
{
    const char *end = pattern;
    for (int depth = 0; *end; end++) {
        depth += (*end == '{') - (*end == '}');
        if (!depth)
            break;
    }
    const char *start = pattern + 1;
    int depth = 0;
    for (const char *at = start; at <= end; at++) {
        depth += (*at == '{') - (*at == '}');
        if ((*at == ',' && depth == 0) || at == end) {
            _cleanup_free_ char *one = xasprintf("%.*s%s", (int)(at - start), start, end + 1);
            if (naive(one, text))
                return true;
            start = at + 1;
        }
    }
    return false;
}

static bool naive(const char *pattern, const char *text)
{
    if (!*pattern)
        return !*text;
    if (*pattern == '{')
        return naive_braces(pattern, text);
    if (*pattern == '*')
        return naive(pattern + 1, text) || (*text && naive(pattern, text + 1));
    if (!*text)
        return false;
    if (*pattern == '[') {
        bool negated = pattern[1] == '!';
        const char *close = strchr(pattern, ']');
        const char *found =
            memchr(pattern + 1 + negated, *text, (size_t)(close - pattern) - 1 - (size_t)negated);
        return (found != NULL) != negated && naive(close + 1, text + 1);
    }
    return (*pattern == '?' || *pattern == *text) && naive(pattern + 1, text + 1);
}

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static void add_random(struct buf *b, int depth)
{
    static const char *const atoms[] = {"a", "b", "ab", "?", "*", "[ab]", "[!a]", "[!bc]", "c"};
    for (uint32_t n = draw(5); n; n--) {
        if (depth < 3 && draw(4) == 0) {
            buf_add_char(b, '{');
            for (uint32_t parts = 1 + draw(3); parts; parts--) {
                add_random(b, depth + 1);
                if (parts > 1)
                    buf_add_char(b, ',');
            }
            buf_add_char(b, '}');
        } else {
            buf_add_str(b, atoms[draw(ARRAY_LEN(atoms))]);
        }
    }
}

static void agrees_with_a_naive_matcher(void **state)
{
    (void)state;
    size_t compared = 0, matched = 0;
    for (int round = 0; round < 3000; round++) {
        struct buf pattern = BUF_INIT(GLOB_LENGTH_MAX);
        add_random(&pattern, 0);
        if (pattern.len && pattern.len < 40) {
            struct glob *glob = make(buf_str(&pattern), false);
            for (int texts = 0; texts < 20; texts++, compared++) {
                char text[8] = "";
                for (uint32_t i = 0, len = draw(8); i < len; i++)
                    text[i] = (char)('a' + draw(3));
                bool wanted = naive(buf_str(&pattern), text);
                if (glob_matches(glob, text) != wanted)
                    fail_msg("\"%s\" and \"%s\": expected %d", buf_str(&pattern), text, wanted);
                matched += wanted;
            }
            glob_free(glob);
        }
        buf_done(&pattern);
    }
    assert_true(compared > 10000 && matched > compared / 20 && matched < compared * 19 / 20);
}

/* A matcher that goes back would need more than the age of the universe. */
static void hostile_patterns_cost_little(void **state)
{
    (void)state;
    struct buf pattern = BUF_INIT(GLOB_LENGTH_MAX);
    for (int i = 0; i < 35; i++)
        buf_add_str(&pattern, "{*a,*}*");
    buf_add_str(&pattern, "b");
    char text[129];
    memset(text, 'a', 128);
    text[128] = '\0';
    struct glob *glob = make(buf_str(&pattern), false);
    clock_t start = clock();
    for (int i = 0; i < 100; i++)
        assert_false(glob_matches(glob, text));
    assert_true((clock() - start) / CLOCKS_PER_SEC < 5);
    text[127] = 'b';
    assert_true(glob_matches(glob, text));
    glob_free(glob);
    buf_done(&pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits),
        cmocka_unit_test(folds_letters_only_when_told),
        cmocka_unit_test(refuses),
        cmocka_unit_test(literals),
        cmocka_unit_test(agrees_with_a_naive_matcher),
        cmocka_unit_test(hostile_patterns_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
