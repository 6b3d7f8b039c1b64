/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distribution token protocol as a flow, for registries whose driver has none of its own. It
 * knows nothing but the host table and does no I/O.
 */
#pragma once

#include <ocync/driver.h>

/* The `self` of the flow. */
struct token_flow {
    const struct ocync_host *host;
};

/*
 * begin takes struct ocync_token_args. Ends with DONE (token, lifetime, perhaps a refresh token)
 * or FAIL: OCYNC_ERR_AUTH (credentials refused or needed; the sentence names the realm's host),
 * OCYNC_ERR_THROTTLED, OCYNC_ERR_TRANSIENT, OCYNC_ERR_PROTOCOL (an answer that makes no sense,
 * 400 included).
 */
extern const struct ocync_flow token_flow;
