/* SPDX-License-Identifier: Apache-2.0 */
/* What a media type makes of a document; the questions for everybody are in manifest.h. */
#pragma once

#include "oci/manifest.h"

enum media_type_role {
    MEDIA_TYPE_GENERIC,   /* says nothing: NULL, "", application/json... */
    MEDIA_TYPE_IMAGE,     /* a manifest with config and layers */
    MEDIA_TYPE_INDEX,     /* a list of manifests */
    MEDIA_TYPE_SCHEMA1,   /* Docker's first form */
    MEDIA_TYPE_WITHDRAWN, /* the artifact manifest that OCI took back */
    MEDIA_TYPE_OTHER,
};

/* By name, without parameters, in any case. */
enum media_type_role media_type_role(const char *media_type);
/* What a document of that role (image or index) is that does not say its type. */
const char *media_type_inferred(enum media_type_role role);
/* "Text/Plain; charset=utf-8" -> "text/plain"; free it. */
char *media_type_without_parameters(const char *media_type);
