/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include "base/str.h"
#include "config/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct config_registry *registry(const struct config *c, const char *alias)
{
    for (size_t i = 0; i < c->registries.len; i++) {
        if (str_eq(c->registries.items[i]->alias, alias))
            return c->registries.items[i];
    }
    fail_msg("no registry %s", alias);
    return NULL;
}

static void assert_list(const struct text_list *list, const char *wanted)
{
    struct buf all = BUF_INIT(4096);
    for (size_t i = 0; i < list->len; i++)
        buf_printf(&all, "%s%s", i ? " " : "", list->items[i]);
    assert_string_equal(buf_str(&all), wanted);
    buf_done(&all);
}

static void defaults_of_the_language(void **state)
{
    (void)state;
    struct config *c = load("registries: {a: {url: 'https://A.example:5000/'}}\n"
                            "mappings: [{from: x/y, source: a, targets: docker.io}]\n");
    assert_int_equal(c->global.max_concurrent_transfers, 32);
    assert_int_equal(c->global.cache_ttl, 12 * 3600 * 1000);
    assert_int_equal(c->global.staging_size_limit, 2LL << 30);
    assert_false(c->global.keep_tokens);
    assert_null(c->global.cache_dir);
    const struct config_registry *a = registry(c, "a");
    assert_string_equal(a->url, "a.example:5000");
    assert_int_equal(a->auth_type, CONFIG_AUTH_AUTO);
    assert_int_equal(a->max_concurrent, 32);
    assert_int_equal(a->connect_timeout, 15000);
    assert_int_equal(a->stall_timeout, 60000);
    assert_int_equal(a->retries, 5);
    assert_int_equal(a->upload, CONFIG_UPLOAD_AUTO);
    assert_int_equal(a->http_version, CONFIG_HTTP_AUTO);
    assert_false(a->insecure || a->plain_http || a->head_first || a->is_implicit);
    assert_null(a->token);
    const struct config_mapping *m = c->mappings.items[0];
    assert_string_equal(m->to, "x/y");
    assert_ptr_equal(m->source, a);
    assert_int_equal(m->n_targets, 1);
    assert_true(m->targets[0]->is_implicit);
    assert_string_equal(m->targets[0]->url, "docker.io");
    assert_int_equal(m->targets[0]->retries, 5);
    assert_int_equal(m->tags.latest, -1);
    assert_int_equal(m->tags.sort, TAG_SORT_NONE);
    assert_int_equal(m->tags.globs.len + m->tags.exact.len + m->platforms.len, 0);
    assert_true(m->artifacts.enabled);
    assert_int_equal(m->artifacts.recheck, 24 * 3600 * 1000);
    config_free(c);
}

static void every_field(void **state)
{
    (void)state;
    struct config *c = load(
        "global: {max_concurrent_transfers: 7, cache_dir: cache, cache_ttl: 0,\n"
        "  staging_size_limit: '3 MB', keep_tokens: TRUE}\n"
        "plugins: {dirs: [p, /q], lock: l.lock}\n"
        "registries:\n"
        "  a: {url: a.example, driver: d, driver_options: {k: 1.10, token: s}, endpoint: "
        "B.example,\n"
        "      mirrors: [m1.example, 'https://m2.example'], auth_type: basic,\n"
        "      credentials: {username: u, password: p}, token_hosts: t.example, ca_file: ca.pem,\n"
        "      client_cert: /c.pem, client_key: sub/k.pem, max_concurrent: 9,\n"
        "      connect_timeout: 500ms, stall_timeout: 2m, retries: 0, head_first: true,\n"
        "      upload: chunk, http_version: 1.1}\n"
        "  b: {url: b.example, auth_type: token, token: t, plain_http: true}\n"
        "mappings:\n"
        "  - {from: f, to: g, source: a, targets: [b], platforms: [linux/amd64, linux/arm/v7],\n"
        "     tags: {glob: '*', regex: ['v.*'], semver: ^1, include: [i], exclude: [e, f],\n"
        "            sort: created, latest: 0, min_tags: 1, min_age: 1d, max_age: 2d,\n"
        "            immutable_tags: 'v*', rename: {regex: '(.*)', replacement: 'x$1'}},\n"
        "     artifacts: {enabled: true, include: [a/b], exclude: c/d, require_artifacts: true,\n"
        "                 recheck: 1h}}\n");
    assert_int_equal(c->global.max_concurrent_transfers, 7);
    assert_string_equal(c->global.cache_dir, "conf/cache");
    assert_int_equal(c->global.cache_ttl, 0);
    assert_int_equal(c->global.staging_size_limit, 3000000);
    assert_true(c->global.keep_tokens);
    assert_list(&c->plugins.dirs, "conf/p /q");
    assert_string_equal(c->plugins.lock, "conf/l.lock");

    const struct config_registry *a = registry(c, "a"), *b = registry(c, "b");
    assert_string_equal(a->driver, "d");
    assert_int_equal(a->n_driver_options, 2);
    assert_string_equal(a->driver_options[0].key, "k");
    assert_string_equal(a->driver_options[0].value, "1.10");
    assert_string_equal(a->endpoint, "b.example");
    assert_list(&a->mirrors, "m1.example m2.example");
    assert_int_equal(a->auth_type, CONFIG_AUTH_BASIC);
    assert_string_equal(a->credentials.username, "u");
    assert_string_equal(secret_reveal(a->credentials.password), "p");
    assert_list(&a->token_hosts, "t.example");
    assert_string_equal(a->ca_file, "conf/ca.pem");
    assert_string_equal(a->client_cert, "/c.pem");
    assert_string_equal(a->client_key, "conf/sub/k.pem");
    assert_int_equal(a->max_concurrent, 9);
    assert_int_equal(a->connect_timeout, 500);
    assert_int_equal(a->stall_timeout, 120000);
    assert_int_equal(a->retries, 0);
    assert_true(a->head_first);
    assert_int_equal(a->upload, CONFIG_UPLOAD_CHUNK);
    assert_int_equal(a->http_version, CONFIG_HTTP_1_1);
    assert_int_equal(b->auth_type, CONFIG_AUTH_STATIC_TOKEN);
    assert_string_equal(secret_reveal(b->token), "t");
    assert_true(b->plain_http);

    const struct config_mapping *m = c->mappings.items[0];
    assert_string_equal(m->from, "f");
    assert_string_equal(m->to, "g");
    assert_ptr_equal(m->targets[0], b);
    assert_int_equal(m->line, 13);
    assert_list(&m->platforms, "linux/amd64 linux/arm/v7");
    assert_list(&m->tags.globs, "*");
    assert_list(&m->tags.regexes, "v.*");
    assert_string_equal(m->tags.semver, "^1");
    assert_list(&m->tags.include, "i");
    assert_list(&m->tags.exclude, "e f");
    assert_int_equal(m->tags.sort, TAG_SORT_CREATED);
    assert_int_equal(m->tags.latest, 0);
    assert_int_equal(m->tags.min_tags, 1);
    assert_int_equal(m->tags.min_age_ms, 86400000);
    assert_int_equal(m->tags.max_age_ms, 2 * 86400000);
    assert_string_equal(m->tags.immutable, "v*");
    assert_string_equal(m->tags.rename_regex, "(.*)");
    assert_string_equal(m->tags.rename_replacement, "x$1");
    assert_list(&m->artifacts.include, "a/b");
    assert_list(&m->artifacts.exclude, "c/d");
    assert_true(m->artifacts.require_artifacts);
    assert_int_equal(m->artifacts.recheck, 3600000);
    config_free(c);
}

static void who_we_are(void **state)
{
    (void)state;
    struct config *c = load("registries:\n"
                            "  a: {url: a.io, credentials: {username: u, password: p}}\n"
                            "  b: {url: b.io, token: t}\n"
                            "  c: {url: c.io, auth_type: ghcr}\n"
                            "  d: {url: d.io, auth_type: docker_config}\n"
                            "  e: {url: e.io, auth_type: anonymous}\n"
                            "mappings: [{from: x, source: a, targets: b}]\n");
    assert_int_equal(registry(c, "a")->auth_type, CONFIG_AUTH_BASIC);
    assert_int_equal(registry(c, "b")->auth_type, CONFIG_AUTH_STATIC_TOKEN);
    assert_int_equal(registry(c, "c")->auth_type, CONFIG_AUTH_DOCKER_CONFIG);
    assert_int_equal(registry(c, "d")->auth_type, CONFIG_AUTH_DOCKER_CONFIG);
    assert_int_equal(registry(c, "e")->auth_type, CONFIG_AUTH_ANONYMOUS);
    config_free(c);
}

static void plain_lists_of_tags(void **state)
{
    (void)state;
    static const char pin[] =
        "1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    _cleanup_free_ char *text =
        xasprintf("defaults: {tags: {latest: 3, sort: semver, exclude: ['z']}, source: a.io,\n"
                  "           targets: b.io}\n"
                  "mappings:\n"
                  "  - {from: x, tags: [1.10, '%s', '2.*', '[ab]']}\n"
                  "  - {from: y, tags: latest}\n",
                  pin);
    struct config *c = load(text);
    const struct tag_rules *x = &c->mappings.items[0]->tags, *y = &c->mappings.items[1]->tags;
    _cleanup_free_ char *exact = xasprintf("1.10 %s", pin);
    assert_list(&x->exact, exact);
    assert_list(&x->globs, "2.* [ab]");
    assert_int_equal(x->latest, -1);
    assert_int_equal(x->default_excludes.len, 0);
    assert_list(&y->exact, "latest");
    config_free(c);
}

/* Rules are merged one by one, excludes are kept apart, artifacts are replaced as a whole. */
static void mappings_inherit(void **state)
{
    (void)state;
    struct config *c = load("defaults:\n"
                            "  source: a.io\n"
                            "  targets: [b.io, c.io]\n"
                            "  tags: {semver: ^1, sort: semver, latest: 3, exclude: ['soft']}\n"
                            "  platforms: linux/amd64\n"
                            "  artifacts: {recheck: 1h, include: [a/b]}\n"
                            "mappings:\n"
                            "  - {from: x}\n"
                            "  - from: y\n"
                            "    source: d.io\n"
                            "    targets: e.io\n"
                            "    tags: {latest: 9, sort: ~, exclude: hard}\n"
                            "    platforms: [linux/arm64]\n"
                            "    artifacts: {exclude: c/d}\n");
    const struct config_mapping *x = c->mappings.items[0], *y = c->mappings.items[1];
    assert_string_equal(x->source->url, "a.io");
    assert_int_equal(x->n_targets, 2);
    assert_string_equal(x->tags.semver, "^1");
    assert_int_equal(x->tags.latest, 3);
    assert_int_equal(x->tags.exclude.len, 0);
    assert_list(&x->tags.default_excludes, "soft");
    assert_list(&x->platforms, "linux/amd64");
    assert_list(&x->artifacts.include, "a/b");
    assert_int_equal(x->artifacts.recheck, 3600000);
    assert_string_equal(y->source->url, "d.io");
    assert_string_equal(y->targets[0]->url, "e.io");
    assert_string_equal(y->tags.semver, "^1");
    assert_int_equal(y->tags.latest, 9);
    assert_int_equal(y->tags.sort, TAG_SORT_SEMVER);
    assert_list(&y->tags.exclude, "hard");
    assert_list(&y->tags.default_excludes, "soft");
    assert_list(&y->platforms, "linux/arm64");
    assert_int_equal(y->artifacts.include.len, 0);
    assert_int_equal(y->artifacts.recheck, 24 * 3600000);
    config_free(c);
}

static void names_of_targets(void **state)
{
    (void)state;
    static const struct {
        const char *targets, *urls;
    } rows[] = {
        {"a", "a.io"},
        {"[a, b]", "a.io b.io"},
        {"both", "a.io b.io"},
        {"[c.io, both]", "c.io a.io b.io"},
        {"one", "b.io"},
        {"localhost", "localhost"},
        {"'[::1]:5000'", "[::1]:5000"},
        {"D.io", "d.io"},
        /* A single name is a group before it is a registry; in a list it is the registry. */
        {"dup", "b.io"},
        {"[dup]", "dup.io"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        _cleanup_free_ char *text =
            xasprintf("registries: {a: {url: a.io}, b: {url: b.io}, dup: {url: dup.io}}\n"
                      "target_groups: {both: [a, b.io], one: b, dup: [b]}\n"
                      "mappings: [{from: x, source: src.io, targets: %s}]\n",
                      rows[i].targets);
        struct config *c = load(text);
        struct buf urls = BUF_INIT(4096);
        const struct config_mapping *m = c->mappings.items[0];
        for (size_t k = 0; k < m->n_targets; k++)
            buf_printf(&urls, "%s%s", k ? " " : "", m->targets[k]->url);
        assert_string_equal(buf_str(&urls), rows[i].urls);
        buf_done(&urls);
        config_free(c);
    }
}

/* A host that two mappings name is one registry. */
static void implicit_once(void **state)
{
    (void)state;
    struct config *c = load("mappings: [{from: x, source: a.io, targets: b.io},\n"
                            "           {from: y, source: a.io, targets: b.io}]\n");
    assert_int_equal(c->registries.len, 2);
    config_free(c);
}

/* What is no mistake, however near to one. */
static void accepted(void **state)
{
    (void)state;
    static const char *const mappings[] = {
        "{from: x, source: a.io, targets: b.io}, {from: x, source: a.io, targets: c.io}",
        "{from: x, source: a.io, targets: b.io}, {from: x, to: y, source: a.io, targets: b.io}",
        "{from: x, source: a.io, targets: b.io, tags: '1'}, {from: x, source: a.io, targets: b.io}",
        "{from: x, source: a.io, targets: a.io, to: y}",
        "{from: x, source: a.io, targets: a.io, tags: {rename: {regex: 'v(.*)', replacement: $1}}}",
        "{from: x, source: a.io, targets: b.io, tags: {}}",
        "{from: x, source: a.io, targets: b.io, tags: , x-note: {any: thing}}",
        "{from: x, tags: {include: a, sort: alpha, latest: 1, min_tags: 9}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(mappings); i++) {
        _cleanup_free_ char *text =
            xasprintf("x-a: 1\nglobal:\ndefaults: {source: a.io, targets: b.io}\nmappings: [%s]\n",
                      mappings[i]);
        config_free(load(text));
    }
}

static void everything_in_one_pass(void **state)
{
    (void)state;
    _cleanup_free_ char *texts = refused("mappings:\n"
                                         "  - {from: X, source: a, tags: {latest: 1}}\n"
                                         "  - {form: x}\n"
                                         "global: {cache_ttl: x, zzzzzzz: 1}\n"
                                         "registries: {b: {url: '${OT_UNSET:?why}'}}\n",
                                         (const char *const[]){"global.keep_tokens=maybe"}, 1);
    static const char *const places[] = {
        "conf/ocync.yaml:2:5: mappings[0].targets",
        "conf/ocync.yaml:2:12: mappings[0].from",
        "conf/ocync.yaml:2:23: mappings[0].source",
        "conf/ocync.yaml:2:41: mappings[0].tags",
        "conf/ocync.yaml:3:5: mappings[1].from",
        "conf/ocync.yaml:3:5: mappings[1].source",
        "conf/ocync.yaml:3:5: mappings[1].targets",
        "conf/ocync.yaml:3:6: mappings[1]: unknown key \"form\"",
        "conf/ocync.yaml:4:21: global.cache_ttl",
        "conf/ocync.yaml:4:24: global: unknown key",
        "conf/ocync.yaml:5:23: the variable OT_UNSET is not set: why",
        "--set global.keep_tokens: global.keep_tokens",
    };
    const char *line = texts;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (!str_has_prefix(line, places[i]))
            fail_msg("expected %s, got %s", places[i], line);
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, "");
}

/* A mistake in the defaults is said once, not for every mapping that inherits it. */
static void defaults_are_judged_once(void **state)
{
    (void)state;
    _cleanup_free_ char *texts =
        refused("defaults: {source: nobody, targets: [b.io, b.io], tags: {glob: '['},\n"
                "           platforms: x, artifacts: {recheck: y}}\n"
                "mappings: [{from: x}, {from: y}]\n",
                NULL, 0);
    size_t lines = 0;
    for (const char *p = texts; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, 5);
    assert_null(strstr(texts, "mappings"));
}

static void secrets_stay_hidden(void **state)
{
    (void)state;
    static const char *const files[] = {
        "registries: {a: {url: a.io, token: [hunter2]}}\nmappings: []",
        "registries: {a: {url: a.io, credentials: {username: u, password: {hunter2: 1}}}}",
        "registries: {a: {url: a.io, credentials: hunter2}}",
        "registries: {a: {url: a.io, tokem: hunter2}}",
        "registries: {a: {url: 'https://u:hunter2@a.io'}}",
        "registries: {a: {url: '${OT_TOKEN}/x'}}",
        "mappings: [{from: 'A${OT_TOKEN}', source: '${OT_TOKEN}', tags: {glob: '[${OT_TOKEN}'}}]",
        "registries: {a: {url: a.io, auth_type: '${OT_TOKEN}', retries: '${OT_TOKEN}'}}",
    };
    setenv("OT_TOKEN", "hunter2", 1);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        _cleanup_free_ char *texts = refused(files[i], NULL, 0);
        if (strstr(texts, "hunter2"))
            fail_msg("%s", texts);
    }
    _cleanup_free_ char *texts =
        refused("mappings: []", (const char *const[]){"registries.a.tokem=hunter2"}, 1);
    assert_null(strstr(texts, "hunter2"));
    assert_non_null(strstr(texts, "--set registries.a.tokem: "));
}

static void text_of_it(void **state)
{
    (void)state;
    setenv("OT_TOKEN", "hunter2", 1);
    setenv("OT_ODD", "a: \"b\"\n${c} #", 1);
    static const char file[] =
        "x-a: &a {url: a.io}\n"
        "registries:\n"
        "  'A.b':\n    <<: *a\n    token: hunter2\n"
        "  b: {url: b.io, driver_options: {k: '${OT_ODD}', my_password: hunter2, n: }}\n"
        "mappings:\n"
        "  - {from: x, source: b, targets: c.io, tags: ['1.10', \"2*\"], x-b: 1}\n";
    struct config *c = load(file);
    char *hidden = config_text(c, false), *shown = config_text(c, true);
    assert_null(strstr(hidden, "hunter2"));
    assert_null(strstr(hidden, "x-"));
    assert_non_null(strstr(hidden, "token: \"***\"\n"));
    assert_non_null(strstr(hidden, "my_password: \"***\"\n"));
    assert_non_null(strstr(shown, "k: \"a: \\\"b\\\"\\n$${c} #\"\n"));
    struct config *again = load(shown);
    char *twice = config_text(again, true);
    assert_string_equal(shown, twice);
    assert_string_equal(registry(again, "b")->driver_options[0].value, getenv("OT_ODD"));
    assert_string_equal(secret_reveal(registry(again, "A.b")->token), "hunter2");
    free(hidden);
    free(shown);
    free(twice);
    config_free(c);
    config_free(again);
}

static void warnings(void **state)
{
    (void)state;
    static const struct config_request request = {"c.yaml", NULL, 0};
    static const char file[] = "registries:\n"
                               "  a: {url: a.io, auth_type: ghcr}\n"
                               "  b: {url: b.io, auth_type: ghcr, }\n"
                               "  c: {url: c.io, token: '${OT_UNSET}'}\n"
                               "mappings: [{from: x, source: a, targets: b}]\n";
    struct config_problems problems = {0};
    struct config *c = NULL;
    assert_int_equal(config_load_text(&request, file, strlen(file), &c, &problems), 0);
    _cleanup_free_ char *texts = all_texts(&problems, true);
    assert_int_equal(problems.warnings.len, 2);
    assert_true(str_has_prefix(texts, "c.yaml:2:29: auth_type: ghcr is deprecated"));
    assert_non_null(strstr(texts, "\nc.yaml:4:25: registries.c.token is empty"));
    config_free(c);
    config_problems_done(&problems);
}

static void a_hundred_errors(void **state)
{
    (void)state;
    static const struct config_request request = {"c.yaml", NULL, 0};
    struct config_problems problems = {0};
    struct config *c = NULL;
    struct buf file = BUF_INIT(1 << 20);
    buf_add_str(&file, "mappings:\n");
    for (int i = 0; i < 150; i++)
        buf_printf(&file, "  - {from: X%d, source: a.io, targets: b.io}\n", i);
    assert_int_equal(config_load_text(&request, buf_str(&file), file.len, &c, &problems),
                     ERR_CONFIG);
    assert_int_equal(problems.errors.len, CONFIG_PROBLEMS_MAX);
    assert_int_equal(problems.n_dropped, 50);
    buf_done(&file);
    config_problems_done(&problems);
}

/* Ten thousand mappings must not take a time that grows with their square. */
static void many_mappings(void **state)
{
    (void)state;
    struct buf file = BUF_INIT(4 << 20);
    buf_add_str(&file, "mappings:\n");
    for (int i = 0; i < 10000; i++)
        buf_printf(&file, "  - {from: r%d, source: a.io, targets: b.io}\n", i);
    struct config *c = load(buf_str(&file));
    assert_int_equal(c->mappings.len, 10000);
    config_free(c);
    buf_done(&file);
}

/* ---- the schema ---- */

static const json_t *definition(const json_t *schema, const char *name)
{
    if (str_eq(name, "config"))
        return schema;
    return json_object_get(json_object_get(schema, "$defs"), name);
}

/* "32", "false" and "12h" as the schema writes them. */
static void assert_default(const struct key *key, const json_t *property)
{
    const json_t *value = json_object_get(property, "default");
    if (!key->fallback) {
        assert_null(value);
        return;
    }
    assert_non_null(value);
    _cleanup_free_ char *text = json_is_string(value) ? xstrdup(json_string_value(value))
                                                      : json_dumps(value, JSON_ENCODE_ANY);
    assert_string_equal(text, key->fallback);
}

static void assert_words(const struct key *key, const json_t *property)
{
    const json_t *list =
        json_object_get(json_array_get(json_object_get(property, "anyOf"), 0), "enum");
    size_t n = 0, strings = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        strings += json_is_string(json_array_get(list, i));
    for (; key->words[n]; n++) {
        bool found = false;
        for (size_t i = 0; i < json_array_size(list); i++)
            found |= str_eq(json_string_value(json_array_get(list, i)), key->words[n]);
        if (!found)
            fail_msg("the schema lacks %s: %s", key->name, key->words[n]);
    }
    assert_int_equal(strings, n);
}

static bool is_required(const json_t *def, const char *name)
{
    const json_t *list = json_object_get(def, "required");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (str_eq(json_string_value(json_array_get(list, i)), name))
            return true;
    }
    return false;
}

static void schema_has_the_same_keys(void **state)
{
    (void)state;
    const char *source = getenv("OCYNC_TEST_SOURCE");
    _cleanup_free_ char *path = xasprintf("%s/conf/ocync.schema.json", source ? source : ".");
    json_error_t why;
    json_t *schema = json_load_file(path, 0, &why);
    if (!schema)
        fail_msg("%s: %s", path, why.text);
    for (const struct section *const *s = config_sections; *s; s++) {
        const json_t *def = definition(schema, (*s)->name);
        const json_t *properties = json_object_get(def, "properties");
        size_t n = 0;
        for (const struct key *key = (*s)->keys; key->name; key++, n++) {
            const json_t *property = json_object_get(properties, key->name);
            if (!property)
                fail_msg("the schema lacks %s of %s", key->name, (*s)->name);
            assert_default(key, property);
            assert_int_equal(key->is_required, is_required(def, key->name));
            if (key->type == KEY_WORD)
                assert_words(key, property);
        }
        if (json_object_size(properties) != n)
            fail_msg("the schema has %zu keys of %s, there are %zu", json_object_size(properties),
                     (*s)->name, n);
        assert_true(json_is_false(json_object_get(def, "additionalProperties")));
    }
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_of_the_language),
        cmocka_unit_test(every_field),
        cmocka_unit_test(who_we_are),
        cmocka_unit_test(plain_lists_of_tags),
        cmocka_unit_test(mappings_inherit),
        cmocka_unit_test(names_of_targets),
        cmocka_unit_test(implicit_once),
        cmocka_unit_test(accepted),
        cmocka_unit_test(everything_in_one_pass),
        cmocka_unit_test(defaults_are_judged_once),
        cmocka_unit_test(secrets_stay_hidden),
        cmocka_unit_test(text_of_it),
        cmocka_unit_test(warnings),
        cmocka_unit_test(a_hundred_errors),
        cmocka_unit_test(many_mappings),
        cmocka_unit_test(schema_has_the_same_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
