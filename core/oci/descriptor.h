/* SPDX-License-Identifier: Apache-2.0 */
/* One descriptor out of a manifest; struct descriptor itself is in manifest.h. */
#pragma once

#include "oci/json.h"
#include "oci/manifest.h"

/* ERR_PROTOCOL with the member at fault; the caller says which descriptor it was. */
int descriptor_parse(const json_t *json, struct descriptor *ret, struct error *err);
void descriptor_done(struct descriptor *descriptor);
