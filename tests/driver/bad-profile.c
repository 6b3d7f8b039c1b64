/* SPDX-License-Identifier: Apache-2.0 */
/* A host name that would send requests elsewhere. */
#include "small.h"

static const struct ocync_profile profile = {.struct_size = sizeof(struct ocync_profile),
                                             .api_host = "good.example@evil.example/x"};
static const struct ocync_driver bad = {SMALL_DRIVER("bad-profile", "profile.example"),
                                        .profile = &profile};

OCYNC_DRIVER(bad, "bad-profile", "1.0", "profile.example");
