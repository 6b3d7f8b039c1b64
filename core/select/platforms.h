/* SPDX-License-Identifier: Apache-2.0 */
/* Which children of an index stay when only some platforms are wanted: pure. */
#pragma once

#include "oci/manifest.h"

struct platform_choice {
    bool *keep; /* for each child of the index */
    size_t n_kept;
    size_t *missing; /* places in the list asked for that no child fits, in its order */
    size_t n_missing;
    size_t n_undecided; /* kept: indexes below this one that name no platform */
};

/*
 * A child stays if it fits one of the platforms; an attestation if what it speaks of stays; an
 * index that names no platform always, as what is in it can't be told from here. Other children
 * without a platform go. ERR_NOT_FOUND, with what there is, when every platform is missing; one
 * that is empty has nothing to choose from, and everything stays.
 */
int platforms_choose(const struct manifest *index, const struct platform *asked, size_t n_asked,
                     struct platform_choice *ret, struct error *err);
void platform_choice_done(struct platform_choice *choice);
