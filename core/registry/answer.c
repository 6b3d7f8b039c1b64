/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer means. The driver knows its registry and is asked first; then the HTTP status
 * decides, then the code of an OCI error body. Text of the registry goes into the sentence,
 * shortened and escaped.
 */
#include "base/clock.h"
#include "oci/json.h"
#include "registry/private.h"

#include <string.h>

#define SAID_MAX 300

struct said {
    json_t *document;
    const char *code, *message; /* of the first error; may be NULL */
    bool is_unspeakable;        /* the answer holds a credential of ours */
};

/* {"errors":[{"code","message"}]}, or {"details":"..."} and {"message":"..."} of older services. */
static struct said read_body(const struct registry *registry, const struct http_exchange *answer)
{
    struct said said = {0};
    size_t len;
    const char *text = http_text(answer, &len);
    said.is_unspeakable = tokens_occur_in(registry, text);
    if (said.is_unspeakable)
        said.message = "(its words repeat a credential and are not shown)";
    else if (len && text[0] == '{')
        said.document = json_load_bounded(text, len, "the error", NULL);
    json_t *errors = json_object_get(said.document, "errors");
    json_t *first = json_is_array(errors) ? json_array_get(errors, 0) : NULL;
    json_t *from = json_is_object(first) ? first : said.document;
    if (said.is_unspeakable || !json_is_object(from))
        return said;
    said.code = json_member_string(from, "code");
    said.message = json_member_string(from, "message");
    const char *detail = json_member_string(from, "detail");
    if (str_empty(said.message) && detail)
        said.message = detail;
    if (str_empty(said.message))
        said.message = json_member_string(from, "details");
    return said;
}

static const char *action_text(enum ocync_action action)
{
    static const char *const texts[] = {
        [OCYNC_ACTION_MANIFEST_HEAD] = "looking up",
        [OCYNC_ACTION_MANIFEST_GET] = "reading",
        [OCYNC_ACTION_MANIFEST_PUT] = "pushing",
        [OCYNC_ACTION_BLOB_HEAD] = "looking up blob",
        [OCYNC_ACTION_BLOB_GET] = "reading blob",
        [OCYNC_ACTION_UPLOAD_START] = "starting an upload of",
        [OCYNC_ACTION_UPLOAD_DATA] = "uploading blob",
        [OCYNC_ACTION_UPLOAD_END] = "committing blob",
        [OCYNC_ACTION_TAG_LIST] = "listing tags of",
        [OCYNC_ACTION_REFERRERS] = "listing referrers of",
    };
    if ((size_t)action >= ARRAY_LEN(texts) || !texts[action])
        return "asking";
    return texts[action];
}

static char *object_text(const struct registry *registry, const struct answer_context *c)
{
    const char *host = registry_name(registry);
    if (!c->repository)
        return xstrdup(host);
    if (!c->reference)
        return xasprintf("%s/%s", host, c->repository);
    return xasprintf("%s/%s%c%s", host, c->repository, strchr(c->reference, ':') ? '@' : ':',
                     c->reference);
}

/* What the status alone can't tell. */
static enum error_class refine(enum error_class class, const struct answer_context *c,
                               const struct said *said, int status)
{
    static const char *const missing[] = {"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN",
                                          "MANIFEST_UNKNOWN"};
    if (c->action == OCYNC_ACTION_MANIFEST_PUT && (status == 400 || status == 404)) {
        for (size_t i = 0; said->code && i < ARRAY_LEN(missing); i++) {
            if (str_eq(said->code, missing[i]))
                return ERR_MISSING_PART;
        }
    }
    if (str_eq(said->code, "TOOMANYREQUESTS"))
        return ERR_THROTTLED;
    if (str_eq(said->code, "DIGEST_INVALID"))
        return ERR_DIGEST;
    return class;
}

static const char *remedy(enum error_class class, const struct answer_context *c,
                          const struct registry *registry)
{
    if (class == ERR_NOT_FOUND && c->action == OCYNC_ACTION_MANIFEST_GET)
        return "; ocync tags lists what the repository has";
    if (class == ERR_AUTH || class == ERR_DENIED)
        return !registry->has_credentials
                   ? "; no credentials were found for it: log in, or give a credential file"
                   : "; check what its credentials allow";
    return "";
}

static int plain_judgement(struct registry *registry, const struct answer_context *c,
                           const struct said *said, int status, struct error *err)
{
    _cleanup_free_ char *object = object_text(registry, c);
    enum error_class class = refine(retry_classify_status(status), c, said, status);
    const char *hint = remedy(class, c, registry);
    if (status == 404 && class == ERR_NOT_FOUND && !said->code)
        error_set(err, class, "%s %s: not found%s", action_text(c->action), object, hint);
    else if (said->code || said->message)
        error_set(err, class, "%s %s: HTTP %d, %s%s%.*s%s", action_text(c->action), object, status,
                  said->code ? said->code : "", said->code && said->message ? ": " : "", SAID_MAX,
                  said->message ? said->message : "", hint);
    else
        error_set(err, class, "%s %s: HTTP %d%s", action_text(c->action), object, status, hint);
    return class;
}

static int ask_driver(struct registry *registry, const struct answer_context *c,
                      const struct said *said, const struct http_exchange *answer,
                      struct error *err)
{
    size_t n_headers, body_len;
    const struct http_header *headers = http_headers(answer, &n_headers);
    VEC(struct ocync_header) copies = {0};
    for (size_t i = 0; i < n_headers; i++)
        vec_add(&copies, (struct ocync_header){headers[i].name, headers[i].value});
    const char *body = http_text(answer, &body_len);
    if (said->is_unspeakable) {
        body = "";
        body_len = 0;
    }
    const struct ocync_response response = {
        .struct_size = sizeof(response),
        .action = c->action,
        .status = http_status(answer),
        .n_headers = (uint32_t)copies.len,
        .headers = copies.items,
        .body = body,
        .body_len = body_len,
        .repository = c->repository,
        .reference = c->reference,
        .error_code = said->code,
        .error_text = said->message,
    };
    int class = driver_instance_classify(registry->driver, &response, err);
    vec_done(&copies);
    return class;
}

int answer_judge(struct registry *registry, const struct answer_context *c,
                 const struct http_exchange *answer, struct error *err)
{
    int status = http_status(answer);
    const char *retry_after = http_header(answer, "retry-after", 0);
    struct said said = read_body(registry, answer);
    struct error verdict = ERROR_INIT;
    int class = ask_driver(registry, c, &said, answer, &verdict);
    plain_judgement(registry, c, &said, status, err);
    if (class && verdict.text[0]) {
        _cleanup_free_ char *object = object_text(registry, c);
        error_set(err, (enum error_class) class, "%s %s: HTTP %d: %s", action_text(c->action),
                  object, status, verdict.text);
    }
    if (class)
        err->class = (enum error_class) class;
    err->http_status = status;
    err->retry_after_ms = verdict.retry_after_ms;
    if (err->retry_after_ms < 0 && retry_after)
        err->retry_after_ms = retry_after_parse(retry_after, clock_wall_s());
    json_decref(said.document);
    return err->class;
}
