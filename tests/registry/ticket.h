/* SPDX-License-Identifier: Apache-2.0 */
/* Signed statements in a URL or a header: bearer tokens and storage links. A ticket is its claims
 * and an HMAC over them, both in hex, so an instance with the same secret accepts it without
 * having seen it before. To a client it is opaque. */
#ifndef REGISTRY_TICKET_H
#define REGISTRY_TICKET_H

#include <jansson.h>
#include <stdint.h>

struct ticket_key {
    char *secret;
    int64_t revoked_before; /* wall clock in us: older tickets count as expired */
};

enum ticket_verdict { TICKET_VALID, TICKET_EXPIRED, TICKET_FORGED };

/* Without a secret a random one is made. */
void ticket_key_init(struct ticket_key *key, const char *secret);
void ticket_key_done(struct ticket_key *key);
/* Lets all tickets of the past expire. */
void ticket_revoke_all(struct ticket_key *key);

/* Steals `claims`; adds the time of issue and the time of expiry. The caller frees the result. */
char *ticket_issue(const struct ticket_key *key, json_t *claims, int64_t lifetime_s);
/* `*ret_claims` is set only for a valid ticket; the caller owns the reference. */
enum ticket_verdict ticket_check(const struct ticket_key *key, const char *ticket,
                                 json_t **ret_claims);

#endif
