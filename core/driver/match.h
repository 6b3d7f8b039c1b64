/* SPDX-License-Identifier: Apache-2.0 */
/* Which claim on a host is the most specific: pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct match_claims {
    const char *hosts; /* globs separated by spaces; NULL: none */
};

/*
 * Index of the claims that fit "name" or "name:port" best, -1 when none does: a glob without
 * wildcard beats one with, then more literal characters win, then the earlier entry. A glob
 * without a port fits every port. *ret_glob (may be NULL) becomes a copy of the winning glob.
 */
ptrdiff_t match_best(const struct match_claims *claims, size_t n_claims, const char *host,
                     char **ret_glob);
/* Is exactly this glob (letter case aside) among the claims? */
bool match_has_glob(const char *hosts, const char *glob);
