/* SPDX-License-Identifier: Apache-2.0 */
/* An index with some of its children left out, cut from the text of the whole: pure. */
#pragma once

#include "oci/manifest.h"

/*
 * `keep` has one entry for each child of `index`; one at least stays. The elements that stay and
 * every other member are what they were, byte for byte and in their order, so the same choice
 * always has the same digest; with all kept it is the original. ERR_UNSUPPORTED when the text can't
 * be followed, or what comes out does not list exactly the children that stay.
 */
int subset_cut(const struct manifest *index, const bool *keep, struct manifest **ret,
               struct error *err);
