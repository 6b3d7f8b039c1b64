/* SPDX-License-Identifier: Apache-2.0 */
/* The stages that look at one tag and its name only, and the words for all stages. */
#include "select/selector.h"

#include "base/str.h"
#include "select/version.h"

#include <string.h>

#define ARTIFACT_HEX 64

bool select_tag_is_artifact(const char *tag)
{
    static const char *const endings[] = {"", ".sig", ".att", ".sbom"};
    const char *hex = strchr(tag, '-');
    if (!str_has_prefix(tag, "sha256-") && !str_has_prefix(tag, "sha512-"))
        return false;
    if (strspn(++hex, "0123456789abcdef") != ARTIFACT_HEX)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (str_eq(hex + ARTIFACT_HEX, endings[i]))
            return true;
    }
    return false;
}

static bool exact_names(const struct selector *s, const char *tag)
{
    for (size_t i = 0; i < s->exact.len; i++) {
        if (str_eq(s->exact.items[i].tag, tag))
            return true;
    }
    return false;
}

static bool regexes_fit(const struct regex_list *list, const char *tag)
{
    for (size_t i = 0; i < list->len; i++) {
        if (tag_regex_matches(list->items[i], tag, NULL))
            return true;
    }
    return false;
}

enum select_rule stage_named(const struct selector *selector, const char *tag)
{
    if (glob_list_find(&selector->exclude, tag))
        return SELECT_ALL;
    if (exact_names(selector, tag))
        return SELECT_EXACT;
    return glob_list_names(&selector->include, tag) ? SELECT_INCLUDE : SELECT_ALL;
}

/* Everything is chosen until a rule chooses. */
static enum select_rule stage_choice(const struct selector *s, const char *tag, bool rescued)
{
    bool named = glob_list_names(&s->globs, tag) || glob_list_names(&s->include, tag);
    if (select_tag_is_artifact(tag) && !named && !exact_names(s, tag))
        return SELECT_ARTIFACT;
    if (s->exact.len && !s->globs.len && !s->regexes.len && !s->range)
        return SELECT_EXACT;
    if (s->globs.len && !rescued && !glob_list_find(&s->globs, tag))
        return SELECT_GLOB;
    if (s->regexes.len && !rescued && !regexes_fit(&s->regexes, tag))
        return SELECT_REGEX;
    return SELECT_ALL;
}

static enum select_rule stage_range(const struct selector *s, const char *tag,
                                    const char **ret_detail)
{
    struct version version;
    if (!s->range)
        return SELECT_ALL;
    if (!version_parse(tag, &version))
        return SELECT_NO_VERSION;
    if (version_range_has(s->range, &version))
        return SELECT_ALL;
    *ret_detail = version_range_text(s->range);
    return SELECT_SEMVER;
}

static enum select_rule stage_exclude(const struct selector *s, const char *tag, bool rescued,
                                      const char **ret_detail)
{
    const struct {
        const struct glob_list *list;
        enum select_rule rule;
    } tiers[] = {
        {&s->exclude, SELECT_EXCLUDE},
        {&s->default_excludes, SELECT_DEFAULT_EXCLUDE},
        {&s->prereleases, SELECT_PRERELEASE},
    };
    for (size_t i = 0; i < (rescued ? 1 : ARRAY_LEN(tiers)); i++) {
        const char *found = glob_list_find(tiers[i].list, tag);
        if (found) {
            *ret_detail = found;
            return tiers[i].rule;
        }
    }
    return SELECT_ALL;
}

enum select_rule stage_by_name(const struct selector *selector, const char *tag,
                               const char **ret_detail)
{
    *ret_detail = NULL;
    bool rescued = glob_list_find(&selector->include, tag) != NULL;
    enum select_rule rule = stage_choice(selector, tag, rescued);
    if (rule == SELECT_ALL)
        rule = stage_range(selector, tag, ret_detail);
    if (rule == SELECT_ALL)
        rule = stage_exclude(selector, tag, rescued, ret_detail);
    return rule;
}

/* Words; `why` follows "the tag", and %s is the detail. */
static const struct {
    const char *name, *why;
} words[] = {
    [SELECT_ALL] = {"all", "passes every rule"},
    [SELECT_INCLUDE] = {"include", "is named under tags.include"},
    [SELECT_EXACT] = {"exact", "is not in the list of tags"},
    [SELECT_DUPLICATE] = {"duplicate", "was listed twice by the source"},
    [SELECT_ARTIFACT] = {"artifact", "holds signatures or other artifacts of an image"},
    [SELECT_GLOB] = {"glob", "fits none of tags.glob"},
    [SELECT_REGEX] = {"regex", "fits none of tags.regex"},
    [SELECT_NO_VERSION] = {"no-version", "is no version, and tags.semver is set"},
    [SELECT_SEMVER] = {"semver", "is outside of the range"},
    [SELECT_EXCLUDE] = {"exclude", "is excluded by"},
    [SELECT_DEFAULT_EXCLUDE] = {"default-exclude", "is excluded by the defaults'"},
    [SELECT_PRERELEASE] = {"prerelease", "is a prerelease by the built-in"},
    [SELECT_MIN_AGE] = {"min-age", "is younger than tags.min_age"},
    [SELECT_MAX_AGE] = {"max-age", "is older than tags.max_age"},
    [SELECT_NO_TIME] = {"no-time", "does not say when it was created, and an age is asked for"},
    [SELECT_LATEST] = {"latest", "is not among tags.latest"},
    [SELECT_RENAME_INVALID] = {"rename-invalid", "would get a name that no tag can have:"},
    [SELECT_RENAME_TAKEN] = {"rename-taken", "would get a name that another tag has already:"},
};

const char *select_rule_name(enum select_rule rule)
{
    return words[rule].name;
}

char *select_why(const struct selected_tag *tag)
{
    if (tag->rule == SELECT_EXACT && tag->kept)
        return xstrdup("is in the list of tags");
    const char *why = words[tag->rule].why;
    return tag->detail ? xasprintf("%s \"%s\"", why, tag->detail) : xstrdup(why);
}
