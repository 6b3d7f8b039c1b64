/* SPDX-License-Identifier: Apache-2.0 */
/* The WWW-Authenticate header in the shapes which are met in the field. */
#include "challenge.h"

#include "util.h"

const char *challenge_mount_source(const struct request *request)
{
    if (!request_is(request, "POST") ||
        request->registry->switches.mount_source_auth == SOURCE_AUTH_202 ||
        request_query(request, "mount") == NULL)
        return NULL;
    return request_query(request, "from");
}

/* The scope which a token needs for the request; NULL for none. */
static char *scope_of(const struct request *request)
{
    const char *source = challenge_mount_source(request);
    const char *actions = "pull,push";

    if (request->name == NULL)
        return NULL;
    if (request_is(request, "GET") || request_is(request, "HEAD"))
        actions = "pull";
    else if (request_is(request, "DELETE"))
        actions = "delete";
    if (source == NULL)
        return xasprintf("repository:%s:%s", request->name, actions);
    return xasprintf("repository:%s:%s repository:%s:pull", request->name, actions, source);
}

static char *realm_of(const struct request *request)
{
    const struct registry *registry = request->registry;

    if (registry->switches.realm != NULL)
        return xstrdup(registry->switches.realm);
    if (registry->options->realm != NULL)
        return xstrdup(registry->options->realm);
    CLEANUP(freep) char *base = request_base(request);
    return xasprintf("%s/token", base);
}

/* One spelling of the parameters. Only the scope is always quoted: it has commas in it. */
struct spelling {
    const char *scheme, *realm, *service, *scope;
};

static const struct spelling spellings[] = {
    [CHALLENGE_PLAIN] = {"Bearer ", "realm=\"%s\"", ",service=\"%s\"", ",scope=\"%s\""},
    [CHALLENGE_ODD_CASE] = {"bEARER ", "Realm=\"%s\"", ", SERVICE=\"%s\"", " , Scope=\"%s\""},
    [CHALLENGE_UNQUOTED] = {"Bearer ", "realm=%s", ",service=%s", ",scope=\"%s\""},
    [CHALLENGE_MULTIPLE] = {"Basic realm=\"registry\", Bearer ", "realm=\"%s\"", ",service=\"%s\"",
                            ",scope=\"%s\""},
    [CHALLENGE_NO_SCOPE] = {"Bearer ", "realm=\"%s\"", ",service=\"%s\"", ""},
    [CHALLENGE_EMPTY_SCOPE] = {"Bearer ", "realm=\"%s\"", ",service=\"%s\"", ",scope=\"\""},
};

static void add_parameter(struct buf *text, const char *format, const char *value)
{
    for (const char *at = format; *at != '\0'; at++) {
        if (at[0] == '%' && at[1] == 's') {
            buf_puts(text, value);
            at++;
        } else {
            buf_add(text, at, 1);
        }
    }
}

static void add_bearer(const struct request *request, struct reply *reply, const char *error)
{
    const struct switches *switches = &request->registry->switches;
    const struct spelling *spelling = &spellings[switches->challenge_form];
    CLEANUP(buf_done) struct buf text = {0};
    CLEANUP(freep) char *realm = realm_of(request);
    CLEANUP(freep) char *scope = scope_of(request);

    buf_puts(&text, spelling->scheme);
    add_parameter(&text, spelling->realm, realm);
    if (switches->service != NULL)
        add_parameter(&text, spelling->service, switches->service);
    if (scope != NULL)
        add_parameter(&text, spelling->scope, scope);
    if (error != NULL)
        buf_printf(&text, ",error=\"%s\"", error);
    reply_add(reply, "WWW-Authenticate", "%s", text.data);
}

static void add_basic(const struct request *request, struct reply *reply)
{
    switch (request->registry->switches.challenge_form) {
    case CHALLENGE_ODD_CASE:
        reply_add(reply, "WWW-Authenticate", "bASIC Realm=\"registry\"");
        break;
    case CHALLENGE_UNQUOTED:
        reply_add(reply, "WWW-Authenticate", "basic realm=registry");
        break;
    default:
        reply_add(reply, "WWW-Authenticate", "Basic realm=\"registry\"");
    }
}

void challenge_add(const struct request *request, struct reply *reply, const char *error)
{
    const struct switches *switches = &request->registry->switches;

    if (switches->challenge != NULL) {
        reply_add(reply, "WWW-Authenticate", "%s", switches->challenge);
        return;
    }
    if (switches->auth == AUTH_BASIC || switches->auth == AUTH_BOTH)
        add_basic(request, reply);
    if (switches->auth != AUTH_BASIC)
        add_bearer(request, reply, error);
}
