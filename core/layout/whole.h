/* SPDX-License-Identifier: Apache-2.0 */
/* Is everything there that a manifest names? */
#pragma once

#include "layout/folder.h"
#include "oci/manifest.h"

/*
 * The manifest itself, its blobs with the right sizes, its children and all below them. Layers
 * that need not be there (foreign ones) are not asked for. In a registry the server sees to this;
 * in a layout nobody else does.
 */
bool manifest_is_whole(const struct folder *folder, const struct digest *digest);
