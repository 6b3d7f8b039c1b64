/* SPDX-License-Identifier: Apache-2.0 */
/* Signed statements in a URL or a header. */
#include "ticket.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

void ticket_key_init(struct ticket_key *key, const char *secret)
{
    key->secret = secret != NULL ? xstrdup(secret) : random_hex(32);
    key->revoked_before = 0;
}

void ticket_key_done(struct ticket_key *key)
{
    free(key->secret);
}

void ticket_revoke_all(struct ticket_key *key)
{
    key->revoked_before = wall_us();
}

static char *sign(const struct ticket_key *key, const char *text, size_t len)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_len = 0;

    HMAC(EVP_sha256(), key->secret, (int)strlen(key->secret), (const unsigned char *)text, len, mac,
         &mac_len);
    return hex_encode(mac, mac_len);
}

char *ticket_issue(const struct ticket_key *key, json_t *claims, int64_t lifetime_s)
{
    int64_t now = wall_us();
    CLEANUP(freep) char *serial = random_hex(8);

    json_object_set_new(claims, "serial", json_string(serial));
    json_object_set_new(claims, "issued", json_integer(now));
    json_object_set_new(claims, "expires", json_integer(now + lifetime_s * 1000000));
    CLEANUP(freep) char *text = json_dumps(claims, JSON_COMPACT);
    json_decref(claims);
    CLEANUP(freep) char *hex = hex_encode(text, strlen(text));
    CLEANUP(freep) char *mac = sign(key, hex, strlen(hex));
    return xasprintf("%s.%s", hex, mac);
}

static json_t *open_ticket(const struct ticket_key *key, const char *ticket)
{
    const char *dot = strchr(ticket, '.');
    size_t len = 0;

    if (dot == NULL)
        return NULL;
    CLEANUP(freep) char *hex = xstrndup(ticket, (size_t)(dot - ticket));
    CLEANUP(freep) char *mac = sign(key, hex, strlen(hex));
    if (strlen(mac) != strlen(dot + 1) || CRYPTO_memcmp(mac, dot + 1, strlen(mac)) != 0)
        return NULL;
    CLEANUP(freep) unsigned char *text = hex_decode(hex, &len);
    return text != NULL ? json_loadb((const char *)text, len, 0, NULL) : NULL;
}

enum ticket_verdict ticket_check(const struct ticket_key *key, const char *ticket,
                                 json_t **ret_claims)
{
    json_t *claims = open_ticket(key, ticket);

    if (claims == NULL)
        return TICKET_FORGED;
    int64_t issued = json_integer_value(json_object_get(claims, "issued"));
    int64_t expires = json_integer_value(json_object_get(claims, "expires"));
    if (issued <= key->revoked_before || expires <= wall_us()) {
        json_decref(claims);
        return TICKET_EXPIRED;
    }
    *ret_claims = claims;
    return TICKET_VALID;
}
