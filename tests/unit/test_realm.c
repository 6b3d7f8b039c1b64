/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/realm.h"
#include "base/alloc.h"

#include <string.h>

enum outcome { TRUSTED, ANONYMOUS, REFUSED };

static const struct {
    const char *registry, *realm, *known, *token_host;
    enum outcome outcome;
} cases[] = {
    /* same host, any port */
    {"https://ghcr.io/", "https://ghcr.io/token", NULL, NULL, TRUSTED},
    {"https://GHCR.io/", "https://ghcr.IO:8443/token", NULL, NULL, TRUSTED},
    {"https://ghcr.io./", "https://ghcr.io/token", NULL, NULL, TRUSTED},
    {"https://registry/", "https://registry/token", NULL, NULL, TRUSTED},
    {"https://ghcr.io/", "/token", NULL, NULL, TRUSTED},
    /* same registrable domain */
    {"https://registry.gitlab.com/", "https://gitlab.com/jwt/auth", NULL, NULL, TRUSTED},
    {"https://registry-1.docker.io/", "https://auth.docker.io/token", NULL, NULL, TRUSTED},
    {"https://r.example.co.uk/", "https://auth.example.co.uk/t", NULL, NULL, TRUSTED},
    {"https://a.co.uk/", "https://b.co.uk/t", NULL, NULL, ANONYMOUS},
    {"https://a.github.io/", "https://b.github.io/t", NULL, NULL, ANONYMOUS},
    {"https://ghcr.io/", "https://ghrc.io/token", NULL, NULL, ANONYMOUS},
    {"https://ghcr.io/", "https://evil-ghcr.io/token", NULL, NULL, ANONYMOUS},
    {"https://ghcr.io/", "https://ghcr.io.evil.example/token", NULL, NULL, ANONYMOUS},
    {"https://registry/", "https://auth/token", NULL, NULL, ANONYMOUS},
    {"https://a.registry/", "https://registry/token", NULL, NULL, ANONYMOUS},
    /* addresses */
    {"https://192.0.2.7/", "https://192.0.2.7:5001/t", NULL, NULL, TRUSTED},
    {"https://192.0.2.7/", "https://198.51.2.7/t", NULL, NULL, ANONYMOUS},
    {"https://[2001:db8::1]/", "https://[2001:db8::1]:5001/t", NULL, NULL, TRUSTED},
    {"https://[2001:db8::1]/", "https://[2001:db8::2]/t", NULL, NULL, ANONYMOUS},
    {"https://ghcr.io/", "https://169.254.169.254/latest", NULL, NULL, ANONYMOUS},
    {"http://localhost:5000/", "http://127.0.0.1:5001/t", NULL, NULL, TRUSTED},
    {"https://ghcr.io/", "https://127.0.0.1/t", NULL, NULL, ANONYMOUS},
    /* known beforehand */
    {"https://r.example/", "https://auth.other/t2", "https://auth.other/t1", NULL, TRUSTED},
    {"https://r.example/", "https://auth.other:444/t", "https://auth.other/t", NULL, ANONYMOUS},
    {"https://r.example/", "https://auth.other/t", NULL, "auth.other", TRUSTED},
    {"https://r.example/", "https://auth.other:444/t", NULL, "AUTH.other", TRUSTED},
    {"https://r.example/", "https://auth.other:444/t", NULL, "auth.other:444", TRUSTED},
    {"https://r.example/", "https://auth.other:445/t", NULL, "auth.other:444", ANONYMOUS},
    {"https://r.example/", "https://x.auth.other/t", NULL, "auth.other", ANONYMOUS},
    /* schemes */
    {"http://r.example:5000/", "http://r.example:5001/t", NULL, NULL, TRUSTED},
    {"http://r.example:5000/", "https://r.example/t", NULL, NULL, TRUSTED},
    {"https://r.example/", "http://r.example/t", NULL, NULL, REFUSED},
    {"https://r.example/", "http://auth.other/t", "http://auth.other/t", "auth.other", REFUSED},
    {"https://r.example/", "https://user@r.example/t", NULL, NULL, REFUSED},
    {"https://r.example/", "https://r.example@auth.other/t", NULL, NULL, REFUSED},
    {"https://r.example/", "ftp://r.example/t", NULL, NULL, REFUSED},
    {"https://r.example/", "file:///etc/passwd", NULL, NULL, REFUSED},
};

static enum outcome judge(size_t i, struct realm *ret, struct error *err)
{
    struct url registry;
    assert_int_equal(url_parse(cases[i].registry, &registry, err), 0);
    struct realm_policy policy = {.known_realm = cases[i].known,
                                  .token_hosts = &cases[i].token_host,
                                  .n_token_hosts = cases[i].token_host != NULL};
    int result = realm_judge(&registry, cases[i].realm, &policy, ret, err);
    url_done(&registry);
    if (result == ERR_PROTOCOL)
        return REFUSED;
    assert_int_equal(result, 0);
    return ret->is_trusted ? TRUSTED : ANONYMOUS;
}

static void test_judgements(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct realm realm = {0};
        struct error err = ERROR_INIT;
        enum outcome outcome = judge(i, &realm, &err);
        if (outcome != cases[i].outcome)
            fail_msg("%s -> %s: %d", cases[i].registry, cases[i].realm, outcome);
        assert_int_equal(outcome == REFUSED, realm.url == NULL);
        assert_int_equal(outcome == ANONYMOUS, realm.warning != NULL);
        assert_int_equal(outcome == REFUSED, *err.text != '\0');
        realm_done(&realm);
    }
}

static void test_texts(void **state)
{
    (void)state;
    struct url registry;
    struct realm realm;
    struct realm_policy policy = {0};
    assert_int_equal(url_parse("https://r.example:5000/", &registry, NULL), 0);
    assert_int_equal(realm_judge(&registry, "/a/token?x=1", &policy, &realm, NULL), 0);
    assert_string_equal(realm.url, "https://r.example:5000/a/token?x=1");
    realm_done(&realm);
    assert_int_equal(realm_judge(&registry, "https://other.example2/t?k=v", &policy, &realm, NULL),
                     0);
    assert_string_equal(realm.url, "https://other.example2/t?k=v");
    assert_non_null(strstr(realm.warning, "other.example2"));
    assert_non_null(strstr(realm.warning, "token_hosts"));
    realm_done(&realm);
    url_done(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judgements),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
