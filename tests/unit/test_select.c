/* SPDX-License-Identifier: Apache-2.0 */
#include "select/select.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "base/vec.h"
#include "select/rename.h"
#include "select/tag_regex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA256 "sha256:" HEX64
#define DAY INT64_C(86400000)
#define NOW (1000 * DAY)

/* Rules in words: lists separated by spaces. Zero members are rules that are not set. */
struct setup {
    const char *exact, *glob, *regex, *include, *exclude, *default_exclude, *semver;
    enum tag_sort sort;
    int latest; /* 0: none; -1: zero of them */
    int min_tags, min_days, max_days;
    const char *immutable, *rename, *replacement;
};

static void add_words(struct text_list *list, const char *words)
{
    _cleanup_free_ char *copy = xstrdup(words);
    char *rest = copy, *word;
    while ((word = strsep(&rest, " ")))
        vec_add(list, xstrdup(word));
}

static void list_done(struct text_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        free(list->items[i]);
    vec_done(list);
}

static void rules_init(struct tag_rules *rules, const struct setup *setup)
{
    *rules = TAG_RULES_INIT;
    add_words(&rules->exact, setup->exact);
    add_words(&rules->globs, setup->glob);
    add_words(&rules->regexes, setup->regex);
    add_words(&rules->include, setup->include);
    add_words(&rules->exclude, setup->exclude);
    add_words(&rules->default_excludes, setup->default_exclude);
    rules->semver = xstrdup(setup->semver);
    rules->sort = setup->sort;
    rules->latest = setup->latest == 0 ? -1 : setup->latest < 0 ? 0 : setup->latest;
    rules->min_tags = setup->min_tags;
    rules->min_age_ms = setup->min_days * DAY;
    rules->max_age_ms = setup->max_days * DAY;
    rules->immutable = xstrdup(setup->immutable);
    rules->rename_regex = xstrdup(setup->rename);
    rules->rename_replacement = xstrdup(setup->replacement);
}

static void rules_done(struct tag_rules *rules)
{
    struct text_list *lists[] = {&rules->exact,   &rules->globs,   &rules->regexes,
                                 &rules->include, &rules->exclude, &rules->default_excludes};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        list_done(lists[i]);
    free(rules->semver);
    free(rules->immutable);
    free(rules->rename_regex);
    free(rules->rename_replacement);
}

/* One run: rules, tags and what came out; everything lives until fixture_done. */
struct fixture {
    struct tag_rules rules;
    struct selector *selector;
    char *names;
    VEC(struct tag_input) tags;
    struct selection selection;
    char kept[4096]; /* names at the target, separated by spaces; by digest alone: the digest */
};

static void select_again(struct fixture *f)
{
    selection_done(&f->selection);
    select_tags(f->selector, f->tags.items, f->tags.len, NOW, &f->selection);
    f->kept[0] = '\0';
    for (size_t i = 0; i < f->selection.n_tags; i++) {
        const struct selected_tag *tag = &f->selection.tags[i];
        assert_int_equal(tag->kept, i < f->selection.n_kept);
        if (!tag->kept)
            continue;
        size_t len = strlen(f->kept);
        snprintf(f->kept + len, sizeof(f->kept) - len, "%s%s", len ? " " : "",
                 tag->target ? tag->target : tag->digest);
    }
}

/* Tags "NAME", "NAME:AGE" (days) or "NAME:-" (says no time), separated by spaces. */
static void fixture_init(struct fixture *f, const struct setup *setup, const char *tags)
{
    *f = (struct fixture){.names = xstrdup(tags)};
    rules_init(&f->rules, setup);
    struct error err = ERROR_INIT;
    if (selector_new(&f->rules, &f->selector, &err) < 0)
        fail_msg("%s", err.text);
    char *rest = f->names, *name;
    while ((name = strsep(&rest, " ")) && *name) {
        struct tag_input tag = {.name = name};
        char *age = strchr(name, ':');
        if (age) {
            *age++ = '\0';
            int64_t days = 0;
            tag.created = *age == '-' ? TAG_CREATED_NONE : TAG_CREATED_KNOWN;
            if (*age != '-')
                assert_int_equal(str_to_int64(age, 0, 10000, &days), 0);
            tag.created_ms = NOW - days * DAY;
        }
        vec_add(&f->tags, tag);
    }
    select_again(f);
}

static void fixture_done(struct fixture *f)
{
    selection_done(&f->selection);
    selector_free(f->selector);
    rules_done(&f->rules);
    vec_done(&f->tags);
    free(f->names);
}

static const struct selected_tag *find(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->selection.n_tags; i++) {
        if (str_eq(f->selection.tags[i].tag, name))
            return &f->selection.tags[i];
    }
    fail_msg("%s is not in the result", name);
    return NULL;
}

static bool warns(const struct fixture *f, const char *part)
{
    for (size_t i = 0; i < f->selection.warnings.len; i++) {
        if (strstr(f->selection.warnings.items[i], part))
            return true;
    }
    return false;
}

#define PYTHON "3.11.1 3.12.0 3.12.1 3.12.1-dev 3.12.2 3.12.2-dev 3.13.0 3.13.0-dev latest"
#define NGINX                                                                                      \
    "1.24.0 1.25.0 1.25.1 1.25.2 1.25.3 1.25.4 1.25.5 1.26.0 1.25.6-rc1 latest latest-dev 1.25 "   \
    "lts"

static void keeps(void **state)
{
    (void)state;
    static const struct {
        struct setup setup;
        const char *tags, *kept;
    } rows[] = {
        /* No rules: every tag, prereleases too, in the source's order. */
        {{0}, "b a 1.0-rc1 nightly c", "b a 1.0-rc1 nightly c"},
        /* Worked examples. */
        {{.include = "latest latest-dev",
          .semver = ">=1.25, <1.26",
          .sort = TAG_SORT_SEMVER,
          .latest = 5},
         NGINX,
         "latest latest-dev 1.25.5 1.25.4 1.25.3 1.25.2 1.25.1"},
        {{.default_exclude = "*-dev", .include = "*-dev", .semver = "~3.12"},
         PYTHON,
         "3.12.0 3.12.1 3.12.1-dev 3.12.2 3.12.2-dev"},
        {{.default_exclude = "*-dev", .semver = "~3.12"}, PYTHON, "3.12.0 3.12.1 3.12.2"},
        {{.include = "1.25.0-rc1", .semver = ">=1.25.0"},
         "1.24.0 1.25.0-rc1 1.25.0-rc2 1.25.0",
         "1.25.0-rc1 1.25.0"},
        {{.include = "*-rc*", .semver = ">=1.25.0"},
         "1.24.0-rc1 1.25.0-rc1 1.25.0 1.26.0-rc1 1.26.0-beta1",
         "1.25.0-rc1 1.25.0 1.26.0-rc1"},
        /* The examples of the documentation that are not among those above. */
        {{.glob = "1.{25,26}*"}, "1.25 1.26.1-alpine 1.27 v1.25", "1.25 1.26.1-alpine"},
        {{.regex = "[0-9]+\\.[0-9]+(-slim)?"}, "3.12 3.12-slim 3.12.1 v3.12", "3.12 3.12-slim"},
        {{.semver = ">=1.25"}, "1.25.0 1.25.1-alpine 1.26.0-rc1", "1.25.0 1.25.1-alpine"},
        {{.sort = TAG_SORT_SEMVER, .latest = 2}, "1.9 1.10.0 1.10.1 latest", "1.10.1 1.10.0"},
        /* Globs, regexes: one of each must fit, and both kinds. */
        {{.glob = "1.* v?"}, "1.0 2.0 v1 v10 1. x1.0", "1.0 v1 1."},
        {{.glob = "{1,2}.0"}, "1.0 2.0 3.0 {1,2}.0", "1.0 2.0"},
        {{.glob = "A*"}, "a1 A1", "A1"},
        {{.regex = "1\\.[0-9]+ lts"}, "1.0 1.25 1.25.1 11.0 lts lts2", "1.0 1.25 lts"},
        {{.glob = "1.*", .regex = ".*-(slim|alpine)"},
         "1.0-slim 2.0-slim 1.0-alpine 1.0",
         "1.0-slim 1.0-alpine"},
        /* semver wants versions; a suffix is a variant. */
        {{.semver = ">=1.0"}, "1.0 v2 latest 1.1-alpine 0.9 17rc1", "1.0 v2 1.1-alpine"},
        {{.semver = "^1.2 || ~3.0"}, "1.1 1.2 1.9 2.0 3.0.7 3.1", "1.2 1.9 3.0.7"},
        /* The built-in list: with semver or latest only, in any case, nothing but prereleases. */
        {{.semver = ">=1"},
         "1-rc1 1-RC.2 1.0-alpha 1.0-Beta2 1.0-pre1 1.0-SNAPSHOT 1.0-nightly 1.0-dev 1.0-edge "
         "1.0-final 1.0-r1",
         "1.0-dev 1.0-edge 1.0-final 1.0-r1"},
        {{.sort = TAG_SORT_ALPHA, .latest = 2}, "a c-rc b", "b a"},
        {{.sort = TAG_SORT_ALPHA}, "a c-rc b", "c-rc b a"},
        {{.glob = "*"}, "1.0-rc1 1.0", "1.0-rc1 1.0"},
        /* The tiers of excludes. */
        {{.exclude = "*-x"}, "a a-x b-x-y", "a b-x-y"},
        {{.exclude = "*-x", .include = "a-x b*"}, "a-x b-x b c", "b c"},
        {{.default_exclude = "*-x", .include = "a-x b*", .glob = "c*"},
         "a-x b-x c-x c d",
         "a-x b-x c"},
        {{.exclude = "latest", .include = "latest", .glob = "1*"}, "latest 1", "1"},
        /* include: a glob rescues from globs and regexes, not from semver and latest. */
        {{.glob = "1.*", .include = "2.*"}, "1.0 2.0 3.0", "1.0 2.0"},
        {{.regex = "1.*", .include = "2.*"}, "1.0 2.0 3.0", "1.0 2.0"},
        {{.glob = "1.*", .semver = "<2", .include = "0.* 3.*"}, "0.1 1.0 2.0 3.0", "0.1 1.0"},
        {{.include = "*-rc*", .sort = TAG_SORT_SEMVER, .latest = 2},
         "1.0 2.0-rc1 3.0 0.5",
         "3.0 2.0-rc1"},
        /* Literals come first in the source's order and are not cut off. */
        {{.include = "z a", .sort = TAG_SORT_ALPHA, .latest = 1}, "b a z c", "a z"},
        {{.include = "a", .sort = TAG_SORT_ALPHA, .latest = 1}, "b a z c", "a z"},
        {{.include = "{a,b}", .glob = "c"}, "a b c d", "a b c"},
        /* Orders. */
        {{.sort = TAG_SORT_SEMVER},
         "1.9 latest 1.10 v1.10 1.10-rc1 edge 1.10.0 2",
         "2 v1.10 1.10.0 1.10 1.10-rc1 1.9 latest edge"},
        {{.sort = TAG_SORT_ALPHA}, "a B b A 1", "b a B A 1"},
        {{.sort = TAG_SORT_SEMVER, .latest = -1}, "1 2 3", ""},
        {{.include = "1", .sort = TAG_SORT_SEMVER, .latest = -1}, "1 2 3", "1"},
        {{.sort = TAG_SORT_SEMVER, .latest = 9}, "1 2 3", "3 2 1"},
        /* What hangs on images is no image, unless somebody names it. */
        {{.glob = "*"}, "1 sha256-" HEX64 " sha256-" HEX64 ".sig sha512-" HEX64 ".att", "1"},
        {{0},
         "1 sha256-" HEX64 ".sbom sha256-abc sha256-" HEX64 ".tar",
         "1 sha256-abc sha256-" HEX64 ".tar"},
        {{.include = "sha256-*"}, "1 sha256-" HEX64, "1"},
        {{.include = "sha256-" HEX64 ".sig", .glob = "1"},
         "1 sha256-" HEX64 ".sig sha256-" HEX64 ".att",
         "sha256-" HEX64 ".sig 1"},
        {{.glob = "1 sha256-" HEX64 ".sig"}, "1", "1 sha256-" HEX64 ".sig"},
        /* Lists of names and digests, which need not be at the source. */
        {{.exact = "b a"}, "", "b a"},
        {{.exact = "b a"}, "a b c", "a b"},
        {{.exact = "a " SHA256 " b@" SHA256}, "", "a " SHA256 " b"},
        {{.exact = "x", .glob = "a*"}, "b a1 a2", "x a1 a2"},
        {{.exact = "x a1", .glob = "a*", .exclude = "a1 x"}, "b a1 a2 x", "a2"},
        {{.exact = "a a b"}, "", "a b"},
        /* Globs that are all names need no list. */
        {{.glob = "b a"}, "", "b a"},
        {{.glob = "b a", .exclude = "b"}, "", "a"},
        {{.glob = "b a", .sort = TAG_SORT_ALPHA}, "", "b a"},
        {{.glob = "b a*"}, "a1", "a1"},
        /* The source repeats itself. */
        {{0}, "a b a", "a b"},
        {{.rename = "v(.*)", .replacement = "$1"}, "v1 v2 x", "1 2 x"},
        {{.rename = "([0-9]+)\\.([0-9]+)(-.*)?", .replacement = "r\\2.$1\\3"},
         "1.2 3.4-slim x",
         "r2.1 r4.3-slim x"},
        {{.rename = ".*", .replacement = "mirror-$0"}, "a b", "mirror-a mirror-b"},
        {{.rename = "v", .replacement = "x"}, "v1 v", "v1 x"},
        {{.exact = "a " SHA256, .rename = ".*", .replacement = "x-$0"}, "", "x-a " SHA256},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_init(&f, &rows[i].setup, rows[i].tags);
        if (strcmp(f.kept, rows[i].kept) != 0)
            fail_msg("row %zu:\n     got: %s\nexpected: %s", i, f.kept, rows[i].kept);
        fixture_done(&f);
    }
}

static void tells_why(void **state)
{
    (void)state;
    static const struct {
        struct setup setup;
        const char *tags, *tag, *rule, *why;
    } rows[] = {
        {{0}, "a", "a", "all", "passes every rule"},
        {{.include = "a"}, "a", "a", "include", "is named under tags.include"},
        {{.exact = "a"}, "a", "a", "exact", "is in the list of tags"},
        {{.exact = "a"}, "a b", "b", "exact", "is not in the list of tags"},
        {{0},
         "sha256-" HEX64,
         "sha256-" HEX64,
         "artifact",
         "holds signatures or other artifacts of an image"},
        {{.glob = "b*"}, "a", "a", "glob", "fits none of tags.glob"},
        {{.regex = "b"}, "a", "a", "regex", "fits none of tags.regex"},
        {{.semver = ">=1"}, "a", "a", "no-version", "is no version, and tags.semver is set"},
        {{.semver = ">=2"}, "1", "1", "semver", "is outside of the range \">=2\""},
        {{.exclude = "b a*"}, "ab", "ab", "exclude", "is excluded by \"a*\""},
        {{.exclude = "a*", .include = "ab"}, "ab", "ab", "exclude", "is excluded by \"a*\""},
        {{.default_exclude = "a*"},
         "ab",
         "ab",
         "default-exclude",
         "is excluded by the defaults' \"a*\""},
        {{.semver = ">=1"},
         "1-RC1",
         "1-RC1",
         "prerelease",
         "is a prerelease by the built-in \"*-rc*\""},
        {{.min_days = 3}, "a:2", "a", "min-age", "is younger than tags.min_age"},
        {{.max_days = 3}, "a:4", "a", "max-age", "is older than tags.max_age"},
        {{.max_days = 3},
         "a:-",
         "a",
         "no-time",
         "does not say when it was created, and an age is asked for"},
        {{.sort = TAG_SORT_ALPHA, .latest = 1}, "a b", "a", "latest", "is not among tags.latest"},
        {{.rename = "a", .replacement = "-$0"},
         "a",
         "a",
         "rename-invalid",
         "would get a name that no tag can have: \"-a\""},
        {{.rename = "a(.)", .replacement = "$1"},
         "b ab",
         "ab",
         "rename-taken",
         "would get a name that another tag has already: \"b\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_init(&f, &rows[i].setup, rows[i].tags);
        const struct selected_tag *tag = find(&f, rows[i].tag);
        _cleanup_free_ char *why = select_why(tag);
        assert_string_equal(select_rule_name(tag->rule), rows[i].rule);
        assert_string_equal(why, rows[i].why);
        fixture_done(&f);
    }
    struct fixture f;
    fixture_init(&f, &(struct setup){0}, "a a");
    assert_true(f.selection.tags[0].kept);
    assert_string_equal(select_rule_name(f.selection.tags[1].rule), "duplicate");
    fixture_done(&f);
}

static void ages(void **state)
{
    (void)state;
    static const struct {
        struct setup setup;
        const char *tags, *kept, *lacking; /* what needs a time, separated by spaces */
    } rows[] = {
        {{.min_days = 3}, "a:2 b:3 c:4 d:-", "b c", ""},
        {{.max_days = 3}, "a:2 b:3 c:4 d:-", "a b", ""},
        {{.min_days = 2, .max_days = 3}, "a:1 b:2 c:3 d:4", "b c", ""},
        {{.sort = TAG_SORT_CREATED}, "a:2 b:1 c:- d:3 e:1", "e b a d c", ""},
        {{.sort = TAG_SORT_CREATED, .latest = 2}, "a:2 b:1 c:- d:3", "b a", ""},
        /* The newest that are old enough. */
        {{.sort = TAG_SORT_SEMVER, .latest = 2, .min_days = 3}, "1:9 2:8 3:5 4:1", "3 2", ""},
        /* Only what passed everything else is asked about. */
        {{.glob = "a*", .min_days = 3}, "a b a1", "a a1", "a a1"},
        {{.glob = "a*", .exclude = "a", .sort = TAG_SORT_CREATED}, "a b a1 a2", "a2 a1", "a2 a1"},
        /* Down the order, and no further than needed. */
        {{.sort = TAG_SORT_SEMVER, .latest = 2, .min_days = 3}, "1 2 3 4", "4 3", "4 3"},
        {{.sort = TAG_SORT_SEMVER, .latest = 2, .min_days = 3}, "1 2 3:9 4:1", "3 2", "2"},
        {{.sort = TAG_SORT_SEMVER, .latest = 2, .min_days = 3}, "1 2:9 3:9 4:1", "3 2", ""},
        {{.sort = TAG_SORT_SEMVER, .latest = -1, .min_days = 3}, "1 2", "", ""},
        {{.sort = TAG_SORT_CREATED, .latest = -1}, "1 2", "", ""},
        /* By creation all must be known first. */
        {{.sort = TAG_SORT_CREATED, .latest = 1}, "1:1 2 3", "1", "2 3"},
        /* What is named is not asked about, unless it may take a place. */
        {{.include = "a", .min_days = 3}, "a b:5", "a b", ""},
        {{.include = "a", .min_days = 3}, "a:1 b:5", "a b", ""},
        {{.exact = "a", .min_days = 3}, "", "a", ""},
        {{.include = "2", .sort = TAG_SORT_SEMVER, .latest = 1, .min_days = 3},
         "2:1 1:4",
         "2 1",
         ""},
        {{.glob = "b a", .min_days = 3}, "", "b a", "b a"},
        {{.glob = "b a", .min_days = 3}, "b:1 a:5", "a", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_init(&f, &rows[i].setup, rows[i].tags);
        struct buf lacking = BUF_INIT(1000);
        size_t n = 0;
        for (size_t j = 0; j < f.selection.n_tags; j++) {
            if (!f.selection.tags[j].needs_created)
                continue;
            buf_printf(&lacking, "%s%s", n++ ? " " : "", f.selection.tags[j].tag);
        }
        if (strcmp(f.kept, rows[i].kept) != 0 || n != f.selection.n_lacking)
            fail_msg("row %zu: kept %s", i, f.kept);
        if (strcmp(rows[i].lacking, buf_str(&lacking)) != 0)
            fail_msg("row %zu: lacks %s", i, buf_str(&lacking));
        assert_true(selector_needs_created(f.selector));
        buf_done(&lacking);
        fixture_done(&f);
    }
}

/* Asking, learning and selecting again ends, and asked as little as it could. */
static void asks_step_by_step(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(
        &f, &(struct setup){.include = "x", .sort = TAG_SORT_SEMVER, .latest = 2, .min_days = 5},
        "1 2 3 4 5 6 7 8 9 10");
    size_t asked = 0, rounds = 0;
    while (f.selection.n_lacking) {
        assert_int_equal(f.selection.warnings.len, 0);
        for (size_t i = 0; i < f.selection.n_tags; i++) {
            const struct selected_tag *tag = &f.selection.tags[i];
            for (size_t j = 0; tag->needs_created && j < f.tags.len; j++) {
                if (strcmp(f.tags.items[j].name, tag->tag) != 0)
                    continue;
                /* Tag N was created 10 - N days ago. */
                f.tags.items[j].created = TAG_CREATED_KNOWN;
                f.tags.items[j].created_ms = NOW - (int64_t)(9 - j) * DAY;
                asked++;
            }
        }
        select_again(&f);
        assert_true(++rounds < 10);
    }
    assert_string_equal(f.kept, "5 4");
    assert_int_equal(asked, 7);
    assert_true(warns(&f, "no tag \"x\""));
    fixture_done(&f);
}

static void warnings(void **state)
{
    (void)state;
    static const struct {
        struct setup setup;
        const char *tags, *part; /* NULL: no warning at all */
    } rows[] = {
        {{.glob = "a"}, "a", NULL},
        {{.include = "a", .glob = "b"}, "a b", NULL},
        {{.include = "a", .glob = "b*"},
         "b",
         "the source has no tag \"a\", which tags.include names"},
        {{.glob = "a b*"}, "b", "the source has no tag \"a\", which tags.glob names"},
        {{.include = "a"}, "a b", "tags.include alone leaves nothing out"},
        {{.glob = "x*"}, "a b", "none of the source's 2 tags is selected"},
        {{0}, "", "none of the source's 0 tags is selected"},
        {{.rename = "^v", .replacement = "x"}, "v1", "describes none of the selected tags"},
        {{.rename = "v(.*)", .replacement = "$1"},
         "v1 1 2",
         "tags \"v1\" and \"1\" would both be \"1\" at the target: the second is left out"},
        {{.rename = "v(.*)", .replacement = "$1"},
         "1 v1",
         "tags \"1\" and \"v1\" would both be \"1\" at the target: the second is left out"},
        {{.rename = "v(.*)", .replacement = "$1"},
         "v v1",
         "tag \"v\" would be renamed to \"\", which can't be a tag: it is left out"},
        {{.rename = "v(.*)", .replacement = "$1"}, "v1 2", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_init(&f, &rows[i].setup, rows[i].tags);
        if (f.selection.warnings.len != (rows[i].part ? 1 : 0) ||
            (rows[i].part && !warns(&f, rows[i].part)))
            fail_msg("row %zu: %zu warnings, %s", i, f.selection.warnings.len,
                     f.selection.warnings.len ? f.selection.warnings.items[0] : "");
        fixture_done(&f);
    }
}

static void warnings_are_bounded(void **state)
{
    (void)state;
    struct buf tags = BUF_INIT(10000);
    for (int i = 0; i < 200; i++)
        buf_printf(&tags, "%st%d", i ? " " : "", i);
    struct fixture f;
    fixture_init(&f, &(struct setup){.rename = ".*", .replacement = "same"}, buf_str(&tags));
    assert_string_equal(f.kept, "same");
    assert_int_equal(f.selection.warnings.len, 51);
    assert_string_equal(f.selection.warnings.items[50], "further warnings are left out");
    fixture_done(&f);
    buf_done(&tags);
}

static void counts_what_arrives(void **state)
{
    (void)state;
    static const struct {
        struct setup setup;
        const char *tags;
        bool too_few;
    } rows[] = {
        {{.glob = "a*", .min_tags = 2}, "a1 a2 b", false},
        {{.glob = "a*", .min_tags = 3}, "a1 a2 b", true},
        {{.glob = "a*", .include = "b", .min_tags = 3}, "a1 a2 b", false},
        {{.sort = TAG_SORT_ALPHA, .latest = 1, .min_tags = 2}, "a b", true},
        {{.rename = ".*", .replacement = "x", .min_tags = 2}, "a b", true},
        {{.min_tags = 1}, "", true},
        {{0}, "", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_init(&f, &rows[i].setup, rows[i].tags);
        if (f.selection.too_few != rows[i].too_few)
            fail_msg("row %zu", i);
        fixture_done(&f);
    }
}

static void immutable_by_the_name_at_the_target(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, &(struct setup){.immutable = "[0-9]*", .rename = "v(.*)", .replacement = "$1"},
                 "v1.0 latest 2.0");
    assert_true(find(&f, "v1.0")->immutable);
    assert_true(find(&f, "2.0")->immutable);
    assert_false(find(&f, "latest")->immutable);
    fixture_done(&f);
}

static void pins(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f, &(struct setup){.exact = "a@" SHA256 " " SHA256 " b"}, "a b");
    assert_string_equal(find(&f, "a")->digest, SHA256);
    assert_string_equal(find(&f, "a")->target, "a");
    assert_null(find(&f, "b")->digest);
    const struct selected_tag *bare = find(&f, NULL);
    assert_string_equal(bare->digest, SHA256);
    assert_null(bare->target);
    assert_int_equal(f.selection.n_tags, 3);
    fixture_done(&f);
}

static void needs(void **state)
{
    (void)state;
    static const struct {
        struct setup setup;
        bool list, created;
    } rows[] = {
        {{0}, true, false},
        {{.glob = "a b"}, false, false},
        {{.exact = "a"}, false, false},
        {{.exact = SHA256, .glob = "a"}, false, false},
        {{.glob = "a b", .exclude = "x*", .default_exclude = "y"}, false, false},
        {{.glob = "a", .min_days = 1}, false, true},
        {{.glob = "a", .max_days = 1}, false, true},
        {{.glob = "a", .sort = TAG_SORT_CREATED}, false, true},
        {{.glob = "a b*"}, true, false},
        {{.glob = "{a,b}"}, true, false},
        {{.glob = "a", .regex = "a"}, true, false},
        {{.glob = "a", .include = "b"}, true, false},
        {{.glob = "1", .semver = ">=1"}, true, false},
        {{.glob = "a", .min_tags = 1}, true, false},
        {{.glob = "a", .sort = TAG_SORT_ALPHA, .latest = 1}, true, false},
        {{.exclude = "a"}, true, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_init(&f, &rows[i].setup, "");
        if (selector_needs_list(f.selector) != rows[i].list ||
            selector_needs_created(f.selector) != rows[i].created)
            fail_msg("row %zu", i);
        fixture_done(&f);
    }
}

static void tags_one_by_one(void **state)
{
    (void)state;
    static const struct {
        struct setup setup;
        bool alone;
    } rows[] = {
        {{0}, true},
        {{.glob = "1* l*", .immutable = "1*"}, true},
        {{.include = "latest 1.0-rc*", .exclude = "*5", .default_exclude = "lt*"}, true},
        {{.semver = ">=1.1", .include = "latest 1.1-rc1"}, true},
        {{.regex = "1.*", .immutable = "*0"}, true},
        {{.exact = "latest"}, false},
        {{.rename = "v(.*)", .replacement = "$1"}, false},
        {{.sort = TAG_SORT_ALPHA}, false},
        {{.sort = TAG_SORT_ALPHA, .latest = 2}, false},
        {{.min_tags = 1}, false},
        {{.min_days = 1}, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        fixture_init(&f, &rows[i].setup, "1.0 1.0-rc1 1.1-rc1 1.5 1.6 latest lts sha256-" HEX64);
        assert_int_equal(selector_decides_alone(f.selector), rows[i].alone);
        for (size_t j = 0; rows[i].alone && j < f.selection.n_tags; j++) {
            const struct selected_tag *all = &f.selection.tags[j];
            struct selected_tag one;
            selector_judge(f.selector, all->tag, &one);
            assert_int_equal(one.kept, all->kept);
            assert_int_equal(one.immutable, all->immutable);
            assert_int_equal(one.rule, all->rule);
            assert_true(str_eq(one.target, all->target));
            assert_ptr_equal(one.detail, all->detail);
        }
        fixture_done(&f);
    }
}

static void refuses_rules(void **state)
{
    (void)state;
    static const struct {
        struct setup setup;
        const char *why;
    } rows[] = {
        {{.glob = "[a"}, "tags.glob: glob \"[a\""},
        {{.glob = "a/b"}, "tags.glob: \"a/b\" can't be a tag"},
        {{.include = "{a"}, "tags.include: "},
        {{.exclude = "a\\"}, "tags.exclude: "},
        {{.default_exclude = "}"}, "tags.exclude: "},
        {{.regex = "("}, "tags.regex: regex \"(\""},
        {{.semver = ">=x"}, "tags.semver: semver range \">=x\""},
        {{.immutable = "["}, "tags.immutable_tags: "},
        {{.latest = 3}, "tags.latest requires tags.sort"},
        {{.latest = -1}, "tags.latest requires tags.sort"},
        {{.min_tags = -1}, "must not be negative"},
        {{.min_days = -1}, "must not be negative"},
        {{.min_days = 3, .max_days = 2}, "no tag can satisfy both"},
        {{.rename = "a"}, "needs both"},
        {{.replacement = "a"}, "needs both"},
        {{.rename = "a", .replacement = "$1"}, "tags.rename: replacement \"$1\": the regex does"},
        {{.exact = "a*"}, "tags: \"a*\" has wildcards"},
        {{.exact = "a/b"}, "can't be a tag"},
        {{.exact = "sha256:abc"}, "\"sha256:abc\" is no digest"},
        {{.exact = "a@sha1:abc"}, "\"sha1:abc\" is no digest"},
        {{.exact = "@" SHA256}, "can't be a tag"},
        {{.exact = "a a@" SHA256}, "tag \"a\" is listed twice, as different images"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tag_rules rules;
        rules_init(&rules, &rows[i].setup);
        struct selector *selector = NULL;
        struct error err = ERROR_INIT;
        assert_int_equal(selector_new(&rules, &selector, &err), ERR_CONFIG);
        assert_null(selector);
        if (!strstr(err.text, rows[i].why))
            fail_msg("row %zu: %s", i, err.text);
        rules_done(&rules);
    }
}

static void checks_for_the_configuration(void **state)
{
    (void)state;
    assert_int_equal(select_check_glob("{a,b}*", NULL), 0);
    assert_int_equal(select_check_glob("{a,b*", NULL), ERR_CONFIG);
    assert_int_equal(select_check_glob("a b", NULL), ERR_CONFIG);
    assert_int_equal(select_check_range("^1", NULL), 0);
    assert_int_equal(select_check_range("1.x", NULL), ERR_CONFIG);
    assert_int_equal(select_check_regex("a+", NULL), 0);
    assert_int_equal(select_check_regex("\\d+", NULL), ERR_CONFIG);
    assert_int_equal(select_check_exact("1.0@" SHA256, NULL), 0);
    assert_int_equal(select_check_exact("1.0@", NULL), ERR_CONFIG);
    assert_int_equal(select_check_rename("(a)", "$1", NULL), 0);
    assert_int_equal(select_check_rename("(a)", "$2", NULL), ERR_CONFIG);
}

/* ---- regexes ---- */

static void regexes(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *yes, *no;
    } rows[] = {
        {"1\\.2", "1.2", "1.25 11.2 1x2"},
        {"^1.*$", "1 12", "21"},
        {"a|ab", "a ab", "abc b"},
        {"(a|ab)(c|bcd)?", "a abc abcd ac", "abbcdx d"},
        {"v?[0-9]+(\\.[0-9]+){0,2}", "1 v1.2 1.2.3", "1.2.3.4 v vv1"},
        {"[[:digit:]]+[]x]*", "1 1x 1]", "x"},
        {"[^]a]+", "b bc", "] ab"},
        {"x{2}", "xx", "x xxx"},
        {"x{2,}", "xx xxxx", "x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tag_regex *regex = NULL;
        struct error err = ERROR_INIT;
        if (tag_regex_new(rows[i].pattern, &regex, &err) < 0)
            fail_msg("%s", err.text);
        assert_string_equal(tag_regex_text(regex), rows[i].pattern);
        for (int wanted = 0; wanted < 2; wanted++) {
            _cleanup_free_ char *copy = xstrdup(wanted ? rows[i].yes : rows[i].no);
            char *rest = copy, *tag;
            while ((tag = strsep(&rest, " "))) {
                if (tag_regex_matches(regex, tag, NULL) != wanted)
                    fail_msg("\"%s\" and %s", rows[i].pattern, tag);
            }
        }
        tag_regex_free(regex);
    }
}

static void refuses_regexes(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *why;
    } rows[] = {
        {"", "empty"},
        {"\\d+", "write [0-9] for \\d"},
        {"a\\", "nothing follows the backslash, at character 2"},
        {"(a)\\1", "back-references are not supported, at character 4"},
        {"(?:a)", "\"(?\" is Perl's"},
        {"[\\d]", "a backslash within [...]"},
        {"[a", "\"[\" has no \"]\", at character 1"},
        {"[[:digit:]", "\"[\" has no \"]\""},
        {"[[:digits:]]", "regex"},
        {"(a", "\"(\" has no \")\""},
        {"a)(b", "\")\" has no \"(\", at character 2"},
        {"*-alpine", "looks like a glob"},
        {"a{", "a repetition must be"},
        {"a{x}", "a repetition must be"},
        {"a{2", "a repetition must be"},
        {"a{,2}", "a repetition must be"},
        {"(((((a{20}){20}){20}){20}){20})", "it repeats too much"},
        {"a{99999999999999999999999}", "it repeats too much"},
        {"a{200}{200}", "it repeats too much"},
        {"((((((((((((((((((a))))))))))))))))))", "nested too deeply"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tag_regex *regex = NULL;
        struct error err = ERROR_INIT;
        assert_int_equal(tag_regex_new(rows[i].pattern, &regex, &err), ERR_CONFIG);
        assert_null(regex);
        if (!strstr(err.text, rows[i].why))
            fail_msg("\"%s\": %s", rows[i].pattern, err.text);
    }
    char longest[TAG_REGEX_LENGTH_MAX + 2];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(select_check_regex(longest, NULL), ERR_CONFIG);
    longest[TAG_REGEX_LENGTH_MAX] = '\0';
    assert_int_equal(select_check_regex(longest, NULL), 0);
}

static void renames(void **state)
{
    (void)state;
    static const struct {
        const char *regex, *replacement, *tag, *name; /* NULL: not described */
    } rows[] = {
        {"v(.*)", "$1", "v1", "1"},
        {"v(.*)", "\\1", "v1", "1"},
        {"v(.*)", "$1", "x1", NULL},
        {"v", "x", "v1", NULL},
        {"(a)(b)(c)(d)(e)(f)(g)(h)(i)", "$9$8$1", "abcdefghi", "iha"},
        {"(a)", "$10", "a", "a0"},
        {"(a)|(b)", "x$1$2", "b", "xb"},
        {"(.*)-(.*)", "\\2_$1", "a-b-c", "c_a-b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rename *rename = NULL;
        assert_int_equal(rename_new(rows[i].regex, rows[i].replacement, &rename, NULL), 0);
        _cleanup_free_ char *name = rename_apply(rename, rows[i].tag);
        if (!str_eq(name, rows[i].name))
            fail_msg("row %zu: %s", i, name);
        rename_free(rename);
    }
    static const struct {
        const char *replacement, *why;
    } bad[] = {
        {"", "must have 1 to"},
        {"$", "expected a group, $0 to $9, at character 1"},
        {"a$x", "expected a group, $0 to $9, at character 2"},
        {"${1}", "expected a group"},
        {"a\\", "expected a group"},
        {"$2", "does not have that many groups"},
        {"a/b", "a tag can't hold this character, at character 2"},
        {"a b", "a tag can't hold this character"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct rename *rename = NULL;
        struct error err = ERROR_INIT;
        assert_int_equal(rename_new("(a)", bad[i].replacement, &rename, &err), ERR_CONFIG);
        assert_null(rename);
        if (!strstr(err.text, bad[i].why))
            fail_msg("\"%s\": %s", bad[i].replacement, err.text);
    }
}

/* The longest name that can come out of the longest replacement. */
static void long_names_are_whole(void **state)
{
    (void)state;
    char replacement[257] = "", tag[129];
    for (int i = 0; i < 256; i += 2)
        memcpy(replacement + i, "$0", 2);
    replacement[256] = '\0';
    memset(tag, 'a', 128);
    tag[128] = '\0';
    struct rename *rename = NULL;
    assert_int_equal(rename_new(".*", replacement, &rename, NULL), 0);
    _cleanup_free_ char *name = rename_apply(rename, tag);
    assert_int_equal(strlen(name), 128 * 128);
    rename_free(rename);
}

static void artifact_tags(void **state)
{
    (void)state;
    static const char *const yes[] = {"sha256-" HEX64, "sha256-" HEX64 ".sig",
                                      "sha256-" HEX64 ".att", "sha256-" HEX64 ".sbom",
                                      "sha512-" HEX64};
    static const char *const no[] = {"",
                                     "sha256-",
                                     "sha256-abc",
                                     "sha256-" HEX64 "0",
                                     "sha256-" HEX64 ".sigs",
                                     "sha256-" HEX64 "-x",
                                     "sha1-" HEX64,
                                     "x-sha256-" HEX64,
                                     "latest",
                                     "sha256-ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEF"
                                     "ABCDEFABCDEF"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(select_tag_is_artifact(yes[i]));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(select_tag_is_artifact(no[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps),
        cmocka_unit_test(tells_why),
        cmocka_unit_test(ages),
        cmocka_unit_test(asks_step_by_step),
        cmocka_unit_test(warnings),
        cmocka_unit_test(warnings_are_bounded),
        cmocka_unit_test(counts_what_arrives),
        cmocka_unit_test(immutable_by_the_name_at_the_target),
        cmocka_unit_test(pins),
        cmocka_unit_test(needs),
        cmocka_unit_test(tags_one_by_one),
        cmocka_unit_test(refuses_rules),
        cmocka_unit_test(checks_for_the_configuration),
        cmocka_unit_test(regexes),
        cmocka_unit_test(refuses_regexes),
        cmocka_unit_test(renames),
        cmocka_unit_test(long_names_are_whole),
        cmocka_unit_test(artifact_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
