/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tags of a repository are copied, under which names, and why the others are not: pure. A
 * tag passes these stages, in this order; a stage without rules lets everything pass:
 *
 *     tags of artifacts -> glob -> regex -> semver -> exclude (the mapping's, then the defaults',
 *     then the built-in list where semver or latest is set) -> age -> sort -> latest
 *
 * What `exact` and the literals of `include` name joins afterwards; only the mapping's `exclude`
 * keeps it out. Then tags get their new names, and `min_tags` is counted.
 */
#pragma once

#include "base/error.h"
#include "oci/digest.h"

#include <stdint.h>

struct text_list { /* vec_add works on it */
    char **items;
    size_t len, alloc;
};

enum tag_sort {
    TAG_SORT_NONE,    /* the source's order */
    TAG_SORT_ALPHA,   /* by bytes, descending */
    TAG_SORT_SEMVER,  /* newest version first; what is no version last, by bytes, descending */
    TAG_SORT_CREATED, /* newest first; what has no time last; costs a look at every tag */
};

/* Begin with TAG_RULES_INIT. */
struct tag_rules {
    struct text_list exact;            /* TAG, DIGEST or TAG@DIGEST: these and, without globs,
                                          regexes and semver, no others */
    struct text_list globs;            /* one of them must fit */
    struct text_list regexes;          /* one of them must fit the whole tag */
    struct text_list include;          /* literal: always; glob: in spite of globs, regexes and the
                                          excludes that are not the mapping's */
    struct text_list exclude;          /* the mapping's */
    struct text_list default_excludes; /* the defaults' */
    char *semver;                      /* a range; NULL: none */
    enum tag_sort sort;
    int64_t latest;     /* how many, the first in order; -1: all */
    int64_t min_tags;   /* 0: none */
    int64_t min_age_ms; /* 0: none. Created at least that long ago */
    int64_t max_age_ms; /* 0: none. Created at most that long ago */
    char *immutable;    /* a glob over the names at the target; NULL: none */
    char *rename_regex; /* NULL: none */
    char *rename_replacement;
};
#define TAG_RULES_INIT ((struct tag_rules){.latest = -1})

/* For the configuration: can this be read? ERR_CONFIG; the names of tags must be possible ones. */
int select_check_glob(const char *text, struct error *err);
int select_check_regex(const char *text, struct error *err);
int select_check_range(const char *text, struct error *err);
int select_check_exact(const char *text, struct error *err);
int select_check_rename(const char *regex, const char *replacement, struct error *err);

/* Rules made ready. They outlive it. */
struct selector;
int selector_new(const struct tag_rules *rules, struct selector **ret, struct error *err);
void selector_free(struct selector *selector);
DEFINE_CLEANUP(struct selector *, selector_free)

/* False when the rules themselves name all that can be kept: then the source needs no tag list,
 * and select_tags makes up the tags that it was not given. */
bool selector_needs_list(const struct selector *selector);
/* Can a time of creation matter? If so, see selection.n_lacking. */
bool selector_needs_created(const struct selector *selector);

enum tag_created {
    TAG_CREATED_UNKNOWN, /* nobody looked */
    TAG_CREATED_NONE,    /* the image does not say */
    TAG_CREATED_KNOWN,
};

struct tag_input {
    const char *name;
    enum tag_created created;
    int64_t created_ms; /* since the epoch */
};

/* The rule that decided. */
enum select_rule {
    SELECT_ALL,       /* kept: passed every stage */
    SELECT_INCLUDE,   /* kept: a literal of `include` */
    SELECT_EXACT,     /* kept: named by `exact`; dropped: not named */
    SELECT_DUPLICATE, /* dropped: the source listed it twice */
    SELECT_ARTIFACT,  /* dropped: belongs to an image, see select_tag_is_artifact */
    SELECT_GLOB,      /* dropped, as all that follow */
    SELECT_REGEX,
    SELECT_NO_VERSION, /* semver is set, and this is none */
    SELECT_SEMVER,
    SELECT_EXCLUDE,
    SELECT_DEFAULT_EXCLUDE,
    SELECT_PRERELEASE, /* the built-in list */
    SELECT_MIN_AGE,
    SELECT_MAX_AGE,
    SELECT_NO_TIME, /* an age is set, and the image says no time */
    SELECT_LATEST,
    SELECT_RENAME_INVALID, /* the new name can't be a tag */
    SELECT_RENAME_TAKEN,   /* an earlier tag of the result has the new name */
};

struct selected_tag {
    const char *tag;    /* at the source; NULL: by digest alone */
    const char *digest; /* the digest it must have; NULL: any */
    const char *target; /* at the target; NULL: by digest alone */
    bool kept;
    bool immutable;     /* `immutable` fits the name at the target */
    bool needs_created; /* its time is needed for a final answer */
    enum select_rule rule;
    const char *detail; /* the pattern or name that decided; NULL: none */
};

struct selection {
    struct arena *arena;
    struct selected_tag *tags; /* first the kept ones in the order of the result, then the others */
    size_t n_tags, n_kept;
    size_t n_lacking; /* tags with needs_created: get their times and select again; until then the
                         rest of the answer is a guess, and there are no warnings */
    bool too_few;     /* fewer than min_tags */
    struct text_list warnings;
};

/*
 * `tags` in the source's order. Texts in the result belong to it, to `tags`, or to the selector.
 * Never fails: whatever is wrong with rules was found by selector_new.
 */
void select_tags(const struct selector *selector, const struct tag_input *tags, size_t n_tags,
                 int64_t now_ms, struct selection *ret);
void selection_done(struct selection *selection);

/*
 * For lists that come in slowly. True when no tag's answer depends on another tag or on a time;
 * then selector_judge says of each tag, as it comes, what select_tags will say of it in the end,
 * and the end of the list need not be waited for. Of a tag listed twice it says the same twice.
 */
bool selector_decides_alone(const struct selector *selector);
void selector_judge(const struct selector *selector, const char *tag, struct selected_tag *ret);

/* Stable words for reports: "glob", "exclude", "prerelease"... */
const char *select_rule_name(enum select_rule rule);
/* A clause for people: "is excluded by \"*-rc*\""; free it. */
char *select_why(const struct selected_tag *tag);

/* sha256-HEX, also with .sig, .att or .sbom: signatures and lists of referrers, no images. */
bool select_tag_is_artifact(const char *tag);
