/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key matches a registry when it is what is looked up, byte for byte, when its host (scheme and
 * path cut off, port kept) is the registry's, or when it is "HOST/PATH" and the repository lies
 * below PATH. Never by suffix or prefix of a host: those would send a password to another party.
 * Entries are only decoded when used: a broken one for another registry stops nobody.
 */
#include "auth/docker_config.h"

#include "auth/base64.h"
#include "base/str.h"
#include "base/vec.h"
#include "oci/json.h"

#include <string.h>

/* A key and what it stands for. */
struct key {
    char *text;
    char *host;      /* lower case, with the port */
    char *namespace; /* "org/team"; NULL: the whole host */
};

struct entry {
    struct key key;
    char *username;
    struct secret *auth, *password, *identity, *registry_token;
};

struct helper {
    struct key key;
    char *name; /* "": none, although there is a credsStore */
};

struct docker_config {
    char *origin;
    VEC(struct entry) entries;
    VEC(struct helper) helpers;
    char *store; /* credsStore; NULL: none */
};

/* ---- keys ---- */

/* What old clients put behind a host: it names an API, not a namespace. */
static bool is_api_path(const char *path)
{
    return !*path || str_eq(path, "v1") || str_eq(path, "v2");
}

static struct key key_parse(const char *text)
{
    const char *scheme = strstr(text, "://");
    const char *host = scheme ? scheme + 3 : text;
    size_t len = strcspn(host, "/");
    _cleanup_free_ char *host_text = xstrndup(host, len);
    _cleanup_free_ char *path = xstrdup(host[len] ? host + len + 1 : "");
    size_t path_len = strlen(path);
    while (path_len && path[path_len - 1] == '/')
        path[--path_len] = '\0';
    bool whole_host = scheme || is_api_path(path);
    return (struct key){.text = xstrdup(text),
                        .host = str_lower(host_text),
                        .namespace = whole_host ? NULL : take_ptr(&path)};
}

static void key_done(struct key *key)
{
    free(key->text);
    free(key->host);
    free(key->namespace);
}

static bool is_below(const char *repository, const char *namespace)
{
    size_t len = strlen(namespace);
    return repository && strncmp(repository, namespace, len) == 0 &&
           (repository[len] == '\0' || repository[len] == '/');
}

/* 0: no match; the larger, the closer: namespaces by length, then the exact key, then the host. */
static size_t key_score(const struct key *key, const struct key *wanted, const char *repository)
{
    bool same_host = str_eq(key->host, wanted->host);
    if (key->namespace)
        return same_host && is_below(repository, key->namespace) ? 2 + strlen(key->namespace) : 0;
    if (str_eq(key->text, wanted->text))
        return 2;
    return same_host ? 1 : 0;
}

static const char *nth_key(const struct credential_keys *keys, size_t n)
{
    return n == 0 ? keys->host : keys->more[n - 1];
}

/* ---- parsing ---- */

static int complain(const struct docker_config *config, const char *what, struct error *err)
{
    return error_set(err, ERR_CONFIG, "%s: %s: correct it or log in again", config->origin, what);
}

static struct secret *secret_member(const json_t *object, const char *name)
{
    const char *text = json_member_string(object, name);
    return str_empty(text) ? NULL : secret_new(text);
}

static int add_entries(struct docker_config *config, json_t *auths, struct error *err)
{
    const char *key;
    json_t *value;
    if (auths && !json_is_object(auths) && !json_is_null(auths))
        return complain(config, "\"auths\" is not an object", err);
    json_object_foreach(auths, key, value)
    {
        if (!json_is_object(value) && !json_is_null(value))
            return complain(config, "an entry of \"auths\" is not an object", err);
        vec_add(&config->entries,
                (struct entry){.key = key_parse(key),
                               .username = xstrdup(json_member_string(value, "username")),
                               .auth = secret_member(value, "auth"),
                               .password = secret_member(value, "password"),
                               .identity = secret_member(value, "identitytoken"),
                               .registry_token = secret_member(value, "registrytoken")});
    }
    return 0;
}

static int add_helpers(struct docker_config *config, json_t *helpers, struct error *err)
{
    const char *key;
    json_t *value;
    if (helpers && !json_is_object(helpers) && !json_is_null(helpers))
        return complain(config, "\"credHelpers\" is not an object", err);
    json_object_foreach(helpers, key, value)
    {
        if (!json_is_string(value))
            return complain(config, "an entry of \"credHelpers\" is not a string", err);
        vec_add(&config->helpers,
                (struct helper){.key = key_parse(key), .name = xstrdup(json_string_value(value))});
    }
    return 0;
}

int docker_config_parse(const char *text, size_t len, const char *origin,
                        struct docker_config **ret, struct error *err)
{
    _cleanup_(cleanup_docker_config_free) struct docker_config *config =
        xcalloc(1, sizeof(*config));
    config->origin = xstrdup(origin);
    if (len > DOCKER_CONFIG_MAX)
        return complain(config, "larger than 1 MiB", err);
    _cleanup_(cleanup_json_decref) json_t *root = json_load_bounded(text, len, origin, err);
    if (!root) {
        if (err)
            err->class = ERR_CONFIG;
        return ERR_CONFIG;
    }
    if (!json_is_object(root))
        return complain(config, "not a JSON object", err);
    int result = add_entries(config, json_object_get(root, "auths"), err);
    if (result == 0)
        result = add_helpers(config, json_object_get(root, "credHelpers"), err);
    if (result < 0)
        return result;
    const char *store = json_member_string(root, "credsStore");
    config->store = xstrdup(str_empty(store) ? NULL : store);
    *ret = take_ptr(&config);
    return 0;
}

void docker_config_free(struct docker_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->entries.len; i++) {
        struct entry *e = &config->entries.items[i];
        key_done(&e->key);
        free(e->username);
        secret_free(e->auth);
        secret_free(e->password);
        secret_free(e->identity);
        secret_free(e->registry_token);
    }
    for (size_t i = 0; i < config->helpers.len; i++) {
        key_done(&config->helpers.items[i].key);
        free(config->helpers.items[i].name);
    }
    vec_done(&config->entries);
    vec_done(&config->helpers);
    free(config->store);
    free(config->origin);
    free(config);
}

/* ---- looking up ---- */

static bool has_secret(const struct entry *e)
{
    return e->auth || e->password || e->identity || e->registry_token;
}

bool docker_config_has_secrets(const struct docker_config *config)
{
    for (size_t i = 0; i < config->entries.len; i++) {
        if (has_secret(&config->entries.items[i]))
            return true;
    }
    return false;
}

static const struct helper *find_helper(const struct docker_config *config,
                                        const struct key *wanted, const char *repository)
{
    const struct helper *best = NULL;
    size_t best_score = 0;
    for (size_t i = 0; i < config->helpers.len; i++) {
        const struct helper *helper = &config->helpers.items[i];
        size_t score = key_score(&helper->key, wanted, repository);
        if (score > best_score) {
            best = helper;
            best_score = score;
        }
    }
    return best;
}

static const struct entry *find_entry(const struct docker_config *config, const struct key *wanted,
                                      const char *repository)
{
    const struct entry *best = NULL;
    size_t best_score = 0;
    for (size_t i = 0; i < config->entries.len; i++) {
        const struct entry *entry = &config->entries.items[i];
        size_t score = has_secret(entry) ? key_score(&entry->key, wanted, repository) : 0;
        if (score > best_score) {
            best = entry;
            best_score = score;
        }
    }
    return best;
}

/* Helpers know docker's Hub by its URL, and everything else by its host. */
static const char *server_for_helper(const struct credential_keys *keys)
{
    for (size_t i = 0; i < keys->n_more; i++) {
        if (strstr(keys->more[i], "://"))
            return keys->more[i];
    }
    return keys->host;
}

const char *docker_config_helper(const struct docker_config *config,
                                 const struct credential_keys *keys, const char **ret_server)
{
    const char *name = config->store;
    const struct helper *found = NULL;
    for (size_t n = 0; !found && n <= keys->n_more; n++) {
        struct key wanted = key_parse(nth_key(keys, n));
        found = find_helper(config, &wanted, keys->repository);
        key_done(&wanted);
    }
    if (found)
        name = found->name;
    if (str_empty(name))
        return NULL;
    *ret_server = server_for_helper(keys);
    return name;
}

/* base64 of USER:PASSWORD; some writers pad the password with NULs. */
static int decode_auth(const struct entry *e, char **ret_user, struct secret **ret_password)
{
    size_t len;
    char *text = base64_decode_lenient(secret_reveal(e->auth), &len);
    char *colon = text ? memchr(text, ':', len) : NULL;
    bool good = colon && colon > text && !memchr(text, '\0', (size_t)(colon - text));
    if (good) {
        while (text[len - 1] == '\0')
            len--;
        *ret_user = xstrndup(text, (size_t)(colon - text));
        *ret_password = secret_new_len(colon + 1, len - (size_t)(colon + 1 - text));
    }
    if (text)
        explicit_bzero(text, len);
    free(text);
    return good ? 0 : -1;
}

static int set_basic(const struct docker_config *config, const struct entry *e, const char *host,
                     struct credential *ret, struct error *err)
{
    _cleanup_free_ char *user = NULL;
    _cleanup_(cleanup_secret_free) struct secret *password = NULL;
    if (!e->auth) {
        user = xstrdup(e->username ? e->username : "");
        password = secret_dup(e->password);
    } else if (decode_auth(e, &user, &password) < 0) {
        return error_set(err, ERR_CONFIG,
                         "%s: the entry for %s is broken (\"auth\" is not base64 of "
                         "user:password): log in again",
                         config->origin, host);
    }
    return credential_set(ret, user, secret_reveal(password), secret_len(password), config->origin,
                          err);
}

static int set_from_entry(const struct docker_config *config, const struct entry *e,
                          const char *host, struct credential *ret, struct error *err)
{
    const char *origin = config->origin;
    if (e->registry_token)
        return credential_set_bearer(ret, secret_reveal(e->registry_token),
                                     secret_len(e->registry_token), origin, err);
    if (e->identity)
        return credential_set(ret, CREDENTIAL_TOKEN_USER, secret_reveal(e->identity),
                              secret_len(e->identity), origin, err);
    return set_basic(config, e, host, ret, err);
}

int docker_config_find(const struct docker_config *config, const struct credential_keys *keys,
                       struct credential *ret, struct error *err)
{
    for (size_t n = 0; n <= keys->n_more; n++) {
        struct key wanted = key_parse(nth_key(keys, n));
        const struct entry *e = find_entry(config, &wanted, keys->repository);
        key_done(&wanted);
        if (!e)
            continue;
        int result = set_from_entry(config, e, keys->host, ret, err);
        return result < 0 ? result : 1;
    }
    return 0;
}
