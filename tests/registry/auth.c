/* SPDX-License-Identifier: Apache-2.0 */
/* Who may send a request to the registry itself. */
#include "auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "challenge.h"
#include "router.h"
#include "util.h"

/* What the Authorization header of a request proved. Rights come from a user (Basic, anonymous)
 * or from the claims of a token (Bearer). */
struct identity {
    bool is_known; /* false: no credentials, or none of use here */
    const struct user *user;
    json_t *claims;
};

static void identity_done(struct identity *identity)
{
    json_decref(identity->claims);
}

void auth_challenge(struct request *request, const char *error)
{
    struct reply *reply = reply_error(401, "UNAUTHORIZED", "authentication required");

    challenge_add(request, reply, error);
    request_answer(request, reply);
}

/* "Bearer x" -> "x", NULL if the scheme is another one. */
static const char *credentials(const char *header, const char *scheme)
{
    size_t len = strlen(scheme);

    if (header == NULL || strncasecmp(header, scheme, len) != 0 || header[len] != ' ')
        return NULL;
    return header + len + strspn(header + len, " ");
}

static void answer_expired(struct request *request)
{
    struct reply *reply;

    switch (request->registry->switches.bearer_expired) {
    case EXPIRED_400:
        request_fail(request, 400, "DENIED", "Your Authorization Token is invalid.");
        break;
    case EXPIRED_403_TEXT:
        request_answer(request,
                       reply_plain(403, "Your authorization token has expired. Reauthenticate and "
                                        "try again."));
        break;
    case EXPIRED_401_BASIC:
        reply = reply_error(401, "UNAUTHORIZED", "authentication required");
        reply_add(reply, "WWW-Authenticate", "Basic realm=\"registry\"");
        request_answer(request, reply);
        break;
    default:
        auth_challenge(request, "invalid_token");
    }
}

/* Counts one more use; false when the token has been used often enough. */
static bool use_token(struct registry *registry, const char *ticket)
{
    uint64_t *uses = map_get(&registry->token_uses, ticket);

    if (registry->switches.token_max_uses <= 0)
        return true;
    if (uses == NULL) {
        uses = xcalloc(1, sizeof(*uses));
        map_set(&registry->token_uses, ticket, uses);
    }
    return ++*uses <= (uint64_t)registry->switches.token_max_uses;
}

static bool check_bearer(struct request *request, const char *ticket, struct identity *ret_identity)
{
    enum ticket_verdict verdict =
        ticket_check(&request->registry->key, ticket, &ret_identity->claims);

    if (verdict == TICKET_VALID && use_token(request->registry, ticket)) {
        ret_identity->is_known = true;
        return true;
    }
    if (verdict == TICKET_FORGED)
        auth_challenge(request, "invalid_token");
    else
        answer_expired(request);
    return false;
}

static bool check_basic(struct request *request, const char *base64, struct identity *ret_identity)
{
    ret_identity->user = users_by_basic(&request->registry->users, base64);
    ret_identity->is_known = ret_identity->user != NULL;
    if (!ret_identity->is_known)
        auth_challenge(request, NULL);
    return ret_identity->is_known;
}

/* False if the credentials are no good, and the request was answered. */
static bool identify(struct request *request, struct identity *ret_identity)
{
    const struct registry *registry = request->registry;
    const char *header = request_header(request, "Authorization");
    const char *bearer = credentials(header, "Bearer"), *basic = credentials(header, "Basic");

    if (bearer != NULL && registry->switches.auth != AUTH_BASIC)
        return check_bearer(request, bearer, ret_identity);
    if (basic != NULL && registry->switches.auth != AUTH_BEARER)
        return check_basic(request, basic, ret_identity);
    /* Without a token service there is no other way to let everybody in. */
    if (header == NULL && registry->switches.auth == AUTH_BASIC)
        ret_identity->user = users_anonymous(&registry->users);
    return true;
}

static bool claims_allow(json_t *claims, const char *repo, const char *action)
{
    size_t i, j;
    json_t *entry, *granted;

    json_array_foreach(json_object_get(claims, "access"), i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));

        if (name == NULL || strcmp(name, repo) != 0)
            continue;
        json_array_foreach(json_object_get(entry, "actions"), j, granted)
        {
            if (strcmp(json_string_value(granted), action) == 0)
                return true;
        }
    }
    return false;
}

static bool may(const struct identity *identity, const char *repo, const char *action)
{
    if (identity->claims != NULL)
        return claims_allow(identity->claims, repo, action);
    return user_may(identity->user, repo, action);
}

static bool may_do(const struct request *request, const struct identity *identity)
{
    const char *repo = request->name;

    if (request_is(request, "GET") || request_is(request, "HEAD"))
        return may(identity, repo, "pull");
    if (request_is(request, "DELETE"))
        return may(identity, repo, "delete");
    if (!may(identity, repo, "pull") || !may(identity, repo, "push"))
        return false;
    const char *source = challenge_mount_source(request);
    return source == NULL || may(identity, source, "pull");
}

static void deny(struct request *request, const struct identity *identity)
{
    int denied = request->registry->switches.denied;

    if (!identity->is_known)
        auth_challenge(request, NULL);
    else if (denied == DENIED_403)
        request_fail(request, 403, "DENIED", "requested access to the resource is denied");
    else if (denied == DENIED_404)
        request_fail(request, 404, "NAME_UNKNOWN", "repository name not known to registry");
    else
        auth_challenge(request, "insufficient_scope");
}

static bool admit(struct request *request, const struct identity *identity)
{
    const char *source = request_query(request, "from");
    bool is_admitted =
        request->route->access == ACCESS_ROOT ? identity->is_known : may_do(request, identity);

    request->may_pull_source = source != NULL && may(identity, source, "pull");
    if (!is_admitted)
        deny(request, identity);
    return is_admitted;
}

static bool check_credentials(struct request *request)
{
    CLEANUP(identity_done) struct identity identity = {0};

    if (!identify(request, &identity))
        return false;
    return admit(request, &identity);
}

/* What object storage says to a client which sends a credential with a signed URL. */
static bool check_link(struct request *request)
{
    struct reply *reply;

    if (request_header(request, "Authorization") == NULL)
        return true;
    reply = reply_new(400);
    reply_text(reply, "application/xml",
               "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; only "
               "the X-Amz-Algorithm query parameter, Signature query string parameter or the "
               "Authorization header should be specified</Message></Error>");
    request_answer(request, reply);
    return false;
}

bool auth_check(struct request *request)
{
    const struct switches *switches = &request->registry->switches;

    switch (request->route->access) {
    case ACCESS_FREE:
    case ACCESS_ADMIN:
        return true;
    case ACCESS_LINK:
        return check_link(request);
    case ACCESS_ROOT:
        return switches->auth == AUTH_NONE || switches->v2_open || check_credentials(request);
    case ACCESS_REPOSITORY:
        request->may_pull_source = true;
        return switches->auth == AUTH_NONE || check_credentials(request);
    }
    return false;
}
