/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/challenge.h"
#include "base/str.h"

/* What is picked from up to two header values. */
static const struct {
    const char *first, *second;
    enum challenge_scheme scheme; /* CHALLENGE_OTHER: nothing */
    const char *realm, *service, *scope;
} picks[] = {
    {"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
     "scope=\"repository:samalba/my-app:pull,push\"",
     NULL, CHALLENGE_BEARER, "https://auth.docker.io/token", "registry.docker.io",
     "repository:samalba/my-app:pull,push"},
    {"bEARER  Realm = \"https://a/t\" , SERVICE = x", NULL, CHALLENGE_BEARER, "https://a/t", "x",
     NULL},
    {"basic realm=zot", NULL, CHALLENGE_BASIC, "zot", NULL, NULL},
    {"Basic", NULL, CHALLENGE_BASIC, NULL, NULL, NULL},
    {"Basic realm=\"x\", Bearer realm=\"https://a/t\"", NULL, CHALLENGE_BEARER, "https://a/t", NULL,
     NULL},
    {"Basic, Bearer realm=\"https://a/t\"", NULL, CHALLENGE_BEARER, "https://a/t", NULL, NULL},
    {"Basic realm=\"x\"", "Bearer realm=\"https://a/t\"", CHALLENGE_BEARER, "https://a/t", NULL,
     NULL},
    {"Negotiate YII+/9==, Basic realm=\"x\"", NULL, CHALLENGE_BASIC, "x", NULL, NULL},
    {"Negotiate basic", NULL, CHALLENGE_OTHER, NULL, NULL, NULL},
    {"Negotiate, NTLM", "Digest qop=\"auth, auth-int\", nonce=\"realm=1\"", CHALLENGE_OTHER, NULL,
     NULL, NULL},
    {"Bearer error=\"insufficient_scope\",realm=\"https://a/t\",scope=\"\"", NULL, CHALLENGE_BEARER,
     "https://a/t", NULL, ""},
    {"Bearer realm=\"https://a/\\\"q\\\\\\\"\",service=\"my, \\service\"", NULL, CHALLENGE_BEARER,
     "https://a/\"q\\\"", "my, service", NULL},
    {"Bearer realm=https://public.ecr.aws/token/?a=b,service=public.ecr.aws,scope=aws", NULL,
     CHALLENGE_BEARER, "https://public.ecr.aws/token/?a=b", "public.ecr.aws", "aws"},
    {"Bearer realm=\"https://a/t\" service=\"s\" scope=\"*\"", NULL, CHALLENGE_BEARER,
     "https://a/t", "s", "*"},
    {"Bearer realm=\"https://a/t\",realm=\"https://evil/t\"", NULL, CHALLENGE_BEARER, "https://a/t",
     NULL, NULL},
    {"Bearer realm=\"https://a/t", NULL, CHALLENGE_BEARER, "https://a/t", NULL, NULL},
    {"Bearer realm=\"https://a/t\\", NULL, CHALLENGE_BEARER, "https://a/t\\", NULL, NULL},
    {"Bearer service=\"s\", Basic realm=\"x\"", NULL, CHALLENGE_BASIC, "x", NULL, NULL},
    {"Bearer realm=\"\"", NULL, CHALLENGE_OTHER, NULL, NULL, NULL},
    {"Bearer realm=", NULL, CHALLENGE_OTHER, NULL, NULL, NULL},
    {"realm=\"https://a/t\"", NULL, CHALLENGE_OTHER, NULL, NULL, NULL},
    {"\"\" = (;) , ,, Bearer realm=\"https://a/t\"", NULL, CHALLENGE_BEARER, "https://a/t", NULL,
     NULL},
    {"", "", CHALLENGE_OTHER, NULL, NULL, NULL},
};

static void assert_text(const char *got, const char *wanted)
{
    if (wanted)
        assert_string_equal(got, wanted);
    else
        assert_null(got);
}

static void test_picks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(picks); i++) {
        struct challenges all = {0};
        challenges_add(&all, picks[i].first);
        if (picks[i].second)
            challenges_add(&all, picks[i].second);
        const struct challenge *c = challenges_pick(&all);
        if (picks[i].scheme == CHALLENGE_OTHER) {
            assert_null(c);
        } else {
            assert_non_null(c);
            assert_int_equal(c->scheme, picks[i].scheme);
            assert_text(c->realm, picks[i].realm);
            assert_text(c->service, picks[i].service);
            assert_text(c->scope, picks[i].scope);
        }
        challenges_done(&all);
    }
}

static void test_number_is_bounded(void **state)
{
    (void)state;
    struct buf header = BUF_INIT(64 * 1024);
    struct challenges all = {0};
    while (buf_add_str(&header, "Basic realm=\"a\\\"\", ") == 0)
        ;
    challenges_add(&all, buf_str(&header));
    challenges_add(&all, "Bearer realm=\"https://a/t\"");
    assert_int_equal(all.list.len, CHALLENGES_MAX);
    assert_string_equal(challenges_pick(&all)->realm, "a\"");
    challenges_done(&all);
    buf_done(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picks),
        cmocka_unit_test(test_number_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
