/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Platforms go by several names; docker's normal form is compared, whoever wrote it: what an index
 * says is never rewritten, so both sides are brought into that form for the comparison only.
 */
#include "oci/platform.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *architecture, *variant; /* variant NULL: as it was */
} aliases[] = {
    {"x86_64", "amd64", NULL}, {"x86-64", "amd64", NULL}, {"aarch64", "arm64", NULL},
    {"i386", "386", NULL},     {"i686", "386", NULL},     {"armhf", "arm", "v7"},
    {"armel", "arm", "v6"},
};

static void normalize_architecture(struct platform *p)
{
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
        if (!str_eq(p->architecture, aliases[i].name))
            continue;
        str_replace(&p->architecture, aliases[i].architecture);
        if (aliases[i].variant)
            str_replace(&p->variant, aliases[i].variant);
        return;
    }
}

/* "7" is "v7"; the variant that everybody means when they say none is left out, but for arm. */
static void normalize_variant(struct platform *p)
{
    if (p->variant && p->variant[0] >= '0' && p->variant[0] <= '9' &&
        str_has_prefix(p->architecture, "arm")) {
        _cleanup_free_ char *with_v = xasprintf("v%s", p->variant);
        str_replace(&p->variant, with_v);
    }
    bool implied = (str_eq(p->architecture, "arm64") && str_eq(p->variant, "v8")) ||
                   (str_eq(p->architecture, "amd64") && str_eq(p->variant, "v1"));
    if (implied)
        str_replace(&p->variant, NULL);
    if (str_eq(p->architecture, "arm") && !p->variant)
        str_replace(&p->variant, "v7");
}

static void normalize(struct platform *p)
{
    char **names[] = {&p->os, &p->architecture, &p->variant};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char *lower = *names[i] && **names[i] ? str_lower(*names[i]) : NULL;
        free(*names[i]);
        *names[i] = lower;
    }
    if (str_eq(p->os, "macos"))
        str_replace(&p->os, "darwin");
    if (!p->architecture)
        return;
    normalize_architecture(p);
    normalize_variant(p);
}

static struct platform normal_copy(const struct platform *p)
{
    struct platform copy = {.os = xstrdup(p->os),
                            .architecture = xstrdup(p->architecture),
                            .variant = xstrdup(p->variant),
                            .os_version = xstrdup(p->os_version)};
    normalize(&copy);
    return copy;
}

static bool parts_are_valid(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_.-";
    size_t parts = 1;
    for (const char *part = text;; parts++) {
        size_t len = strspn(part, allowed);
        if (!len)
            return false;
        if (!part[len])
            break;
        if (part[len] != '/')
            return false;
        part += len + 1;
    }
    return parts == 2 || parts == 3;
}

int platform_parse(const char *text, struct platform *ret, struct error *err)
{
    if (!parts_are_valid(text))
        return error_set(err, ERR_USAGE,
                         "\"%.100s\" is no platform: write OS/ARCHITECTURE or "
                         "OS/ARCHITECTURE/VARIANT, such as linux/amd64 or linux/arm/v7",
                         text);
    const char *architecture = strchr(text, '/') + 1;
    const char *variant = strchr(architecture, '/');
    struct platform p = {.os = xstrndup(text, (size_t)(architecture - text) - 1),
                         .architecture = xstrndup(architecture, strcspn(architecture, "/")),
                         .variant = variant ? xstrdup(variant + 1) : NULL};
    normalize(&p);
    *ret = p;
    return 0;
}

void platform_done(struct platform *platform)
{
    free(platform->os);
    free(platform->architecture);
    free(platform->variant);
    free(platform->os_version);
    *platform = (struct platform){0};
}

char *platform_text(const struct platform *platform)
{
    return xasprintf("%s/%s%s%s", platform->os ? platform->os : "unknown",
                     platform->architecture ? platform->architecture : "unknown",
                     platform->variant ? "/" : "", platform->variant ? platform->variant : "");
}

static bool satisfies(const char *asked, const char *offered)
{
    return !asked || str_eq(asked, offered);
}

bool platform_matches(const struct platform *asked, const struct platform *offered)
{
    _cleanup_(platform_done) struct platform want = normal_copy(asked);
    _cleanup_(platform_done) struct platform have = normal_copy(offered);
    return satisfies(want.os, have.os) && satisfies(want.architecture, have.architecture) &&
           satisfies(want.variant, have.variant) && satisfies(want.os_version, have.os_version);
}
