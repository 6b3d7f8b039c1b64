/* SPDX-License-Identifier: Apache-2.0 */
/* A command line in, a struct and operands out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "cmd/options.h"

#include <stdlib.h>
#include <string.h>

struct values {
    bool dry_run, json;
    int verbose, jobs;
    const char *file;
    int64_t timeout;
    struct string_list platforms;
};

static struct values v;
static struct string_list operands;
static struct error err;

#define AT(field) offsetof(struct values, field)

static const struct option common[] = {
    {"verbose", 'v', NULL, OPTION_COUNT, AT(verbose), "say more"},
    {"jobs", 'j', "N", OPTION_INT, AT(jobs), "how many at once"},
    {NULL, 0, NULL, 0, 0, NULL},
};

static const struct option special[] = {
    {"dry-run", 'n', NULL, OPTION_FLAG, AT(dry_run), "only say what would happen"},
    {"json", 0, NULL, OPTION_FLAG, AT(json), "for programs"},
    {"auth-file", 'a', "FILE", OPTION_STRING, AT(file), "where credentials are"},
    {"stall-timeout", 0, "TIME", OPTION_DURATION, AT(timeout), "give up after this"},
    {"platform", 'p', "OS/ARCH", OPTION_LIST, AT(platforms), "may be given again"},
    {NULL, 0, NULL, 0, 0, NULL},
};

static const struct option_group groups[] = {
    {"Options", special, &v},
    {"Global options", common, &v},
};

static int teardown(void **state)
{
    (void)state;
    vec_done(&v.platforms.list);
    vec_done(&operands.list);
    return 0;
}

/* Words separated by single spaces; "''" is an empty one. They live until the next call. */
static int parse(const char *line, bool stop_at_operand)
{
    static char words[256];
    char *argv[32];
    int argc = 0;
    teardown(NULL);
    v = (struct values){.jobs = -1, .timeout = -1};
    err = ERROR_INIT;
    snprintf(words, sizeof(words), "%s", line);
    char *rest = words;
    for (char *word; *line && (word = strsep(&rest, " "));) {
        if (strcmp(word, "''") == 0)
            *word = '\0';
        argv[argc++] = word;
    }
    return options_parse(groups, ARRAY_LEN(groups), argc, argv, stop_at_operand, &operands, &err);
}

/* All that was read, in words. */
static char *values_text(void)
{
    struct buf b = BUF_INIT(1000);
    if (v.dry_run)
        buf_add_str(&b, "dry ");
    if (v.json)
        buf_add_str(&b, "json ");
    if (v.verbose)
        buf_printf(&b, "verbose=%d ", v.verbose);
    if (v.jobs >= 0)
        buf_printf(&b, "jobs=%d ", v.jobs);
    if (v.file)
        buf_printf(&b, "file=%s ", v.file);
    if (v.timeout >= 0)
        buf_printf(&b, "timeout=%lld ", (long long)v.timeout);
    for (size_t i = 0; i < v.platforms.list.len; i++)
        buf_printf(&b, "platform=%s ", v.platforms.list.items[i]);
    buf_add_str(&b, ":");
    for (size_t i = 0; i < operands.list.len; i++)
        buf_printf(&b, " %s", operands.list.items[i]);
    return buf_take(&b);
}

static const struct {
    const char *line, *values;
} lines[] = {
    {"", ":"},
    {"a b", ": a b"},
    {"--dry-run a --json b", "dry json : a b"},
    {"a b --dry-run", "dry : a b"},
    /* values */
    {"--auth-file f a", "file=f : a"},
    {"--auth-file=f a", "file=f : a"},
    {"--auth-file=x=y", "file=x=y :"},
    {"--auth-file= a", "file= : a"},
    {"--auth-file '' a", "file= : a"},
    {"--auth-file --json", "file=--json :"},
    {"--auth-file -- a", "file=-- : a"},
    {"-a f b", "file=f : b"},
    {"-af b", "file=f : b"},
    {"--auth-file f --auth-file=g", "file=g :"},
    {"--platform linux/arm64 a --platform=linux/amd64 -p x -py",
     "platform=linux/arm64 platform=linux/amd64 platform=x platform=y : a"},
    {"--jobs 4", "jobs=4 :"},
    {"-j4", "jobs=4 :"},
    {"-j 0", "jobs=0 :"},
    {"-j 1000000", "jobs=1000000 :"},
    {"--stall-timeout 15s", "timeout=15000 :"},
    {"--stall-timeout=1.5m", "timeout=90000 :"},
    {"--stall-timeout 7", "timeout=7000 :"},
    {"--stall-timeout 250ms", "timeout=250 :"},
    /* letters in a cluster */
    {"-vvv", "verbose=3 :"},
    {"-v --verbose -v", "verbose=3 :"},
    {"-nvj8 a", "dry verbose=1 jobs=8 : a"},
    {"-vn a", "dry verbose=1 : a"},
    {"-vna f", "dry verbose=1 file=f :"},
    {"-anv", "file=nv :"},
    /* ends and operands */
    {"-- --json -v", ": --json -v"},
    {"--json -- a -- b", "json : a -- b"},
    {"a --", ": a"},
    {"-", ": -"},
    {"- -v -", "verbose=1 : - -"},
    {"a '' b", ": a  b"},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (parse(lines[i].line, false) < 0)
            fail_msg("\"%s\": %s", lines[i].line, err.text);
        _cleanup_free_ char *text = values_text();
        if (strcmp(text, lines[i].values) != 0)
            fail_msg("\"%s\": %s", lines[i].line, text);
    }
}

static const struct {
    const char *line, *values;
} stopped[] = {
    {"-v copy --json -v a", "verbose=1 : copy --json -v a"},
    {"-v --json", "json verbose=1 :"},
    {"-j 3 copy -j 4", "jobs=3 : copy -j 4"},
    {"-v -- copy -v", "verbose=1 : copy -v"},
    {"copy -- a", ": copy -- a"},
};

static void test_stopping_at_the_first_operand(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(stopped); i++) {
        assert_int_equal(parse(stopped[i].line, true), 0);
        _cleanup_free_ char *text = values_text();
        assert_string_equal(text, stopped[i].values);
    }
}

static const struct {
    const char *line, *says;
} mistakes[] = {
    {"--dry-rum", "unknown option --dry-rum; did you mean --dry-run?"},
    {"--platfrom=x", "unknown option --platfrom; did you mean --platform?"},
    {"--verbos", "did you mean --verbose?"}, /* in the other table */
    {"--frobnicate", "unknown option --frobnicate; see --help"},
    {"--frobnicate=s3cret", "unknown option --frobnicate; see --help"},
    {"-x", "unknown option -x; see --help"},
    {"-vx", "unknown option -x; see --help"},
    {"a b -x", "unknown option -x"},
    {"--json=yes", "--json takes no value"},
    {"--json=", "--json takes no value"},
    {"--verbose=3", "--verbose takes no value"},
    {"--auth-file", "--auth-file wants a value: FILE"},
    {"-a", "--auth-file wants a value: FILE"},
    {"-va", "--auth-file wants a value: FILE"},
    {"--jobs four", "--jobs four: expected a number"},
    {"--jobs -1", "expected a number"},
    {"--jobs 1.5", "expected a number"},
    {"--jobs=", "expected a number"},
    {"--jobs 1000001", "expected a number"},
    {"--jobs 99999999999999999999", "expected a number"},
    {"-j=4", "expected a number"},
    {"--stall-timeout soon", "--stall-timeout soon: expected a duration"},
    {"--stall-timeout -5s", "expected a duration"},
    {"--stall-timeout=", "expected a duration"},
    {"---json", "unknown option"},
    {"-\x1b", "\\x1b"}, /* nothing that steers a terminal */
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        assert_int_equal(parse(mistakes[i].line, false), ERR_USAGE);
        assert_int_equal(err.class, ERR_USAGE);
        if (!strstr(err.text, mistakes[i].says))
            fail_msg("\"%s\": %s", mistakes[i].line, err.text);
        assert_null(strchr(err.text, '\x1b'));
        assert_null(strstr(err.text, "s3cret"));
    }
}

/* Groups may fill different structs; the first that knows the name has it. */
static void test_groups_have_their_own_structs(void **state)
{
    (void)state;
    struct values other = {.jobs = -1};
    const struct option_group two[] = {{"One", special, &v}, {"Two", common, &other}};
    char *argv[] = {(char[]){"--json"}, (char[]){"-vj2"}};
    teardown(NULL);
    v = (struct values){.jobs = -1};
    assert_int_equal(options_parse(two, 2, 2, argv, false, &operands, &err), 0);
    assert_true(v.json && !other.json);
    assert_int_equal(v.verbose, 0);
    assert_int_equal(v.jobs, -1);
    assert_int_equal(other.verbose, 1);
    assert_int_equal(other.jobs, 2);
}

static void test_help_lists_all(void **state)
{
    (void)state;
    _cleanup_free_ char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    options_print(out, groups, ARRAY_LEN(groups));
    fclose(out);
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        assert_non_null(strstr(text, groups[g].title));
        for (const struct option *o = groups[g].table; o->name; o++) {
            _cleanup_free_ char *left = o->letter
                                            ? xasprintf("  -%c, --%s%s%s ", o->letter, o->name,
                                                        o->arg ? " " : "", o->arg ? o->arg : "")
                                            : xasprintf("      --%s%s%s ", o->name,
                                                        o->arg ? " " : "", o->arg ? o->arg : "");
            const char *line = strstr(text, left);
            assert_non_null(line);
            const char *help = strstr(line, o->help);
            assert_non_null(help);
            assert_null(memchr(line, '\n', (size_t)(help - line)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),          cmocka_unit_test(test_stopping_at_the_first_operand),
        cmocka_unit_test(test_mistakes),       cmocka_unit_test(test_groups_have_their_own_structs),
        cmocka_unit_test(test_help_lists_all),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
