/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that can be wrong with a replacement is found when it is read, not at some tag. */
#include "select/rename.h"

#include "base/str.h"
#include "select/tag_regex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT_MAX 256

struct rename {
    struct tag_regex *regex;
    char *replacement;
};

static bool is_mark(char c)
{
    return c == '$' || c == '\\';
}

static int refuse(const char *text, const char *at, const char *why, struct error *err)
{
    return error_set(err, ERR_CONFIG, "replacement \"%s\": %s, at character %td", text, why,
                     at - text + 1);
}

static int check_replacement(const char *text, size_t groups, struct error *err)
{
    if (!*text || strlen(text) > REPLACEMENT_MAX)
        return error_set(err, ERR_CONFIG, "a replacement must have 1 to %d characters",
                         REPLACEMENT_MAX);
    for (const char *at = text; *at; at++) {
        if (!is_mark(*at)) {
            if (!isalnum((unsigned char)*at) && !strchr("_.-", *at))
                return refuse(text, at, "a tag can't hold this character", err);
            continue;
        }
        const char *mark = at++;
        if (!isdigit((unsigned char)*at))
            return refuse(text, mark, "expected a group, $0 to $9", err);
        if ((size_t)(*at - '0') > groups)
            return refuse(text, mark, "the regex does not have that many groups", err);
    }
    return 0;
}

int rename_new(const char *regex, const char *replacement, struct rename **ret, struct error *err)
{
    _cleanup_(cleanup_tag_regex_free) struct tag_regex *compiled = NULL;
    int rc = tag_regex_new(regex, &compiled, err);
    if (rc == 0)
        rc = check_replacement(replacement, tag_regex_groups(compiled), err);
    if (rc < 0)
        return rc;
    struct rename *rename = xcalloc(1, sizeof(*rename));
    rename->regex = take_ptr(&compiled);
    rename->replacement = xstrdup(replacement);
    *ret = rename;
    return 0;
}

void rename_free(struct rename *rename)
{
    if (!rename)
        return;
    tag_regex_free(rename->regex);
    free(rename->replacement);
    free(rename);
}

char *rename_apply(const struct rename *rename, const char *tag)
{
    regmatch_t groups[TAG_REGEX_GROUPS];
    if (!tag_regex_matches(rename->regex, tag, groups))
        return NULL;
    /* Each mark is replaced by the whole tag at most, so nothing below can fail. */
    struct buf name = BUF_INIT(REPLACEMENT_MAX * (strlen(tag) + 1));
    for (const char *at = rename->replacement; *at; at++) {
        if (!is_mark(*at)) {
            buf_add_char(&name, *at);
            continue;
        }
        const regmatch_t *group = &groups[*++at - '0'];
        if (group->rm_so >= 0)
            buf_add(&name, tag + group->rm_so, (size_t)(group->rm_eo - group->rm_so));
    }
    return buf_take(&name);
}
