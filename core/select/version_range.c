/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range becomes comparisons with bounds; "^" and "~" become two each. Invariant: every bound
 * parses as a version.
 */
#include "select/version_range.h"

#include "base/str.h"
#include "base/vec.h"
#include "select/version.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define SPACES " \t\r\n"
#define NUMBERS_MAX 16

enum range_operator {
    OP_EQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_CARET,
    OP_TILDE
};

struct comparison {
    enum range_operator op;
    char *bound;
    bool starts_alternative; /* what precedes and what follows are alternatives */
};

struct version_range {
    char *text;
    VEC(struct comparison) comparisons;
};

struct bound {
    int64_t numbers[NUMBERS_MAX];
    size_t len;
};

struct parser {
    struct version_range *range;
    const char *at;
    bool starts_alternative;
    struct error *err;
};

static const struct {
    const char *text;
    enum range_operator op;
    const char *refusal; /* NULL: it exists */
} operators[] = {
    {">=", OP_GREATER_EQUAL, NULL},
    {"<=", OP_LESS_EQUAL, NULL},
    {"!=", OP_EQUAL, "\"!=\" does not exist: use tags.exclude"},
    {"!", OP_EQUAL, "\"!\" does not exist: use tags.exclude"},
    {"==", OP_EQUAL, "write \"=\" for \"==\""},
    {"~>", OP_TILDE, "\"~>\" does not exist: write \"~\" or \"^\""},
    {"=>", OP_EQUAL, "write \">=\" for \"=>\""},
    {"=<", OP_EQUAL, "write \"<=\" for \"=<\""},
    {"<>", OP_EQUAL, "\"<>\" does not exist: use tags.exclude"},
    {">", OP_GREATER, NULL},
    {"<", OP_LESS, NULL},
    {"=", OP_EQUAL, NULL},
    {"^", OP_CARET, NULL},
    {"~", OP_TILDE, NULL},
};

static int refuse_at(const struct parser *p, const char *at, const char *why)
{
    return error_set(p->err, ERR_CONFIG, "semver range \"%s\": %s, at character %td",
                     p->range->text, why, at - p->range->text + 1);
}

static void skip_spaces(struct parser *p)
{
    p->at += strspn(p->at, SPACES);
}

static int parse_operator(struct parser *p, enum range_operator *ret)
{
    *ret = OP_EQUAL;
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        if (!str_has_prefix(p->at, operators[i].text))
            continue;
        if (operators[i].refusal)
            return refuse_at(p, p->at, operators[i].refusal);
        *ret = operators[i].op;
        p->at += strlen(operators[i].text);
        break;
    }
    skip_spaces(p);
    return 0;
}

/* Why a bound can't go on with this character. */
static const char *refusal_of(const char *at)
{
    if (strchr("xX*", *at) && *at)
        return "wildcards are not supported: write ~1.25 for 1.25.x, ^1 for 1.x";
    if (*at == '-')
        return "a bound has no suffix, and \"A - B\" is written >=A, <=B; variants are chosen with "
               "tags.glob or tags.exclude";
    return "expected a version of numbers and dots, such as 1.25";
}

static int parse_number(struct parser *p, struct bound *bound)
{
    size_t len = strspn(p->at, DIGITS);
    if (!len)
        return refuse_at(p, p->at, refusal_of(p->at));
    if (bound->len == NUMBERS_MAX)
        return refuse_at(p, p->at, "a bound of that many numbers is not supported");
    _cleanup_free_ char *text = xstrndup(p->at, len);
    if (str_to_int64(text, 0, INT64_MAX - 1, &bound->numbers[bound->len]) < 0)
        return refuse_at(p, p->at, "the number is too large");
    bound->len++;
    p->at += len;
    return 0;
}

static int parse_bound(struct parser *p, struct bound *ret)
{
    if (*p->at == 'v')
        p->at++;
    for (;;) {
        int rc = parse_number(p, ret);
        if (rc < 0)
            return rc;
        if (*p->at != '.')
            break;
        p->at++;
    }
    if (*p->at && !strchr(SPACES ",|<>=!^~", *p->at))
        return refuse_at(p, p->at, refusal_of(p->at));
    return 0;
}

static void add_comparison(struct parser *p, enum range_operator op, const struct bound *bound)
{
    struct buf text = BUF_INIT((size_t)NUMBERS_MAX * 24);
    for (size_t i = 0; i < bound->len; i++)
        buf_printf(&text, "%s%" PRId64, i ? "." : "", bound->numbers[i]);
    vec_add(&p->range->comparisons,
            (struct comparison){
                .op = op, .bound = buf_take(&text), .starts_alternative = p->starts_alternative});
    p->starts_alternative = false;
}

/* The first version that is out again: the number that must stay goes up by one. */
static struct bound upper_bound(enum range_operator op, const struct bound *bound)
{
    size_t stays = 0;
    if (op == OP_CARET) {
        while (stays + 1 < bound->len && bound->numbers[stays] == 0)
            stays++;
    } else if (bound->len > 1) {
        stays = 1;
    }
    struct bound upper = *bound;
    upper.len = stays + 1;
    upper.numbers[stays]++;
    return upper;
}

static int parse_comparison(struct parser *p)
{
    enum range_operator op;
    struct bound bound = {.len = 0};
    int rc = parse_operator(p, &op);
    if (rc == 0)
        rc = parse_bound(p, &bound);
    if (rc < 0)
        return rc;
    if (op != OP_CARET && op != OP_TILDE) {
        add_comparison(p, op, &bound);
        return 0;
    }
    struct bound upper = upper_bound(op, &bound);
    add_comparison(p, OP_GREATER_EQUAL, &bound);
    add_comparison(p, OP_LESS, &upper);
    return 0;
}

/* What stands between two comparisons; 1 when another one must follow. */
static int parse_separator(struct parser *p)
{
    skip_spaces(p);
    if (str_has_prefix(p->at, "||")) {
        p->starts_alternative = true;
        p->at += 2;
    } else if (*p->at == '|') {
        return refuse_at(p, p->at, "write \"||\" between alternatives");
    } else if (*p->at == '-') {
        return refuse_at(p, p->at, refusal_of(p->at));
    } else if (*p->at == ',') {
        p->at++;
    } else if (!*p->at) {
        return 0;
    }
    skip_spaces(p);
    return 1;
}

static int parse_range(struct parser *p)
{
    skip_spaces(p);
    for (int more = 1; more > 0;) {
        int rc = parse_comparison(p);
        if (rc < 0)
            return rc;
        more = parse_separator(p);
        if (more < 0)
            return more;
    }
    return 0;
}

int version_range_new(const char *text, struct version_range **ret, struct error *err)
{
    if (!text[strspn(text, SPACES)])
        return error_set(err, ERR_CONFIG, "a semver range is empty: write >=0 for every version");
    if (strlen(text) > VERSION_RANGE_LENGTH_MAX)
        return error_set(err, ERR_CONFIG,
                         "semver range \"%.40s...\" is too long: at most %d characters", text,
                         VERSION_RANGE_LENGTH_MAX);
    _cleanup_(cleanup_version_range_free) struct version_range *range = xcalloc(1, sizeof(*range));
    range->text = xstrdup(text);
    struct parser p = {.range = range, .at = range->text, .err = err};
    int rc = parse_range(&p);
    if (rc < 0)
        return rc;
    *ret = take_ptr(&range);
    return 0;
}

void version_range_free(struct version_range *range)
{
    if (!range)
        return;
    for (size_t i = 0; i < range->comparisons.len; i++)
        free(range->comparisons.items[i].bound);
    vec_done(&range->comparisons);
    free(range->text);
    free(range);
}

static bool holds(const struct comparison *comparison, const struct version *version)
{
    struct version bound;
    if (!version_parse(comparison->bound, &bound))
        return false;
    int order = version_compare_prefix(version, &bound);
    switch (comparison->op) {
    case OP_LESS:
        return order < 0;
    case OP_LESS_EQUAL:
        return order <= 0;
    case OP_GREATER:
        return order > 0;
    case OP_GREATER_EQUAL:
        return order >= 0;
    default:
        return order == 0;
    }
}

bool version_range_has(const struct version_range *range, const struct version *version)
{
    bool all = true;
    for (size_t i = 0; i < range->comparisons.len; i++) {
        const struct comparison *comparison = &range->comparisons.items[i];
        if (comparison->starts_alternative) {
            if (all)
                return true;
            all = true;
        }
        all = all && holds(comparison, version);
    }
    return all;
}

const char *version_range_text(const struct version_range *range)
{
    return range->text;
}
