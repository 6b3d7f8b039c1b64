/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository that is read through mirrors: each is asked in turn, then the registry itself.
 * Everything but the reading of manifests and blobs is the registry's own: a mirror need not have
 * every tag, so it is not asked which there are.
 */
#pragma once

#include "oci/store.h"

/* Begins operations on `mirrors`, which it does not own, nor `origin`; they outlive it. */
struct store *store_mirrored(struct store *const *mirrors, size_t n, struct store *origin);
