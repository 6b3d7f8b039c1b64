/* SPDX-License-Identifier: Apache-2.0 */
/* An option that is there twice. */
#include "small.h"

static const struct ocync_option options[] = {
    {.key = "same", .help = "h"},
    {.key = "same", .help = "h"},
};
static const struct ocync_driver bad = {SMALL_DRIVER("bad-option", "option.example"),
                                        .options = options, .n_options = 2};

OCYNC_DRIVER(bad, "bad-option", "1.0", "option.example");
