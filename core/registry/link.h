/* SPDX-License-Identifier: Apache-2.0 */
/* The next page of a list, as a Link header tells (RFC 8288). */
#pragma once

#include "registry/private.h"

/* Path and query of rel="next" in the answer to the request; free it. NULL: none. Only these are
 * used of what a server names: the origin stays the registry's. */
char *link_next(const struct request *request);
