/* SPDX-License-Identifier: Apache-2.0 */
/* Storage behind redirects: signed URLs which expire, are good for one method, and are refused
 * together with a credential (by auth.c), as object storage does. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "util.h"

static char *storage_path(const struct request *request, const char *digest)
{
    return xasprintf("/storage/%s/%s", request->name, digest);
}

static char *signature(const struct request *request, const char *path)
{
    return ticket_issue(&request->registry->key,
                        json_pack("{s:s, s:s}", "path", path, "method", request->method),
                        request->registry->switches.blob_redirect_lifetime);
}

/* Empty for a relative redirect; the caller frees it. */
static char *storage_base(const struct request *request)
{
    const struct switches *switches = &request->registry->switches;

    if (switches->blob_redirect == REDIRECT_SAME_HOST)
        return xstrdup("");
    if (switches->blob_redirect_base != NULL)
        return xstrdup(switches->blob_redirect_base);
    return request_other_base(request);
}

bool links_redirect(struct request *request, const char *digest)
{
    const struct switches *switches = &request->registry->switches;

    if (switches->blob_redirect == REDIRECT_NONE ||
        (request_is(request, "HEAD") && !switches->blob_redirect_head))
        return false;
    CLEANUP(freep) char *path = storage_path(request, digest);
    CLEANUP(freep) char *base = storage_base(request);
    CLEANUP(freep) char *ticket = signature(request, path);
    request_answer(request, reply_new((unsigned)switches->blob_redirect_status));
    reply_add(request->reply, "Location",
              "%s%s?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=%" PRId64 "&X-Amz-Signature=%s",
              base, path, switches->blob_redirect_lifetime, ticket);
    return true;
}

static void refuse(struct request *request, const char *code, const char *message)
{
    CLEANUP(freep)
    char *text = xasprintf("<Error><Code>%s</Code><Message>%s</Message></Error>", code, message);

    request_answer(request, reply_new(403));
    reply_text(request->reply, "application/xml", text);
}

static bool claims_fit(const struct request *request, const json_t *claims)
{
    CLEANUP(freep) char *path = storage_path(request, request->reference);
    const char *signed_path = json_string_value(json_object_get(claims, "path"));
    const char *method = json_string_value(json_object_get(claims, "method"));

    return signed_path != NULL && strcmp(signed_path, path) == 0 && method != NULL &&
           request_is(request, method);
}

static bool check_signature(struct request *request)
{
    const char *ticket = request_query(request, "X-Amz-Signature");
    json_t *claims = NULL;
    enum ticket_verdict verdict = TICKET_FORGED;

    if (ticket != NULL)
        verdict = ticket_check(&request->registry->key, ticket, &claims);
    if (verdict == TICKET_VALID && !claims_fit(request, claims))
        verdict = TICKET_FORGED;
    json_decref(claims);
    if (verdict == TICKET_EXPIRED)
        refuse(request, "AccessDenied", "Request has expired");
    else if (verdict == TICKET_FORGED)
        refuse(request, "SignatureDoesNotMatch",
               "The request signature we calculated does not "
               "match the signature you provided.");
    return verdict == TICKET_VALID;
}

void links_get(struct request *request)
{
    const struct repo *repo = request_repo(request);
    struct blob *blob = repo != NULL ? repo_blob(repo, request->reference) : NULL;

    if (!check_signature(request))
        return;
    if (blob != NULL) {
        blobs_send(request, blob, request->reference);
        return;
    }
    request_answer(request, reply_new(404));
    reply_text(request->reply, "application/xml", "<Error><Code>NoSuchKey</Code></Error>");
}
