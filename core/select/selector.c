/* SPDX-License-Identifier: Apache-2.0 */
/* Reads all rules once, before the first tag comes, so that selecting itself cannot fail. */
#include "select/selector.h"

#include "base/str.h"
#include "base/vec.h"
#include "oci/ref.h"

#include <stdlib.h>
#include <string.h>

/* Left out on purpose: -dev, -edge, -final, -r1: they are variants or releases. */
static const char *const prerelease_globs[] = {"*-rc*",  "*-alpha*",    "*-beta*",
                                               "*-pre*", "*-snapshot*", "*-nightly*"};

const char *glob_list_find(const struct glob_list *list, const char *tag)
{
    for (size_t i = 0; i < list->len; i++) {
        if (glob_matches(list->items[i], tag))
            return glob_text(list->items[i]);
    }
    return NULL;
}

bool glob_list_names(const struct glob_list *list, const char *tag)
{
    for (size_t i = 0; i < list->len; i++) {
        if (str_eq(glob_text(list->items[i]), tag))
            return glob_is_literal(tag);
    }
    return false;
}

static int check_literal(const char *text, struct error *err)
{
    if (!glob_is_literal(text) || tag_is_valid(text))
        return 0;
    return error_set(err, ERR_CONFIG,
                     "\"%.200s\" can't be a tag: expected up to 128 letters, digits, \"_\", \".\" "
                     "and \"-\", not beginning with \".\" or \"-\"",
                     text);
}

static int new_glob(const char *text, bool fold, struct glob **ret, struct error *err)
{
    _cleanup_(cleanup_glob_free) struct glob *glob = NULL;
    int rc = glob_new(text, fold, &glob, err);
    if (rc == 0)
        rc = check_literal(text, err);
    if (rc == 0)
        *ret = take_ptr(&glob);
    return rc;
}

static int add_globs(const char *key, const struct text_list *texts, struct glob_list *ret,
                     struct error *err)
{
    for (size_t i = 0; i < texts->len; i++) {
        struct glob *glob = NULL;
        int rc = new_glob(texts->items[i], false, &glob, err);
        if (rc < 0) {
            error_wrap(err, "tags.%s", key);
            return rc;
        }
        vec_add(ret, glob);
    }
    return 0;
}

static int add_regexes(const struct text_list *texts, struct regex_list *ret, struct error *err)
{
    for (size_t i = 0; i < texts->len; i++) {
        struct tag_regex *regex;
        int rc = tag_regex_new(texts->items[i], &regex, err);
        if (rc < 0) {
            error_wrap(err, "tags.regex");
            return rc;
        }
        vec_add(ret, regex);
    }
    return 0;
}

static int add_prereleases(struct glob_list *ret, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(prerelease_globs); i++) {
        struct glob *glob;
        int rc = glob_new(prerelease_globs[i], true, &glob, err);
        if (rc < 0)
            return rc;
        vec_add(ret, glob);
    }
    return 0;
}

static void exact_done(struct exact_tag *exact)
{
    free(exact->tag);
    free(exact->digest);
}

/* TAG, DIGEST or TAG@DIGEST: only a digest has a colon. */
static int parse_exact(const char *text, struct exact_tag *ret, struct error *err)
{
    const char *at = strchr(text, '@');
    const char *digest = at ? at + 1 : strchr(text, ':') ? text : NULL;
    struct digest parsed;
    if (digest && digest_parse(digest, &parsed, err) < 0)
        return error_set(err, ERR_CONFIG,
                         "\"%.200s\" is no digest: expected \"sha256:\" and 64, or \"sha512:\" and "
                         "128 lower-case hexadecimal digits",
                         digest);
    if (digest == text) {
        ret->digest = xstrdup(digest);
        return 0;
    }
    _cleanup_free_ char *tag = at ? xstrndup(text, (size_t)(at - text)) : xstrdup(text);
    if (!glob_is_literal(tag))
        return error_set(err, ERR_CONFIG,
                         "\"%.200s\" has wildcards, and a list of tags names each tag: write them "
                         "under tags.glob",
                         text);
    int rc = check_literal(tag, err);
    if (rc < 0)
        return rc;
    ret->tag = take_ptr(&tag);
    ret->digest = xstrdup(digest);
    return 0;
}

/* 0: new, 1: known already. */
static int find_exact(const struct selector *s, const struct exact_tag *exact, struct error *err)
{
    for (size_t i = 0; i < s->exact.len; i++) {
        const struct exact_tag *known = &s->exact.items[i];
        if (!str_eq(known->tag, exact->tag))
            continue;
        if (str_eq(known->digest, exact->digest))
            return 1;
        if (exact->tag)
            return error_set(err, ERR_CONFIG, "tag \"%s\" is listed twice, as different images",
                             exact->tag);
    }
    return 0;
}

static int add_exact(const struct text_list *texts, struct selector *s, struct error *err)
{
    for (size_t i = 0; i < texts->len; i++) {
        struct exact_tag exact = {NULL, NULL};
        int rc = parse_exact(texts->items[i], &exact, err);
        if (rc == 0)
            rc = find_exact(s, &exact, err);
        if (rc == 0)
            vec_add(&s->exact, exact);
        else
            exact_done(&exact);
        if (rc < 0) {
            error_wrap(err, "tags");
            return rc;
        }
    }
    return 0;
}

/* Rules that contradict each other. */
static int check_rules(const struct tag_rules *rules, struct error *err)
{
    if (rules->latest >= 0 && rules->sort == TAG_SORT_NONE)
        return error_set(err, ERR_CONFIG,
                         "tags.latest requires tags.sort: without an order no tag is the latest");
    if (rules->min_tags < 0 || rules->min_age_ms < 0 || rules->max_age_ms < 0)
        return error_set(err, ERR_CONFIG,
                         "tags.min_tags, tags.min_age and tags.max_age must not be negative");
    if (rules->max_age_ms && rules->min_age_ms > rules->max_age_ms)
        return error_set(err, ERR_CONFIG,
                         "tags.min_age is more than tags.max_age: no tag can satisfy both");
    if (!rules->rename_regex != !rules->rename_replacement)
        return error_set(err, ERR_CONFIG, "tags.rename needs both a regex and a replacement");
    return 0;
}

static int build_lists(struct selector *s, const struct tag_rules *rules, struct error *err)
{
    const struct {
        const char *key;
        const struct text_list *texts;
        struct glob_list *globs;
    } lists[] = {
        {"glob", &rules->globs, &s->globs},
        {"include", &rules->include, &s->include},
        {"exclude", &rules->exclude, &s->exclude},
        {"exclude", &rules->default_excludes, &s->default_excludes},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(lists); i++)
        rc = add_globs(lists[i].key, lists[i].texts, lists[i].globs, err);
    if (rc == 0)
        rc = add_regexes(&rules->regexes, &s->regexes, err);
    if (rc == 0 && (rules->semver || rules->latest >= 0))
        rc = add_prereleases(&s->prereleases, err);
    return rc < 0 ? rc : add_exact(&rules->exact, s, err);
}

static int build_singles(struct selector *s, const struct tag_rules *rules, struct error *err)
{
    const char *key = "tags.semver";
    int rc = rules->semver ? version_range_new(rules->semver, &s->range, err) : 0;
    if (rc == 0 && rules->immutable) {
        key = "tags.immutable_tags";
        rc = new_glob(rules->immutable, false, &s->immutable, err);
    }
    if (rc == 0 && rules->rename_regex) {
        key = "tags.rename";
        rc = rename_new(rules->rename_regex, rules->rename_replacement, &s->rename, err);
    }
    if (rc < 0)
        error_wrap(err, "%s", key);
    return rc;
}

int selector_new(const struct tag_rules *rules, struct selector **ret, struct error *err)
{
    _cleanup_(cleanup_selector_free) struct selector *s = xcalloc(1, sizeof(*s));
    s->rules = rules;
    int rc = check_rules(rules, err);
    if (rc == 0)
        rc = build_lists(s, rules, err);
    if (rc == 0)
        rc = build_singles(s, rules, err);
    if (rc < 0)
        return rc;
    *ret = take_ptr(&s);
    return 0;
}

static void glob_list_done(struct glob_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        glob_free(list->items[i]);
    vec_done(list);
}

void selector_free(struct selector *selector)
{
    if (!selector)
        return;
    for (size_t i = 0; i < selector->exact.len; i++)
        exact_done(&selector->exact.items[i]);
    vec_done(&selector->exact);
    for (size_t i = 0; i < selector->regexes.len; i++)
        tag_regex_free(selector->regexes.items[i]);
    vec_done(&selector->regexes);
    glob_list_done(&selector->globs);
    glob_list_done(&selector->include);
    glob_list_done(&selector->exclude);
    glob_list_done(&selector->default_excludes);
    glob_list_done(&selector->prereleases);
    version_range_free(selector->range);
    glob_free(selector->immutable);
    rename_free(selector->rename);
    free(selector);
}

/* Rules that pick by name out of all tags ask for the list; so does whatever counts or orders what
 * is there. */
bool selector_needs_list(const struct selector *selector)
{
    const struct tag_rules *rules = selector->rules;
    if (rules->regexes.len || rules->include.len || rules->semver || rules->latest >= 0 ||
        rules->min_tags > 0)
        return true;
    for (size_t i = 0; i < rules->globs.len; i++) {
        if (!glob_is_literal(rules->globs.items[i]))
            return true;
    }
    return !rules->globs.len && !rules->exact.len;
}

bool selector_needs_created(const struct selector *selector)
{
    const struct tag_rules *rules = selector->rules;
    return rules->min_age_ms || rules->max_age_ms || rules->sort == TAG_SORT_CREATED;
}

int select_check_glob(const char *text, struct error *err)
{
    _cleanup_(cleanup_glob_free) struct glob *glob = NULL;
    return new_glob(text, false, &glob, err);
}

int select_check_regex(const char *text, struct error *err)
{
    _cleanup_(cleanup_tag_regex_free) struct tag_regex *regex = NULL;
    return tag_regex_new(text, &regex, err);
}

int select_check_range(const char *text, struct error *err)
{
    _cleanup_(cleanup_version_range_free) struct version_range *range = NULL;
    return version_range_new(text, &range, err);
}

int select_check_exact(const char *text, struct error *err)
{
    struct exact_tag exact = {NULL, NULL};
    int rc = parse_exact(text, &exact, err);
    exact_done(&exact);
    return rc;
}

int select_check_rename(const char *regex, const char *replacement, struct error *err)
{
    _cleanup_(cleanup_rename_free) struct rename *rename = NULL;
    return rename_new(regex, replacement, &rename, err);
}
