/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms: os/architecture[/variant], as docker writes them. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

struct platform {
    char *os;           /* NULL: not said */
    char *architecture; /* NULL: not said */
    char *variant;      /* NULL: not said */
    char *os_version;   /* NULL: not said */
};

/* "linux/arm64/v8", "linux/amd64". Normalises as docker does: x86_64 is amd64, aarch64 is arm64,
 * arm without variant is v7, arm64/v8 is arm64. ERR_USAGE. */
int platform_parse(const char *text, struct platform *ret, struct error *err);
void platform_done(struct platform *platform);
/* "linux/arm64"; free it. */
char *platform_text(const struct platform *platform);
/* Does what an index says satisfy what was asked for? An absent variant asks for any. */
bool platform_matches(const struct platform *asked, const struct platform *offered);
