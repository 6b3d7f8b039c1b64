/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C library compiles and matches. A scan comes first: it bounds what the library is made to
 * build ("(((a{200}){200}){200})" is short), and refuses what it would silently read differently
 * than people mean.
 */
#include "select/tag_regex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct tag_regex {
    char *text;
    regex_t compiled;
};

struct scan {
    const char *text, *at;
    size_t depth;
    size_t size[TAG_REGEX_DEPTH_MAX + 1]; /* of what is written at each depth so far */
    size_t last;                          /* of what a {n,m} would repeat */
    struct error *err;
};

static int refuse(const struct scan *s, const char *why)
{
    return error_set(s->err, ERR_CONFIG, "regex \"%s\": %s, at character %td", s->text, why,
                     s->at - s->text + 1);
}

static void count_atom(struct scan *s, size_t size)
{
    s->last = size;
    s->size[s->depth] += size;
}

static int scan_escape(struct scan *s)
{
    unsigned char next = (unsigned char)s->at[1];
    if (!next)
        return refuse(s, "nothing follows the backslash");
    if (isdigit(next))
        return refuse(s, "back-references are not supported");
    if (isalpha(next))
        return refuse(s, "a backslash before a letter has no meaning in POSIX expressions: write "
                         "[0-9] for \\d, [A-Za-z0-9_] for \\w");
    s->at += 2;
    count_atom(s, 1);
    return 0;
}

/* [:alpha:] and its like, which may hold a "]"; 0: none. */
static size_t class_len(const char *at)
{
    if (at[0] != '[' || !at[1] || !strchr(":.=", at[1]))
        return 0;
    const char ends[] = {at[1], ']', '\0'};
    const char *end = strstr(at + 2, ends);
    return end ? (size_t)(end - at) + 2 : 0;
}

static int scan_brackets(struct scan *s)
{
    const char *at = s->at + 1;
    if (*at == '^')
        at++;
    for (bool first = true; *at != ']' || first; first = false) {
        if (!*at)
            return refuse(s, "\"[\" has no \"]\"");
        if (*at == '\\')
            return refuse(s, "a backslash within [...] stands for itself, which no tag has");
        size_t len = class_len(at);
        at += len ? len : 1;
    }
    s->at = at + 1;
    count_atom(s, 1);
    return 0;
}

static size_t read_number(const char **at)
{
    size_t n = 0;
    for (; isdigit((unsigned char)**at); (*at)++)
        n = n < TAG_REGEX_SIZE_MAX ? n * 10 + (size_t)(**at - '0') : n;
    return n;
}

/* {n}, {n,} or {n,m}: as if the last atom were written that often. */
static int scan_repeat(struct scan *s)
{
    const char *at = s->at + 1;
    size_t low = read_number(&at), high = low;
    if (*at == ',') {
        at++;
        high = isdigit((unsigned char)*at) ? read_number(&at) : low;
    }
    if (*at != '}' || !isdigit((unsigned char)s->at[1]))
        return refuse(s, "a repetition must be {N}, {N,} or {N,M}");
    size_t more = s->last * (high > low ? high : low);
    s->size[s->depth] += more;
    s->last += more;
    s->at = at + 1;
    return 0;
}

static int scan_open(struct scan *s)
{
    if (s->at[1] == '?')
        return refuse(s, "\"(?\" is Perl's: only plain ( ) groups exist in POSIX expressions");
    if (s->depth == TAG_REGEX_DEPTH_MAX)
        return refuse(s, "parentheses are nested too deeply");
    s->size[++s->depth] = 0;
    s->at++;
    return 0;
}

static int scan_close(struct scan *s)
{
    if (!s->depth)
        return refuse(s, "\")\" has no \"(\"");
    size_t size = s->size[s->depth--];
    count_atom(s, size);
    s->at++;
    return 0;
}

static int scan_one(struct scan *s)
{
    switch (*s->at) {
    case '\\':
        return scan_escape(s);
    case '[':
        return scan_brackets(s);
    case '{':
        return scan_repeat(s);
    case '(':
        return scan_open(s);
    case ')':
        return scan_close(s);
    default:
        s->at++;
        count_atom(s, 1);
        return 0;
    }
}

static int scan_pattern(const char *pattern, struct error *err)
{
    struct scan s = {.text = pattern, .at = pattern, .err = err};
    while (*s.at) {
        int rc = scan_one(&s);
        if (rc < 0)
            return rc;
        if (s.size[s.depth] > TAG_REGEX_SIZE_MAX)
            return refuse(&s, "it repeats too much");
    }
    return s.depth ? refuse(&s, "\"(\" has no \")\"") : 0;
}

static int compile(struct tag_regex *regex, const char *pattern, struct error *err)
{
    int code = regcomp(&regex->compiled, pattern, REG_EXTENDED);
    if (code == 0) {
        regex->text = xstrdup(pattern);
        return 0;
    }
    char why[128];
    regerror(code, &regex->compiled, why, sizeof(why));
    bool is_glob = *pattern == '*' || *pattern == '?';
    return error_set(err, ERR_CONFIG, "regex \"%s\": %s%s", pattern, why,
                     is_glob ? " (this looks like a glob: write .* for any run)" : "");
}

int tag_regex_new(const char *pattern, struct tag_regex **ret, struct error *err)
{
    if (!*pattern)
        return error_set(err, ERR_CONFIG, "a regex is empty: write .* for everything");
    if (strlen(pattern) > TAG_REGEX_LENGTH_MAX)
        return error_set(err, ERR_CONFIG, "regex \"%.40s...\" is too long: at most %d characters",
                         pattern, TAG_REGEX_LENGTH_MAX);
    int rc = scan_pattern(pattern, err);
    if (rc < 0)
        return rc;
    struct tag_regex *regex = xcalloc(1, sizeof(*regex));
    rc = compile(regex, pattern, err);
    if (rc < 0) {
        free(regex);
        return rc;
    }
    *ret = regex;
    return 0;
}

void tag_regex_free(struct tag_regex *regex)
{
    if (!regex)
        return;
    regfree(&regex->compiled);
    free(regex->text);
    free(regex);
}

/*
 * The longest of the leftmost matches is found, so an expression that can match the whole tag does.
 * Wrapping the pattern into ^( )$ would shift its groups.
 */
bool tag_regex_matches(const struct tag_regex *regex, const char *tag,
                       regmatch_t groups[TAG_REGEX_GROUPS])
{
    regmatch_t whole[1], *match = groups ? groups : whole;
    if (regexec(&regex->compiled, tag, groups ? TAG_REGEX_GROUPS : 1, match, 0) != 0)
        return false;
    return match[0].rm_so == 0 && (size_t)match[0].rm_eo == strlen(tag);
}

size_t tag_regex_groups(const struct tag_regex *regex)
{
    return regex->compiled.re_nsub;
}

const char *tag_regex_text(const struct tag_regex *regex)
{
    return regex->text;
}
