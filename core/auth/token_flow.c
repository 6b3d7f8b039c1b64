/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET with Basic is what every token server understands; POST (OAuth2) is for identity tokens and
 * for servers without GET. Each form is tried at most once, and the other one only when the
 * answer says that the server does not do this one. Servers grant less than was asked for without
 * a word, so a token proves nothing; judging that is up to whoever uses it.
 */
#include "auth/token_flow.h"

#include "auth/token_answer.h"
#include "base/str.h"

#include <string.h>

#define ANSWER_MAX ((size_t)64 * 1024)
#define BASIC_LIFETIME_MS ((int64_t)3600 * 1000) /* costs no request to renew */

enum form { FORM_NONE, FORM_GET, FORM_POST_PASSWORD, FORM_POST_REFRESH };

struct state {
    const struct ocync_token_args *args;
    const char *server; /* the realm's host, for sentences */
    enum form form;     /* of the request that was sent */
    bool has_posted;
};

/* What every step works with. */
struct turn {
    const struct ocync_host *host;
    struct ocync_object *object;
    struct state *state;
    struct ocync_effect *effect;
};

static int fail(const struct turn *t, int class, const char *sentence)
{
    t->effect->kind = OCYNC_EFFECT_FAIL;
    t->effect->error = class;
    t->effect->text = sentence;
    return 0;
}

static bool has_password(const struct turn *t)
{
    return t->state->args->username && t->state->args->password;
}

static const char *server_of(const struct ocync_host *host, struct ocync_object *object,
                             const char *realm)
{
    const char *scheme = strstr(realm, "://");
    char *server = host->strdup(object, scheme ? scheme + 3 : realm);
    server[strcspn(server, "/?#")] = '\0';
    return server;
}

static int token_begin(void *self, struct ocync_object *object, const void *args, void **ret_state)
{
    const struct token_flow *flow = self;
    struct state *state = flow->host->alloc(object, sizeof(*state));
    state->args = args;
    if (state->args->realm)
        state->server = server_of(flow->host, object, state->args->realm);
    *ret_state = state;
    return 0;
}

/* ---- requests ---- */

/* service=...&scope=...&scope=... */
static char *query_of(const struct turn *t)
{
    const struct ocync_token_args *args = t->state->args;
    size_t n = 0;
    const char **pairs = t->host->alloc(t->object, (2 * args->n_scopes + 3) * sizeof(*pairs));
    pairs[n++] = "service";
    pairs[n++] = args->service;
    for (size_t i = 0; i < args->n_scopes; i++) {
        pairs[n++] = "scope";
        pairs[n++] = args->scopes[i];
    }
    return t->host->form_encode(t->object, pairs);
}

static int ask_get(const struct turn *t)
{
    const char *query = query_of(t);
    const char *realm = t->state->args->realm;
    t->state->form = FORM_GET;
    t->effect->kind = OCYNC_EFFECT_HTTP;
    t->effect->url = *query ? t->host->url_add_query(t->object, realm, query) : realm;
    t->effect->credential = has_password(t) ? OCYNC_CREDENTIAL_BASIC : OCYNC_CREDENTIAL_NONE;
    t->effect->cap = ANSWER_MAX;
    return 0;
}

/* One parameter, scopes joined by spaces; NULL for none. */
static const char *joined_scopes(const struct turn *t)
{
    const struct ocync_token_args *args = t->state->args;
    const char *joined = NULL;
    for (size_t i = 0; i < args->n_scopes; i++)
        joined =
            joined ? t->host->printf(t->object, "%s %s", joined, args->scopes[i]) : args->scopes[i];
    return joined;
}

static int ask_post(const struct turn *t, enum form form)
{
    static const struct ocync_header header = {"Content-Type", "application/x-www-form-urlencoded"};
    const struct ocync_token_args *args = t->state->args;
    bool refresh = form == FORM_POST_REFRESH;
    const char *const pairs[] = {
        "grant_type",
        refresh ? "refresh_token" : "password",
        "service",
        args->service,
        "client_id",
        "ocync",
        "scope",
        joined_scopes(t),
        "refresh_token",
        refresh ? args->identity_token : NULL,
        "username",
        refresh ? NULL : args->username,
        "password",
        refresh ? NULL : args->password,
        NULL,
    };
    t->state->form = form;
    t->state->has_posted = true;
    t->effect->kind = OCYNC_EFFECT_HTTP;
    t->effect->method = "POST";
    t->effect->url = args->realm;
    t->effect->headers = &header;
    t->effect->n_headers = 1;
    t->effect->body = t->host->form_encode(t->object, pairs);
    t->effect->body_len = strlen(t->effect->body);
    t->effect->cap = ANSWER_MAX;
    return 0;
}

static int answer_basic(const struct turn *t)
{
    const struct ocync_token_args *args = t->state->args;
    if (!has_password(t))
        return fail(t, OCYNC_ERR_AUTH,
                    t->host->printf(t->object,
                                    "%s wants a user name and a password: log in, or name a file "
                                    "with credentials",
                                    t->host->hostname(t->object)));
    const char *pair = t->host->printf(t->object, "%s:%s", args->username, args->password);
    t->effect->kind = OCYNC_EFFECT_DONE;
    t->effect->authorization = "Basic";
    t->effect->text = t->host->base64_encode(t->object, pair, strlen(pair));
    t->effect->duration_ms = BASIC_LIFETIME_MS;
    return 0;
}

static int ask_first(const struct turn *t)
{
    const struct ocync_token_args *args = t->state->args;
    if (str_eq(args->scheme, "basic"))
        return answer_basic(t);
    if (!args->realm)
        return fail(t, OCYNC_ERR_PROTOCOL,
                    t->host->printf(t->object, "%s wants a token but does not say from where",
                                    t->host->hostname(t->object)));
    return args->identity_token ? ask_post(t, FORM_POST_REFRESH) : ask_get(t);
}

/* ---- answers ---- */

static int fail_refused(const struct turn *t, int status, const char *said)
{
    const char *registry = t->host->hostname(t->object);
    const char *sentence;
    if (t->state->form == FORM_POST_REFRESH)
        sentence = t->host->printf(t->object,
                                   "%s refused the identity token for %s (status %d)%s: it may "
                                   "have expired; log in again",
                                   t->state->server, registry, status, said);
    else if (has_password(t))
        sentence =
            t->host->printf(t->object,
                            "%s refused user %s for %s (status %d)%s: check the user name "
                            "and the password or access token, and that it may use this "
                            "repository",
                            t->state->server, t->state->args->username, registry, status, said);
    else
        sentence = t->host->printf(t->object,
                                   "%s gives no token for %s without credentials (status %d)%s: "
                                   "log in, or name a file with credentials",
                                   t->state->server, registry, status, said);
    return fail(t, OCYNC_ERR_AUTH, sentence);
}

/* What the server asks to wait, in seconds; dates are left to the usual pauses. */
static int64_t asked_pause_ms(const struct ocync_result *result)
{
    for (size_t i = 0; i < result->n_headers; i++) {
        int64_t seconds;
        if (str_eq(result->headers[i].name, "retry-after") &&
            str_to_int64(result->headers[i].value, 0, 86400, &seconds) == 0)
            return seconds * 1000;
    }
    return 0;
}

static int fail_status(const struct turn *t, int class, int status, const char *said)
{
    const char *what = class == OCYNC_ERR_THROTTLED   ? "asks to slow down"
                       : class == OCYNC_ERR_TRANSIENT ? "can't answer now"
                                                      : "does not serve tokens as asked";
    return fail(t, class,
                t->host->printf(t->object, "the token server %s of %s %s (status %d)%s",
                                t->state->server, t->host->hostname(t->object), what, status,
                                said));
}

/* True: the server may do the other form of the request. */
static bool lacks_this_form(const struct state *state, int status)
{
    bool absent = status == 404 || status == 405 || status == 501;
    /* Some answer 400 or 401 to any POST. */
    return absent || (state->form != FORM_GET && (status == 400 || status == 401));
}

static bool is_refusal(const struct state *state, int status)
{
    if (state->form == FORM_POST_REFRESH && lacks_this_form(state, status))
        return true;
    return status == 401 || status == 403 || (status == 400 && state->form != FORM_GET);
}

static int judge_status(const struct turn *t, const struct ocync_result *result)
{
    struct state *state = t->state;
    int status = result->status;
    if (has_password(t) && lacks_this_form(state, status)) {
        if (state->form == FORM_GET && !state->has_posted)
            return ask_post(t, FORM_POST_PASSWORD);
        if (state->form == FORM_POST_REFRESH)
            return ask_get(t);
    }
    const char *said = token_answer_message(t->host, t->object, state->args, result);
    if (is_refusal(state, status))
        return fail_refused(t, status, said);
    t->effect->duration_ms = asked_pause_ms(result);
    if (status == 429)
        return fail_status(t, OCYNC_ERR_THROTTLED, status, said);
    if (status == 408 || status >= 500)
        return fail_status(t, OCYNC_ERR_TRANSIENT, status, said);
    return fail_status(t, OCYNC_ERR_PROTOCOL, status, said);
}

static int take_token(const struct turn *t, const struct ocync_result *result)
{
    struct token_answer answer;
    const char *why = token_answer_read(t->host, t->object, result, &answer);
    if (why)
        return fail(t, OCYNC_ERR_PROTOCOL,
                    t->host->printf(t->object, "the token server %s of %s %s", t->state->server,
                                    t->host->hostname(t->object), why));
    t->effect->kind = OCYNC_EFFECT_DONE;
    t->effect->text = answer.token;
    t->effect->refresh_token = answer.refresh_token;
    t->effect->duration_ms = answer.lifetime_ms;
    return 0;
}

static int token_step(void *self, struct ocync_object *object, void *state,
                      const struct ocync_result *result, struct ocync_effect *effect)
{
    const struct token_flow *flow = self;
    const struct turn t = {flow->host, object, state, effect};
    if (t.state->form == FORM_NONE)
        return ask_first(&t);
    if (result->error)
        return fail(&t, result->error,
                    flow->host->printf(object, "no token from %s: %s", t.state->server,
                                       result->error_text ? result->error_text : "no answer"));
    return result->status == 200 ? take_token(&t, result) : judge_status(&t, result);
}

const struct ocync_flow token_flow = {
    .struct_size = sizeof(struct ocync_flow), .begin = token_begin, .step = token_step};
