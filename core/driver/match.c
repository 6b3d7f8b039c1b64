/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/match.h"

#include "base/alloc.h"
#include "base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Where the port begins (at the colon), or the end: colons inside brackets are of an address. */
static const char *port_of(const char *host)
{
    const char *bracket = strrchr(host, ']');
    const char *colon = strchr(bracket ? bracket : host, ':');
    return colon ? colon : host + strlen(host);
}

static bool glob_fits(const char *glob, const char *host)
{
    if (*port_of(glob))
        return str_glob(glob, host, true);
    _cleanup_free_ char *name = xstrndup(host, (size_t)(port_of(host) - host));
    return str_glob(glob, name, true);
}

/* Larger is more specific. */
static int64_t specificity(const char *glob)
{
    int64_t literal = 0;
    bool wild = false;
    for (const char *p = glob; *p; p++) {
        if (*p == '*' || *p == '?')
            wild = true;
        else
            literal++;
    }
    return wild ? literal : literal + INT32_MAX;
}

/* Walks globs separated by spaces: a copy of the next one, or NULL. */
static char *next_glob(const char **at)
{
    const char *p = *at + strspn(*at, " ");
    size_t len = strcspn(p, " ");
    *at = p + len;
    return len ? xstrndup(p, len) : NULL;
}

ptrdiff_t match_best(const struct match_claims *claims, size_t n_claims, const char *host,
                     char **ret_glob)
{
    ptrdiff_t best = -1;
    int64_t best_rank = -1;
    _cleanup_free_ char *best_glob = NULL;
    for (size_t i = 0; i < n_claims; i++) {
        const char *at = claims[i].hosts ? claims[i].hosts : "";
        char *glob;
        while ((glob = next_glob(&at))) {
            if (specificity(glob) > best_rank && glob_fits(glob, host)) {
                best = (ptrdiff_t)i;
                best_rank = specificity(glob);
                free(best_glob);
                best_glob = take_ptr(&glob);
            }
            free(glob);
        }
    }
    if (ret_glob && best >= 0)
        *ret_glob = take_ptr(&best_glob);
    return best;
}

bool match_has_glob(const char *hosts, const char *glob)
{
    const char *at = hosts;
    char *own;
    while ((own = next_glob(&at))) {
        bool same = str_ieq(own, glob);
        free(own);
        if (same)
            return true;
    }
    return false;
}
