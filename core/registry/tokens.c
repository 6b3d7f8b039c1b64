/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of one registry: one fetch at a time per set of scopes, in parallel across sets. A failed
 * fetch is remembered for a while, so that a wrong password is tried once and not once per
 * request (some registries ban who insists).
 */
#include "base/clock.h"
#include "base/log.h"
#include "registry/private.h"

#include <openssl/evp.h>
#include <string.h>

#define REFRESH_EARLY_MS 60000 /* at most; half of a short life */
#define FAILURE_MEMORY_MS 30000

struct token {
    struct task fetch; /* first */
    struct registry *registry;
    char *key;
    bool fetching;
    struct scope_set scopes;
    bool pull_only;
    struct secret *header; /* NULL: none (yet), or none needed */
    bool valid;
    int64_t fetched_ms, expires_ms;
    int64_t failed_until_ms;
    VEC(struct task *) waiters;

    /* while fetching */
    struct credential_lookup *lookup;
    struct realm realm;
    struct url realm_url;
    struct flow_op *flow;
    struct ocync_token_args args;
    const char **scope_texts;
    bool anonymous; /* stored credentials were refused: once more without */
    int attempts;
};

/* ---- the life of an entry ---- */

static void fetch_drop(struct token *t)
{
    if (t->lookup)
        task_free(credential_lookup_task(t->lookup));
    if (t->flow)
        task_free(flow_task(t->flow));
    t->lookup = NULL;
    t->flow = NULL;
    realm_done(&t->realm);
    url_done(&t->realm_url);
    for (size_t i = 0; t->scope_texts && i < t->scopes.list.len; i++)
        free((char *)(uintptr_t)t->scope_texts[i]);
    free(t->scope_texts);
    t->scope_texts = NULL;
    t->realm = (struct realm){0};
    t->realm_url = (struct url){0};
}

static void token_release(struct task *task)
{
    struct token *t = container_of(task, struct token, fetch);
    fetch_drop(t);
    task_done(task);
    secret_free(t->header);
    scope_set_done(&t->scopes);
    vec_done(&t->waiters);
    free(t->key);
    free(t);
}

static const struct task_type token_type = {"token", token_release};

static void free_token(void *value)
{
    task_free(&((struct token *)value)->fetch);
}

void tokens_free(struct registry *registry)
{
    map_free(registry->tokens, free_token);
    registry->tokens = NULL;
}

static struct token *token_for(struct registry *registry, const struct auth_need *need)
{
    struct scope_set scopes = {0};
    if (need->repository && registry->scheme == SCHEME_BEARER) {
        scope_set_add_repository(&scopes, need->repository, need->push);
        if (need->mount_from)
            scope_set_add_repository(&scopes, need->mount_from, false);
    }
    _cleanup_free_ char *key = scope_set_key(&scopes);
    struct token *t = map_get(registry->tokens, key);
    if (t) {
        scope_set_done(&scopes);
        return t;
    }
    t = xcalloc(1, sizeof(*t));
    t->registry = registry;
    t->key = xstrdup(key);
    t->scopes = scopes;
    t->pull_only = !need->push;
    task_init(&t->fetch, registry->loop, NULL, &token_type, key);
    map_put(registry->tokens, key, t);
    return t;
}

/* ---- fetching ---- */

static enum step_result step_lookup(struct task *task);
static enum step_result step_identity(struct task *task);
static enum step_result step_exchange(struct task *task);
static enum step_result step_store(struct task *task);
static const struct step lookup_step = {"lookup", step_lookup};
static const struct step identity_step = {"identity", step_identity};
static const struct step exchange_step = {"exchange", step_exchange};
static const struct step store_step = {"store", step_store};

static enum step_result fetch_end(struct token *t, enum step_result result)
{
    fetch_drop(t);
    t->fetching = false;
    if (t->fetch.result)
        t->failed_until_ms = clock_ms() + FAILURE_MEMORY_MS;
    for (size_t i = 0; i < t->waiters.len; i++)
        task_wake(t->waiters.items[i]);
    t->waiters.len = 0;
    return result;
}

static enum step_result fetch_fail(struct token *t, const struct error *err)
{
    return fetch_end(t, task_fail(&t->fetch, err));
}

static enum step_result step_lookup(struct task *task)
{
    struct token *t = container_of(task, struct token, fetch);
    struct registry *r = t->registry;
    const struct ocync_profile *profile = driver_instance_profile(r->driver);
    if (r->credential_known)
        return task_next(task, &identity_step);
    _cleanup_free_ char *more = xstrdup(profile->credential_keys ? profile->credential_keys : "");
    const char *keys[16];
    size_t n_keys = 0;
    char *rest = more;
    for (char *key; (key = strsep(&rest, " "));) {
        if (*key && n_keys < ARRAY_LEN(keys))
            keys[n_keys++] = key;
    }
    const struct credential_query query = {
        .keys = {.host = registry_name(r),
                 .repository = t->scopes.list.len ? t->scopes.list.items[0].name : NULL,
                 .more = keys,
                 .n_more = n_keys},
        .given = r->options.credential,
        .auth_file = r->options.auth_file,
    };
    t->lookup = credential_lookup_start(r->loop, task, r->options.credentials, &query);
    return task_wait(task, &identity_step);
}

/* A ready header needs no exchange: Basic, or a token that the user gave. */
static char *ready_header(const struct registry *r, const struct credential *c)
{
    if (c->kind == CREDENTIAL_BEARER)
        return xasprintf("Bearer %s", secret_reveal(c->secret));
    if (r->scheme != SCHEME_BASIC || c->kind != CREDENTIAL_BASIC)
        return NULL;
    char *pair = xasprintf("%s:%s", c->username, secret_reveal(c->secret));
    size_t len = strlen(pair);
    char *encoded = xmalloc(len * 4 / 3 + 8);
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)pair, (int)len);
    char *header = xasprintf("Basic %s", encoded);
    secret_wipe_str(pair);
    secret_wipe_str(encoded);
    return header;
}

static void keep(struct token *t, char *header, int64_t lifetime_ms)
{
    secret_free(t->header);
    t->header = secret_new(header);
    secret_wipe_str(header);
    t->valid = true;
    t->fetched_ms = clock_ms();
    t->expires_ms = lifetime_ms < 0 ? INT64_MAX : t->fetched_ms + lifetime_ms;
}

static bool take_lookup(struct token *t)
{
    struct registry *r = t->registry;
    if (!t->lookup || r->credential_known)
        return true;
    const struct task *lookup = credential_lookup_task(t->lookup);
    if (!lookup->done || lookup->result)
        return false;
    r->credential = credential_copy(credential_lookup_result(t->lookup));
    r->credential_known = true;
    return true;
}

static enum step_result step_identity(struct task *task)
{
    struct token *t = container_of(task, struct token, fetch);
    struct registry *r = t->registry;
    if (!take_lookup(t)) {
        const struct task *lookup = credential_lookup_task(t->lookup);
        return lookup->done ? fetch_fail(t, &lookup->err) : task_wait(task, &identity_step);
    }
    char *header = ready_header(r, &r->credential);
    if (header) {
        keep(t, header, -1);
        return fetch_end(t, task_end(task));
    }
    if (r->scheme == SCHEME_BASIC) {
        struct error err = ERROR_INIT;
        error_set(&err, ERR_AUTH,
                  "%s wants a user name and a password; log in with docker or skopeo, or give a "
                  "credential file",
                  registry_name(r));
        return fetch_fail(t, &err);
    }
    return task_next(task, &exchange_step);
}

/* Credentials go to the realm's origin only; a flow that aims elsewhere gets none. */
static int attach(void *arg, uint32_t kind, const char *target, struct curl_slist **headers,
                  struct error *err)
{
    struct token *t = arg;
    const struct credential *c = &t->registry->credential;
    struct url url;
    if (url_parse(target, &url, err) < 0)
        return ERR_PROTOCOL;
    bool allowed = t->realm.is_trusted && url_same_origin(&url, &t->realm_url);
    url_done(&url);
    if (!allowed)
        return error_set(err, ERR_AUTH, "credentials may not go there");
    if (kind != OCYNC_CREDENTIAL_BASIC || c->kind != CREDENTIAL_BASIC || t->anonymous)
        return error_set(err, ERR_AUTH, "there is no credential of that kind");
    const struct registry basic = {.scheme = SCHEME_BASIC};
    char *value = ready_header(&basic, c);
    char *line = xasprintf("Authorization: %s", value);
    *headers = curl_slist_append(*headers, line);
    secret_wipe_str(value);
    secret_wipe_str(line);
    return 0;
}

static int judge_realm(struct token *t, struct error *err)
{
    struct registry *r = t->registry;
    const struct realm_policy policy = {
        .known_realm = driver_instance_profile(r->driver)->token_realm,
        .token_hosts = r->options.token_hosts,
        .n_token_hosts = r->options.n_token_hosts,
    };
    struct url api;
    int result = url_parse(r->api, &api, err);
    if (result < 0)
        return result;
    result = realm_judge(&api, r->realm, &policy, &t->realm, err);
    url_done(&api);
    if (result == 0)
        result = url_parse(t->realm.url, &t->realm_url, err);
    if (result == 0 && !t->realm.is_trusted && !r->realm_warned && r->options.hooks.warning &&
        r->credential.kind != CREDENTIAL_ANONYMOUS) {
        r->realm_warned = true;
        r->options.hooks.warning(r->options.hooks.arg, t->realm.warning);
    }
    return result;
}

static void fill_args(struct token *t)
{
    const struct registry *r = t->registry;
    const struct credential *c = &r->credential;
    size_t n = t->scopes.list.len;
    t->scope_texts = xcalloc(n + 1, sizeof(*t->scope_texts));
    for (size_t i = 0; i < n; i++)
        t->scope_texts[i] = scope_text(&t->scopes.list.items[i]);
    t->args = (struct ocync_token_args){
        .n_scopes = (uint32_t)n,
        .scopes = t->scope_texts,
        .scheme = r->scheme == SCHEME_BASIC ? "basic" : "bearer",
        .realm = t->realm.url,
        .service = r->service,
    };
    if (!t->realm.is_trusted || t->anonymous)
        return;
    if (c->kind == CREDENTIAL_BASIC) {
        t->args.username = c->username;
        t->args.password = secret_reveal(c->secret);
    } else if (c->kind == CREDENTIAL_IDENTITY) {
        t->args.identity_token = secret_reveal(c->secret);
    }
}

static enum step_result step_exchange(struct task *task)
{
    struct token *t = container_of(task, struct token, fetch);
    struct registry *r = t->registry;
    struct error err = ERROR_INIT;
    if (!t->realm.url && judge_realm(t, &err) < 0) {
        error_wrap(&err, "%s", registry_name(r));
        return fetch_fail(t, &err);
    }
    fill_args(t);
    const struct flow_hooks hooks = {
        .http = &r->options.http, .public_only = r->peer_is_public, .attach = attach, .arg = t};
    t->flow = auth_start(r, task, &t->args, &hooks);
    return task_wait(task, &store_step);
}

/* Stale stored credentials make even public images unreadable at some registries. */
static bool try_anonymously(struct token *t, const struct error *err)
{
    const struct registry *r = t->registry;
    if (err->class != ERR_AUTH || !t->pull_only || t->anonymous ||
        r->credential.kind == CREDENTIAL_ANONYMOUS || r->options.credential)
        return false;
    _cleanup_free_ char *who = credential_describe(&r->credential);
    _cleanup_free_ char *text =
        xasprintf("%s refused %s; going on without credentials", registry_name(r), who);
    if (r->options.hooks.warning)
        r->options.hooks.warning(r->options.hooks.arg, text);
    t->anonymous = true;
    return true;
}

static enum step_result retry_later(struct token *t, const struct error *err, int64_t delay)
{
    const struct registry_hooks *hooks = &t->registry->options.hooks;
    if (hooks->retrying)
        hooks->retrying(hooks->arg, err->text, delay);
    fetch_drop(t);
    return task_sleep(&t->fetch, delay, &exchange_step);
}

static enum step_result step_store(struct task *task)
{
    struct token *t = container_of(task, struct token, fetch);
    const struct task *flow = flow_task(t->flow);
    if (!flow->done)
        return task_wait(task, &store_step);
    if (flow->result) {
        struct error err = flow->err;
        error_wrap(&err, "%s", registry_name(t->registry));
        if (try_anonymously(t, &err)) {
            fetch_drop(t);
            return task_next(task, &exchange_step);
        }
        int64_t delay =
            retry_delay_ms(&t->registry->options.retry, &err, t->attempts++, clock_random());
        if (retry_class_is_temporary(err.class) && delay >= 0)
            return retry_later(t, &err, delay);
        return fetch_fail(t, &err);
    }
    const struct flow_token *token = flow_token(t->flow);
    keep(t, xasprintf("%s %s", token->scheme, secret_reveal(token->text)), token->lifetime_ms);
    return fetch_end(t, task_end(task));
}

/* ---- asking ---- */

static bool is_fresh(const struct token *t)
{
    if (!t->valid)
        return false;
    if (t->expires_ms == INT64_MAX)
        return true;
    int64_t early = (t->expires_ms - t->fetched_ms) / 2;
    return clock_ms() < t->expires_ms - (early < REFRESH_EARLY_MS ? early : REFRESH_EARLY_MS);
}

static void start_fetch(struct token *t)
{
    t->fetching = true;
    t->valid = false;
    t->attempts = 0;
    t->anonymous = false;
    t->failed_until_ms = 0;
    t->fetch.result = 0;
    task_start(&t->fetch, &lookup_step);
}

int tokens_get(struct registry *registry, const struct auth_need *need, struct task *waiter,
               const char **ret_header, struct error *err)
{
    *ret_header = NULL;
    if (registry->scheme == SCHEME_UNKNOWN)
        return 1;
    struct token *t = token_for(registry, need);
    if (is_fresh(t)) {
        *ret_header = secret_reveal(t->header);
        return 1;
    }
    if (!t->fetching && clock_ms() < t->failed_until_ms) {
        *err = t->fetch.err;
        return t->fetch.result;
    }
    if (!t->fetching)
        start_fetch(t);
    vec_add(&t->waiters, waiter);
    return 0;
}

void tokens_forget_waiter(struct registry *registry, struct task *waiter)
{
    size_t pos = 0;
    void *value;
    while (map_next(registry->tokens, &pos, &value)) {
        struct token *t = value;
        for (size_t i = 0; i < t->waiters.len;) {
            if (t->waiters.items[i] == waiter)
                vec_remove(&t->waiters, i);
            else
                i++;
        }
    }
}

void tokens_refused(struct registry *registry, const struct auth_need *need, const char *header)
{
    struct token *t = token_for(registry, need);
    if (t->valid && t->header && str_eq(secret_reveal(t->header), header))
        t->valid = false;
}

bool tokens_learn(struct registry *registry, const struct http_exchange *answer, struct error *err)
{
    struct challenges all = {0};
    const char *value;
    for (size_t i = 0; (value = http_header(answer, "www-authenticate", i)); i++)
        challenges_add(&all, value);
    const struct challenge *chosen = challenges_pick(&all);
    bool usable = chosen;
    /* Harbor answers an expired bearer with a Basic challenge: that is no reason to switch. */
    bool keep_bearer = usable && registry->scheme == SCHEME_BEARER && registry->realm &&
                       chosen->scheme == CHALLENGE_BASIC;
    if (usable && !keep_bearer) {
        const char *service = driver_instance_profile(registry->driver)->token_service;
        registry->scheme = chosen->scheme == CHALLENGE_BASIC ? SCHEME_BASIC : SCHEME_BEARER;
        registry->peer_is_public = !http_peer_is_private(answer);
        str_replace(&registry->realm, chosen->realm);
        str_replace(&registry->service, service ? service : chosen->service);
    } else if (!usable) {
        error_set(err, ERR_AUTH, "%s wants authorization of a kind that is not known here",
                  registry_name(registry));
    }
    challenges_done(&all);
    return usable;
}
