/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/base64.h"
#include "auth/docker_config.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define HUB "https://index.docker.io/v1/"
#define ORIGIN "/home/bob/config.json"

static const char *const hub_keys[] = {HUB, "registry-1.docker.io"};

static int find(const char *text, const char *host, const char *repository, struct credential *ret,
                struct error *err)
{
    _cleanup_(cleanup_docker_config_free) struct docker_config *config = NULL;
    int result = docker_config_parse(text, strlen(text), ORIGIN, &config, err);
    if (result < 0)
        return result;
    struct credential_keys keys = {.host = host, .repository = repository};
    if (str_eq(host, "docker.io")) {
        keys.more = hub_keys;
        keys.n_more = ARRAY_LEN(hub_keys);
    }
    return docker_config_find(config, &keys, ret, err);
}

/* dTpw = u:p, dTI6cDI= = u2:p2 */
#define U1 "{\"auth\":\"dTpw\"}"
#define U2 "{\"auth\":\"dTI6cDI=\"}"

static const struct {
    const char *auths, *host, *repository;
    const char *user; /* NULL: nothing found */
} lookups[] = {
    {"{\"ghcr.io\":" U1 "}", "ghcr.io", "a/b", "u"},
    {"{\"GHCR.io\":" U1 "}", "ghcr.io", "a/b", "u"},
    {"{\"https://ghcr.io\":" U1 "}", "ghcr.io", "a/b", "u"},
    {"{\"http://ghcr.io/v2/\":" U1 "}", "ghcr.io", "a/b", "u"},
    {"{\"ghcr.io/v1/\":" U1 "}", "ghcr.io", "a/b", "u"},
    {"{\"reg.example:5000\":" U1 "}", "reg.example:5000", NULL, "u"},
    {"{\"https://reg.example:5000/v2/\":" U1 "}", "reg.example:5000", NULL, "u"},
    {"{\"reg.example:5000\":" U1 "}", "reg.example", NULL, NULL},
    {"{\"reg.example\":" U1 "}", "reg.example:5000", NULL, NULL},
    {"{\"[::1]:5000\":" U1 "}", "[::1]:5000", NULL, "u"},
    /* never by similarity */
    {"{\"evil-ghcr.io\":" U1 ",\"ghcr.io.evil\":" U1 ",\"ghcr\":" U1 ",\"io\":" U1 "}", "ghcr.io",
     "a/b", NULL},
    {"{\"https://evil/ghcr.io\":" U1 "}", "ghcr.io", "a/b", NULL},
    /* the exact key before others of its host */
    {"{\"https://ghcr.io/\":" U2 ",\"ghcr.io\":" U1 "}", "ghcr.io", NULL, "u"},
    {"{\"https://ghcr.io/\":" U2 ",\"http://ghcr.io\":" U1 "}", "ghcr.io", NULL, "u2"},
    /* namespaces: the longest, whole components only */
    {"{\"quay.io\":" U1 ",\"quay.io/org\":" U2 "}", "quay.io", "org/app", "u2"},
    {"{\"quay.io/org/app\":" U2 ",\"quay.io/org\":" U1 "}", "quay.io", "org/app", "u2"},
    {"{\"quay.io/org/app\":" U2 ",\"quay.io/org\":" U1 "}", "quay.io", "org/app/x", "u2"},
    {"{\"quay.io/org/app\":" U2 ",\"quay.io/org/\":" U1 "}", "quay.io", "org/application", "u"},
    {"{\"quay.io/org\":" U2 "}", "quay.io", "organisation/app", NULL},
    {"{\"quay.io/org\":" U2 "}", "quay.io", "other/app", NULL},
    {"{\"quay.io/org\":" U2 "}", "quay.io", NULL, NULL},
    {"{\"other.io/org\":" U2 "}", "quay.io", "org/app", NULL},
    /* Docker Hub by the keys that are handed in */
    {"{\"" HUB "\":" U1 "}", "docker.io", "library/nginx", "u"},
    {"{\"index.docker.io\":" U1 "}", "docker.io", "library/nginx", "u"},
    {"{\"registry-1.docker.io\":" U1 "}", "docker.io", "library/nginx", "u"},
    {"{\"" HUB "\":" U2 ",\"docker.io\":" U1 "}", "docker.io", "library/nginx", "u"},
    {"{\"hub.docker.io\":" U1 "}", "docker.io", "library/nginx", NULL},
    /* entries without a secret say nothing */
    {"{\"ghcr.io\":{}}", "ghcr.io", NULL, NULL},
    {"{\"ghcr.io\":null}", "ghcr.io", NULL, NULL},
    {"{\"ghcr.io\":{\"auth\":\"\"},\"https://ghcr.io\":" U1 "}", "ghcr.io", NULL, "u"},
    {"{\"ghcr.io\":{\"username\":\"u\"}}", "ghcr.io", NULL, NULL},
    /* a broken entry of another registry */
    {"{\"bad.example\":{\"auth\":\"%%\"},\"ghcr.io\":" U1 "}", "ghcr.io", NULL, "u"},
};

static void test_lookup(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lookups); i++) {
        struct credential c = {0};
        struct error err = ERROR_INIT;
        _cleanup_free_ char *text =
            xasprintf("{\"auths\":%s,\"HttpHeaders\":{\"a\":\"b\"}}", lookups[i].auths);
        int found = find(text, lookups[i].host, lookups[i].repository, &c, &err);
        if (found != (lookups[i].user != NULL))
            fail_msg("%s for %s: %d %s", lookups[i].auths, lookups[i].host, found, err.text);
        if (lookups[i].user) {
            assert_string_equal(c.username, lookups[i].user);
            assert_int_equal(c.kind, CREDENTIAL_BASIC);
            assert_string_equal(c.origin, ORIGIN);
        }
        credential_done(&c);
    }
}

static const struct {
    const char *entry;
    enum credential_kind kind;
    const char *user, *secret; /* secret NULL: refused */
} entries[] = {
    {"\"auth\":\"dTpwOnE6\"", CREDENTIAL_BASIC, "u", "p:q:"},
    {"\"auth\":\"dTpw\"", CREDENTIAL_BASIC, "u", "p"},
    {"\"auth\":\"dTI6cDI=\"", CREDENTIAL_BASIC, "u2", "p2"},
    {"\"auth\":\"dTI6cDI\"", CREDENTIAL_BASIC, "u2", "p2"},
    {"\"auth\":\"dTI6\\ncDI=\\n\"", CREDENTIAL_BASIC, "u2", "p2"},
    {"\"auth\":\"dTpwAAAA\"", CREDENTIAL_BASIC, "u", "p"},
    {"\"auth\":\"dToAAA==\"", CREDENTIAL_BASIC, "u", ""},
    {"\"auth\":\"dTpw\",\"username\":\"x\",\"password\":\"y\"", CREDENTIAL_BASIC, "u", "p"},
    {"\"username\":\"x\",\"password\":\"y:z\",\"email\":\"e\"", CREDENTIAL_BASIC, "x", "y:z"},
    {"\"identitytoken\":\"idt\"", CREDENTIAL_IDENTITY, NULL, "idt"},
    {"\"auth\":\"dTo=\",\"identitytoken\":\"idt\"", CREDENTIAL_IDENTITY, NULL, "idt"},
    {"\"username\":\"<token>\",\"password\":\"idt\"", CREDENTIAL_IDENTITY, NULL, "idt"},
    {"\"registrytoken\":\"rt\",\"auth\":\"dTpw\"", CREDENTIAL_BEARER, NULL, "rt"},
    {"\"auth\":\"dXA=\"", 0, NULL, NULL},               /* no colon */
    {"\"auth\":\"OnA=\"", 0, NULL, NULL},               /* no user */
    {"\"auth\":\"dTpw=\"", CREDENTIAL_BASIC, "u", "p"}, /* too much padding */
    {"\"auth\":\"d\"", 0, NULL, NULL},
    {"\"auth\":\"d=Tpw\"", 0, NULL, NULL},
    {"\"auth\":\"not base64!\"", 0, NULL, NULL},
    {"\"auth\":\"AHU6cA==\"", 0, NULL, NULL}, /* NUL in the user name */
    {"\"auth\":\"dTpwAHA=\"", 0, NULL, NULL}, /* NUL in the password */
    {"\"username\":\"x:y\",\"password\":\"z\"", 0, NULL, NULL},
    {"\"username\":\"x\\r\\nA b\",\"password\":\"z\"", 0, NULL, NULL},
    {"\"registrytoken\":\"a\\r\\nb\"", 0, NULL, NULL},
    {"\"identitytoken\":\"a b\"", 0, NULL, NULL},
};

static void test_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        struct credential c = {0};
        struct error err = ERROR_INIT;
        _cleanup_free_ char *text = xasprintf("{\"auths\":{\"r.example\":{%s}}}", entries[i].entry);
        int found = find(text, "r.example", NULL, &c, &err);
        if (!entries[i].secret) {
            if (found != ERR_CONFIG)
                fail_msg("%s: %d", entries[i].entry, found);
            assert_non_null(strstr(err.text, ORIGIN));
            assert_null(c.secret);
            continue;
        }
        if (found != 1)
            fail_msg("%s: %d %s", entries[i].entry, found, err.text);
        assert_int_equal(c.kind, entries[i].kind);
        assert_string_equal(secret_reveal(c.secret), entries[i].secret);
        assert_int_equal(secret_len(c.secret), strlen(entries[i].secret));
        if (entries[i].user)
            assert_string_equal(c.username, entries[i].user);
        else
            assert_null(c.username);
        credential_done(&c);
    }
}

static const struct {
    const char *text, *place; /* part of the sentence */
} broken[] = {
    {"{\"auths\":{\n \"r\":{\"auth\":\"s3cret\",}}}", "line 2"},
    {"{\"auths\":{\"r\":{\"auth\":\"s3cret\"}}", "line 1"},
    {"{\"auths\":{\"r\":{\"auth\":\"s3cret\",\"auth\":\"x\"}}}", "twice"},
    {"s3cret", "line 1"},
    {"[\"s3cret\"]", "object"},
    {"{\"auths\":\"s3cret\"}", "auths"},
    {"{\"auths\":{\"r\":\"s3cret\"}}", "auths"},
    {"{\"auths\":{\"s3cret\":1}}", "auths"},
    {"{\"credHelpers\":[\"s3cret\"]}", "credHelpers"},
    {"{\"credHelpers\":{\"s3cret\":1}}", "credHelpers"},
    {"{\"auths\":{\"r.example\":{\"auth\":\"s3cret%\"}}}", "r.example"},
    {"", "line 1"},
};

static void test_errors_name_the_place_and_no_content(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct credential c = {0};
        struct error err = ERROR_INIT;
        assert_int_equal(find(broken[i].text, "r.example", NULL, &c, &err), ERR_CONFIG);
        assert_int_equal(err.class, ERR_CONFIG);
        assert_non_null(strstr(err.text, ORIGIN));
        if (!strstr(err.text, broken[i].place))
            fail_msg("%s: %s", broken[i].text, err.text);
        assert_null(strstr(err.text, "s3cret"));
    }
}

static void test_size_is_bounded(void **state)
{
    (void)state;
    struct docker_config *config = NULL;
    size_t len = DOCKER_CONFIG_MAX + 1;
    char *text = xmalloc(len);
    memset(text, ' ', len);
    memcpy(text, "{}", 2);
    assert_int_equal(docker_config_parse(text, len, ORIGIN, &config, NULL), ERR_CONFIG);
    assert_int_equal(docker_config_parse(text, len - 1, ORIGIN, &config, NULL), 0);
    docker_config_free(config);
    free(text);
}

static const struct {
    const char *text, *host;
    const char *helper, *server; /* helper NULL: none */
} helpers[] = {
    {"{\"credHelpers\":{\"ghcr.io\":\"one\"}}", "ghcr.io", "one", "ghcr.io"},
    {"{\"credHelpers\":{\"https://GHCR.io\":\"one\"}}", "ghcr.io", "one", "ghcr.io"},
    {"{\"credHelpers\":{\"ghcr.io\":\"one\"},\"credsStore\":\"all\"}", "ghcr.io", "one", "ghcr.io"},
    {"{\"credHelpers\":{\"ghcr.io\":\"one\"},\"credsStore\":\"all\"}", "quay.io", "all", "quay.io"},
    {"{\"credHelpers\":{\"ghcr.io\":\"\"},\"credsStore\":\"all\"}", "ghcr.io", NULL, NULL},
    {"{\"credHelpers\":{\"ghcr.io\":\"one\"}}", "quay.io", NULL, NULL},
    {"{\"credHelpers\":{\"" HUB "\":\"one\"}}", "docker.io", "one", HUB},
    {"{\"credHelpers\":{\"docker.io\":\"one\"}}", "docker.io", "one", HUB},
    {"{\"credsStore\":\"all\",\"auths\":{\"docker.io\":{}}}", "docker.io", "all", HUB},
    {"{\"credsStore\":\"\"}", "ghcr.io", NULL, NULL},
    {"{\"credHelpers\":null,\"auths\":null}", "ghcr.io", NULL, NULL},
};

static void test_helpers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(helpers); i++) {
        struct docker_config *config = NULL;
        const char *server = NULL;
        bool hub = str_eq(helpers[i].host, "docker.io");
        struct credential_keys keys = {
            .host = helpers[i].host, .more = hub_keys, .n_more = hub ? ARRAY_LEN(hub_keys) : 0};
        const char *text = helpers[i].text;
        assert_int_equal(docker_config_parse(text, strlen(text), ORIGIN, &config, NULL), 0);
        const char *name = docker_config_helper(config, &keys, &server);
        if (helpers[i].helper) {
            assert_string_equal(name, helpers[i].helper);
            assert_string_equal(server, helpers[i].server);
        } else {
            assert_null(name);
        }
        docker_config_free(config);
    }
}

static void test_has_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has;
    } cases[] = {
        {"{}", false},
        {"{\"auths\":{\"a\":{}},\"credsStore\":\"x\"}", false},
        {"{\"auths\":{\"a\":{},\"b\":" U1 "}}", true},
        {"{\"auths\":{\"b\":{\"identitytoken\":\"x\"}}}", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct docker_config *config = NULL;
        assert_int_equal(
            docker_config_parse(cases[i].text, strlen(cases[i].text), ORIGIN, &config, NULL), 0);
        assert_int_equal(docker_config_has_secrets(config), cases[i].has);
        docker_config_free(config);
    }
}

static void test_base64_of_every_length(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes;
        size_t len;
    } cases[] = {
        {"", "", 0},
        {"AA==", "\0", 1},
        {"/w", "\377", 1},
        {"_-A=", "\377\340", 2},
        {"+/AB", "\373\360\001", 3},
        {"QUJDRA==", "ABCD", 4},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t len = 99;
        _cleanup_free_ char *bytes = base64_decode_lenient(cases[i].text, &len);
        assert_non_null(bytes);
        assert_int_equal(len, cases[i].len);
        assert_memory_equal(bytes, cases[i].bytes, len + 1);
    }
    static const char *const bad[] = {"A", "QUJDR", "QUJD*", "QQ==Q", "QQ===", "QQ =="};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        size_t len;
        assert_null(base64_decode_lenient(bad[i], &len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_errors_name_the_place_and_no_content),
        cmocka_unit_test(test_size_is_bounded),
        cmocka_unit_test(test_helpers),
        cmocka_unit_test(test_has_secrets),
        cmocka_unit_test(test_base64_of_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
