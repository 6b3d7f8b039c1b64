/* SPDX-License-Identifier: Apache-2.0 */
/* Attestations come second: they follow the child whose digest they name. */
#include "select/platforms.h"

#include "base/str.h"

#include <stdlib.h>

#define NAMES_MAX 400

static bool names_platform(const struct descriptor *child)
{
    return child->platform.os || child->platform.architecture;
}

static bool is_undecided(const struct descriptor *child)
{
    return media_type_is_index(child->media_type) && !names_platform(child) &&
           !child->is_attestation;
}

/* Marks what fits one platform; false when nothing does. */
static bool mark_fitting(const struct manifest *index, const struct platform *asked, bool *keep)
{
    bool found = false;
    for (size_t i = 0; i < index->n_children; i++) {
        const struct descriptor *child = &index->children[i];
        if (child->is_attestation || !names_platform(child) ||
            !platform_matches(asked, &child->platform))
            continue;
        keep[i] = true;
        found = true;
    }
    return found;
}

static void mark_undecided(const struct manifest *index, struct platform_choice *choice)
{
    for (size_t i = 0; i < index->n_children; i++) {
        if (is_undecided(&index->children[i])) {
            choice->keep[i] = true;
            choice->n_undecided++;
        }
    }
}

static bool stays(const struct manifest *index, const bool *keep, const struct digest *digest)
{
    for (size_t i = 0; i < index->n_children; i++) {
        const struct descriptor *child = &index->children[i];
        if (keep[i] && !child->is_attestation && digest_equal(&child->digest, digest))
            return true;
    }
    return false;
}

static void mark_attestations(const struct manifest *index, bool *keep)
{
    for (size_t i = 0; i < index->n_children; i++) {
        const struct descriptor *child = &index->children[i];
        if (child->is_attestation && digest_is_set(&child->attests))
            keep[i] = stays(index, keep, &child->attests);
    }
}

static void add_name(struct buf *names, const struct platform *platform)
{
    _cleanup_free_ char *text = platform_text(platform);
    buf_printf(names, "%s%s", names->len ? ", " : "", text);
}

static int refuse_all(const struct manifest *index, const struct platform *asked, size_t n_asked,
                      struct error *err)
{
    struct buf wanted = BUF_INIT(NAMES_MAX), offered = BUF_INIT(NAMES_MAX);
    for (size_t i = 0; i < n_asked; i++)
        add_name(&wanted, &asked[i]);
    for (size_t i = 0; i < index->n_children; i++) {
        if (!index->children[i].is_attestation && names_platform(&index->children[i]))
            add_name(&offered, &index->children[i].platform);
    }
    error_set(err, ERR_NOT_FOUND, "the index has none of the platforms asked for (%s): it has %s",
              buf_str(&wanted), offered.len ? buf_str(&offered) : "none that it names");
    buf_done(&wanted);
    buf_done(&offered);
    return ERR_NOT_FOUND;
}

int platforms_choose(const struct manifest *index, const struct platform *asked, size_t n_asked,
                     struct platform_choice *ret, struct error *err)
{
    struct platform_choice choice = {
        .keep = xcalloc(index->n_children + 1, sizeof(*choice.keep)),
        .missing = xcalloc(n_asked + 1, sizeof(*choice.missing)),
    };
    for (size_t i = 0; i < n_asked; i++) {
        if (!mark_fitting(index, &asked[i], choice.keep))
            choice.missing[choice.n_missing++] = i;
    }
    mark_undecided(index, &choice);
    if (choice.n_missing == n_asked && index->n_children && !choice.n_undecided) {
        platform_choice_done(&choice);
        return refuse_all(index, asked, n_asked, err);
    }
    mark_attestations(index, choice.keep);
    for (size_t i = 0; i < index->n_children; i++)
        choice.n_kept += choice.keep[i];
    *ret = choice;
    return 0;
}

void platform_choice_done(struct platform_choice *choice)
{
    free(choice->keep);
    free(choice->missing);
    *choice = (struct platform_choice){.keep = NULL};
}
