/* SPDX-License-Identifier: Apache-2.0 */
/* The token service: GET with or without Basic, POST as OAuth2. A grant is what was asked for and
 * is allowed, never an error, as the token specification wants it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "form.h"
#include "handlers.h"
#include "util.h"

enum { FORM_LIMIT = 64 * 1024 };

struct grant {
    const struct user *user; /* NULL for nobody */
    bool is_anonymous;
    json_t *access;
    int64_t scopes;   /* asked for so far */
    bool is_complete; /* everything that was asked for is granted */
    bool is_refused;  /* there were more scopes than this service takes */
    int64_t max_scopes;
    int extra_scopes;
};

static json_t *granted_actions(struct grant *grant, const char *repo, const char *actions)
{
    json_t *granted = json_array();

    for (const char *at = actions; *at != '\0'; at += strspn(at, ",")) {
        CLEANUP(freep) char *action = xstrndup(at, strcspn(at, ","));

        if (user_may(grant->user, repo, action))
            json_array_append_new(granted, json_string(action));
        else
            grant->is_complete = false;
        at += strlen(action);
    }
    return granted;
}

/* type:name:action,action where the name may have a colon of its own. */
static void add_scope(struct grant *grant, const char *scope)
{
    const char *first = strchr(scope, ':'), *last = strrchr(scope, ':');

    if (first == NULL || first == last || !starts_with(scope, "repository"))
        return;
    if (++grant->scopes > grant->max_scopes && grant->max_scopes > 0) {
        grant->is_refused = grant->extra_scopes == EXTRA_REFUSE;
        grant->is_complete = false;
        return;
    }
    CLEANUP(freep) char *name = xstrndup(first + 1, (size_t)(last - first - 1));
    json_t *actions = granted_actions(grant, name, last + 1);
    json_array_append_new(grant->access, json_pack("{s:s, s:s, s:o}", "type", "repository", "name",
                                                   name, "actions", actions));
}

/* One parameter can hold several scopes with spaces between. */
static void add_scopes(void *cls, const char *list)
{
    for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
        CLEANUP(freep) char *scope = xstrndup(at, strcspn(at, " "));

        add_scope(cls, scope);
        at += strlen(scope);
    }
}

static void grant_init(struct grant *grant, const struct request *request, const struct user *user)
{
    const struct switches *switches = &request->registry->switches;

    *grant = (struct grant){.user = user,
                            .access = json_array(),
                            .is_complete = true,
                            .max_scopes = switches->token_max_scopes,
                            .extra_scopes = switches->token_extra_scopes};
}

static char *issue(const struct request *request, struct grant *grant)
{
    const struct registry *registry = request->registry;
    const struct user *user = grant->user;
    json_t *claims =
        json_pack("{s:s, s:O}", "subject", user != NULL && user->name != NULL ? user->name : "",
                  "access", grant->access);

    if (registry->switches.token_length > 0) {
        size_t len = (size_t)registry->switches.token_length / 2;
        CLEANUP(freep) char *padding = xcalloc(len + 1, 1);

        memset(padding, 'x', len);
        json_object_set_new(claims, "padding", json_string(padding));
    }
    return ticket_issue(&registry->key, claims, registry->switches.token_lifetime);
}

static void put_token(const struct switches *switches, json_t *body, const char *token)
{
    CLEANUP(freep) char *other = xasprintf("wrong.%s", token);

    if (switches->token_field != TOKEN_ACCESS_TOKEN)
        json_object_set_new(body, "token", json_string(token));
    if (switches->token_field == TOKEN_BOTH)
        json_object_set_new(body, "access_token", json_string(token));
    if (switches->token_field == TOKEN_ACCESS_TOKEN)
        json_object_set_new(body, "access_token", json_string(token));
    if (switches->token_field == TOKEN_BOTH_DIFFERENT)
        json_object_set_new(body, "access_token", json_string(other));
}

static void put_issued_at(const struct switches *switches, json_t *body)
{
    static const int64_t skew_s[] = {
        [ISSUED_NOW] = 0, [ISSUED_PAST] = -86400, [ISSUED_FUTURE] = 86400};
    char text[32];
    struct tm parts;

    if (switches->token_issued_at == ISSUED_ABSENT)
        return;
    time_t when = wall_us() / 1000000 + skew_s[switches->token_issued_at];
    gmtime_r(&when, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    json_object_set_new(body, "issued_at", json_string(text));
}

static void answer_grant(struct request *request, struct grant *grant, bool wants_refresh_token)
{
    const struct switches *switches = &request->registry->switches;
    CLEANUP(freep) char *token = issue(request, grant);
    json_t *body = json_object();
    struct reply *reply = reply_new(200);

    put_token(switches, body, token);
    put_issued_at(switches, body);
    if (switches->token_expires_in != NULL && !json_is_null(switches->token_expires_in))
        json_object_set(body, "expires_in", switches->token_expires_in);
    if (wants_refresh_token && grant->user != NULL && grant->user->refresh_token != NULL)
        json_object_set_new(body, "refresh_token", json_string(grant->user->refresh_token));
    reply_json(reply, body);
    request_answer(request, reply);
}

static void refuse_anonymous(struct request *request)
{
    if (request->registry->switches.token_anonymous == ANONYMOUS_403)
        request_fail(request, 403, "DENIED", "requested access to the resource is denied");
    else
        request_fail(request, 401, "UNAUTHORIZED", "authentication required");
}

/* Ends the request with what the grant has come to. */
static void conclude(struct request *request, struct grant *grant, bool wants_refresh_token)
{
    const struct switches *switches = &request->registry->switches;

    if (grant->is_refused)
        request_fail(request, 400, "DENIED", "too many scopes in one token request");
    else if (grant->is_anonymous && !grant->is_complete &&
             switches->token_anonymous != ANONYMOUS_GRANT)
        refuse_anonymous(request);
    else
        answer_grant(request, grant, wants_refresh_token);
    json_decref(grant->access);
}

/* False if wrong credentials end the request here; otherwise they grant nothing. */
static bool tolerate_bad_credentials(struct request *request)
{
    switch (request->registry->switches.token_bad_credentials) {
    case BAD_GRANT_NOTHING:
        return true;
    case BAD_403:
        request_fail(request, 403, "DENIED", "requested access to the resource is denied");
        return false;
    case BAD_400:
        request_fail(request, 400, "DENIED", "incorrect username or password");
        return false;
    default:
        request_answer(request, reply_new(401));
        reply_json(request->reply, json_pack("{s:s}", "details", "incorrect username or password"));
        return false;
    }
}

static bool check_service(struct request *request, const char *service)
{
    const struct switches *switches = &request->registry->switches;

    if (!switches->check_service || switches->service == NULL)
        return true;
    if (service != NULL && strcmp(service, switches->service) == 0)
        return true;
    request_fail(request, 400, "DENIED", "unknown service");
    return false;
}

static void log_user(struct request *request, const struct user *user)
{
    if (user != NULL && user->name != NULL)
        json_object_set_new(request->log, "user", json_string(user->name));
}

void token_get(struct request *request)
{
    const struct users *users = &request->registry->users;
    const char *header = request_header(request, "Authorization");
    bool has_basic = header != NULL && strncasecmp(header, "Basic ", 6) == 0;
    const struct user *user =
        has_basic ? users_by_basic(users, header + 6) : users_anonymous(users);
    struct grant grant;

    if (!check_service(request, request_query(request, "service")))
        return;
    if (has_basic && user == NULL && !tolerate_bad_credentials(request))
        return;
    log_user(request, user);
    grant_init(&grant, request, user);
    grant.is_anonymous = !has_basic;
    request_each(request, MHD_GET_ARGUMENT_KIND, "scope", add_scopes, &grant);
    const char *offline = request_query(request, "offline_token");
    conclude(request, &grant, offline != NULL && strcmp(offline, "true") == 0);
}

void token_prepare_post(struct request *request)
{
    static const struct {
        unsigned status;
        const char *code, *message;
    } refusals[] = {
        [TOKEN_POST_404] = {404, "NOT_FOUND", "404 page not found"},
        [TOKEN_POST_401] = {401, "UNAUTHORIZED", "authentication required"},
        [TOKEN_POST_405] = {405, "UNSUPPORTED", "The operation is unsupported."},
        [TOKEN_POST_400] = {400, "UNSUPPORTED", "unsupported grant type"},
    };
    int mode = request->registry->switches.token_post;

    request_collect(request, FORM_LIMIT);
    if (mode != TOKEN_POST_OK)
        request_fail(request, refusals[mode].status, refusals[mode].code, refusals[mode].message);
}

/* Sets `*ret_user` to NULL when the credentials are wrong; false for an unknown kind of grant. */
static bool find_user(const struct request *request, const char *form, const char *grant_type,
                      const struct user **ret_user)
{
    const struct users *users = &request->registry->users;
    CLEANUP(freep) char *name = form_value(form, "username");
    CLEANUP(freep) char *password = form_value(form, "password");
    CLEANUP(freep) char *refresh_token = form_value(form, "refresh_token");

    if (grant_type != NULL && strcmp(grant_type, "password") == 0)
        *ret_user = users_by_password(users, name, password);
    else if (grant_type != NULL && strcmp(grant_type, "refresh_token") == 0)
        *ret_user = users_by_refresh_token(users, refresh_token);
    else
        return false;
    return true;
}

void token_post(struct request *request)
{
    const char *form = request->body.data != NULL ? request->body.data : "";
    CLEANUP(freep) char *grant_type = form_value(form, "grant_type");
    CLEANUP(freep) char *scope = form_value(form, "scope");
    CLEANUP(freep) char *service = form_value(form, "service");
    CLEANUP(freep) char *access_type = form_value(form, "access_type");
    const struct user *user = NULL;
    struct grant grant;

    json_object_set_new(request->log, "grant_type", json_string(grant_type ? grant_type : ""));
    json_object_set_new(request->log, "scope", json_string(scope != NULL ? scope : ""));
    if (!check_service(request, service))
        return;
    if (!find_user(request, form, grant_type, &user)) {
        request_fail(request, 400, "UNSUPPORTED", "unsupported grant type");
        return;
    }
    if (user == NULL && !tolerate_bad_credentials(request))
        return;
    log_user(request, user);
    grant_init(&grant, request, user);
    if (scope != NULL)
        add_scopes(&grant, scope);
    conclude(request, &grant, access_type != NULL && strcmp(access_type, "offline") == 0);
}
