/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of what refers to a manifest where the registry keeps none: an index under a tag made
 * of the subject's digest (OCI distribution-spec, "Referrers Tag Schema"). Pure.
 */
#pragma once

#include "oci/manifest.h"

/* "sha256-HEX" */
#define REFERRERS_TAG_MAX DIGEST_TEXT_MAX
void referrers_tag(const struct digest *subject, char out[REFERRERS_TAG_MAX]);

/* What `index` lists, and `additions` (manifests with a subject) that it lacks, in this order;
 * entries of others stay as they are. `index` NULL: there is none yet. *ret stays NULL when there
 * is nothing to add. */
int referrers_merge(const struct manifest *index, const struct manifest *const *additions,
                    size_t n_additions, struct manifest **ret, struct error *err);
