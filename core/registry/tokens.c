/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of one registry: one fetch at a time per set of scopes, in parallel across sets. A failed
 * fetch is remembered for a while, so that a wrong password is tried once and not once per
 * request (some registries ban who insists).
 */
#include "base/clock.h"
#include "base/log.h"
#include "registry/token.h"

#include <string.h>

#define REFRESH_EARLY_MS 60000 /* at most; half of a short life */
#define FAILURE_MEMORY_MS 30000
#define SECRET_LEAST 4 /* shorter ones would be found in any text */

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
    free(take_ptr(&t->service));
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
    credential_done(&t->credential);
    free(t->repository);
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
    /* Credentials may differ from repository to repository, whatever the scheme. */
    _cleanup_free_ char *scope_key = scope_set_key(&scopes);
    _cleanup_free_ char *key =
        xasprintf("%s %s", need->repository ? need->repository : "", scope_key);
    struct token *t = map_get(registry->tokens, key);
    if (t) {
        scope_set_done(&scopes);
        return t;
    }
    t = xcalloc(1, sizeof(*t));
    t->registry = registry;
    t->key = xstrdup(key);
    t->repository = xstrdup(need->repository);
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
    credential_done(&t->credential);
    if (r->has_host_credential) {
        t->credential = credential_copy(&r->host_credential);
        return task_next(task, &identity_step);
    }
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
                 .repository = t->repository,
                 .more = keys,
                 .n_more = n_keys},
        .given = r->options.credential,
        .auth_file = r->options.auth_file,
    };
    t->lookup = credential_lookup_start(r->loop, task, r->options.credentials, &query);
    return task_wait(task, &identity_step);
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

static void take_lookup(struct token *t)
{
    struct registry *r = t->registry;
    t->credential = credential_copy(credential_lookup_result(t->lookup));
    r->has_credentials |= t->credential.kind != CREDENTIAL_ANONYMOUS;
    if (credential_lookup_is_for_host(t->lookup) && !r->has_host_credential) {
        r->host_credential = credential_copy(&t->credential);
        r->has_host_credential = true;
    }
}

static enum step_result step_identity(struct task *task)
{
    struct token *t = container_of(task, struct token, fetch);
    struct registry *r = t->registry;
    if (t->lookup) {
        const struct task *lookup = credential_lookup_task(t->lookup);
        if (!lookup->done)
            return task_wait(task, &identity_step);
        if (lookup->result)
            return fetch_fail(t, &lookup->err);
        take_lookup(t);
    }
    char *header = token_ready_header(t);
    if (header) {
        keep(t, header, -1);
        return fetch_end(t, task_end(task));
    }
    if (r->scheme == SCHEME_BASIC && !driver_instance_has_auth(r->driver)) {
        struct error err = ERROR_INIT;
        error_set(&err, ERR_AUTH,
                  "%s wants a user name and a password; log in with docker or skopeo, or give a "
                  "credential file",
                  registry_name(r));
        return fetch_fail(t, &err);
    }
    return task_next(task, &exchange_step);
}

static void fill_args(struct token *t)
{
    const struct registry *r = t->registry;
    const struct credential *c = &t->credential;
    size_t n = t->scopes.list.len;
    str_replace(&t->service, r->service);
    t->scope_texts = xcalloc(n + 1, sizeof(*t->scope_texts));
    for (size_t i = 0; i < n; i++)
        t->scope_texts[i] = scope_text(&t->scopes.list.items[i]);
    t->args = (struct ocync_token_args){
        .n_scopes = (uint32_t)n,
        .scopes = t->scope_texts,
        .scheme = r->scheme == SCHEME_BASIC ? "basic" : "bearer",
        .realm = t->realm.url,
        .service = t->service,
    };
    if ((t->realm.url && !t->realm.is_trusted) || t->anonymous)
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
    if (!t->realm.url && token_judge_realm(t, &err) < 0) {
        error_wrap(&err, "%s", registry_name(r));
        return fetch_fail(t, &err);
    }
    fill_args(t);
    bool own = t->on_own_host || !t->realm.url;
    const struct flow_hooks hooks = {.http = own ? &r->options.http : &r->elsewhere,
                                     .public_only = r->peer_is_public,
                                     .attach = token_attach,
                                     .arg = t};
    t->flow = auth_start(r, task, &t->args, &hooks);
    return task_wait(task, &store_step);
}

/* Stale stored credentials make even public images unreadable at some registries. */
static bool try_anonymously(struct token *t, const struct error *err)
{
    struct registry *r = t->registry;
    if (err->class != ERR_AUTH || !t->pull_only || t->anonymous ||
        t->credential.kind == CREDENTIAL_ANONYMOUS || r->options.credential)
        return false;
    _cleanup_free_ char *who = credential_describe(&t->credential);
    _cleanup_free_ char *text =
        xasprintf("%s refused %s; going on without credentials", registry_name(r), who);
    if (r->options.hooks.warning)
        r->options.hooks.warning(r->options.hooks.arg, text);
    t->anonymous = true;
    r->has_stale = true;
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

/* Some servers give a new identity token with each token, and end the old one. */
static void rotate(struct token *t, const struct secret *refresh)
{
    struct registry *r = t->registry;
    if (t->credential.kind != CREDENTIAL_IDENTITY || !r->has_host_credential)
        return;
    secret_free(r->host_credential.secret);
    r->host_credential.secret = secret_dup(refresh);
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
    if (token->refresh)
        rotate(t, token->refresh);
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
    t->anonymous = t->registry->has_stale && t->pull_only;
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

/* A token may be renewed; a password that was refused stays refused. */
void tokens_refused(struct registry *registry, const struct auth_need *need, const char *header)
{
    struct token *t = token_for(registry, need);
    if (!t->valid || !t->header || !str_eq(secret_reveal(t->header), header))
        return;
    t->valid = false;
    if (!str_has_prefix(header, "Basic ") || t->fetching)
        return;
    _cleanup_free_ char *who = credential_describe(&t->credential);
    t->fetch.result =
        error_set(&t->fetch.err, ERR_AUTH, "%s refused %s", registry_name(registry), who);
    t->failed_until_ms = clock_ms() + FAILURE_MEMORY_MS;
}

static bool secret_occurs(const struct secret *secret, const char *text)
{
    return secret && secret_len(secret) >= SECRET_LEAST && strstr(text, secret_reveal(secret));
}

static bool header_occurs(const struct secret *header, const char *text)
{
    const char *value = header ? strchr(secret_reveal(header), ' ') : NULL;
    return value && strlen(value + 1) >= SECRET_LEAST && strstr(text, value + 1);
}

bool tokens_occur_in(const struct registry *registry, const char *text)
{
    size_t pos = 0;
    void *value;
    while (map_next(registry->tokens, &pos, &value)) {
        const struct token *t = value;
        if (header_occurs(t->header, text) || secret_occurs(t->credential.secret, text))
            return true;
    }
    return false;
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
