/* SPDX-License-Identifier: Apache-2.0 */
/* The flow is run by hand: the real services, a clock that stands still, canned answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "auth/token_flow.h"
#include "base/str.h"
#include "driver/host.h"

#include <string.h>

#define NOW 1795219200 /* 2026-11-21T00:00:00Z */
#define REALM "https://auth.example/token?x=1"
#define SERVICE "my registry"
#define SCOPE_A "repository:a/b:pull,push"
#define SCOPE_B "repository:c:pull"
#define GET_URL                                                                                    \
    REALM "&service=my%20registry&scope=repository%3Aa%2Fb%3Apull%2Cpush&scope="                   \
          "repository%3Ac%3Apull"
#define POST_SCOPE "&scope=repository%3Aa%2Fb%3Apull%2Cpush%20repository%3Ac%3Apull"
#define POST_PASSWORD                                                                              \
    "grant_type=password&service=my%20registry&client_id=ocync" POST_SCOPE                         \
    "&username=bob&password=s3%26cret"
#define POST_REFRESH                                                                               \
    "grant_type=refresh_token&service=my%20registry&client_id=ocync" POST_SCOPE                    \
    "&refresh_token=s3cret-id"

static int64_t now_ms(void *arg)
{
    (void)arg;
    return 0;
}

static int64_t wall_clock_s(void *arg)
{
    (void)arg;
    return NOW;
}

static const struct driver_services services = {.now_ms = now_ms, .wall_clock_s = wall_clock_s};

/* One run of the flow. */
struct run {
    struct object_shared shared;
    struct ocync_object *object;
    struct token_flow flow;
    struct ocync_token_args args;
    void *state;
    struct ocync_effect effect;
};

static const char *const scopes[] = {SCOPE_A, SCOPE_B};

enum who { NOBODY, BOB, IDENTITY, IDENTITY_AND_BOB };

static void run_init(struct run *run, enum who who)
{
    *run = (struct run){.flow = {.host = &host_table}};
    run->shared.host = (char *)(uintptr_t) "r.example";
    run->shared.services = services;
    run->object = object_new(&run->shared);
    run->args = (struct ocync_token_args){.struct_size = sizeof(run->args),
                                          .n_scopes = ARRAY_LEN(scopes),
                                          .scopes = scopes,
                                          .scheme = "bearer",
                                          .realm = REALM,
                                          .service = SERVICE};
    if (who == BOB || who == IDENTITY_AND_BOB) {
        run->args.username = "bob";
        run->args.password = "s3&cret";
    }
    if (who == IDENTITY || who == IDENTITY_AND_BOB)
        run->args.identity_token = "s3cret-id";
}

static void run_done(struct run *run)
{
    object_free(run->object);
}

static void step(struct run *run, const struct ocync_result *result)
{
    run->effect = (struct ocync_effect){.struct_size = sizeof(run->effect)};
    assert_int_equal(token_flow.step(&run->flow, run->object, run->state, result, &run->effect), 0);
}

static void begin(struct run *run)
{
    struct ocync_result nothing = {.struct_size = sizeof(nothing)};
    assert_int_equal(token_flow.begin(&run->flow, run->object, &run->args, &run->state), 0);
    step(run, &nothing);
}

static void answer(struct run *run, int status, const char *body)
{
    struct ocync_result result = {.struct_size = sizeof(result),
                                  .kind = OCYNC_EFFECT_HTTP,
                                  .status = status,
                                  .text = body,
                                  .text_len = strlen(body)};
    step(run, &result);
}

static void assert_get(const struct run *run, uint32_t credential)
{
    assert_int_equal(run->effect.kind, OCYNC_EFFECT_HTTP);
    assert_null(run->effect.method);
    assert_null(run->effect.body);
    assert_string_equal(run->effect.url, GET_URL);
    assert_int_equal(run->effect.credential, credential);
    assert_int_equal(run->effect.cap, 64 * 1024);
}

static void assert_post(const struct run *run, const char *body)
{
    assert_int_equal(run->effect.kind, OCYNC_EFFECT_HTTP);
    assert_string_equal(run->effect.method, "POST");
    assert_string_equal(run->effect.url, REALM);
    assert_string_equal(run->effect.body, body);
    assert_int_equal(run->effect.body_len, strlen(body));
    assert_int_equal(run->effect.credential, OCYNC_CREDENTIAL_NONE);
    assert_int_equal(run->effect.n_headers, 1);
    assert_string_equal(run->effect.headers[0].name, "Content-Type");
    assert_string_equal(run->effect.headers[0].value, "application/x-www-form-urlencoded");
}

static void assert_done(const struct run *run, const char *token)
{
    assert_int_equal(run->effect.kind, OCYNC_EFFECT_DONE);
    assert_string_equal(run->effect.text, token);
    assert_null(run->effect.authorization);
}

static void assert_fail(const struct run *run, int class, const char *says)
{
    assert_int_equal(run->effect.kind, OCYNC_EFFECT_FAIL);
    if (run->effect.error != class)
        fail_msg("%d instead of %d: %s", run->effect.error, class, run->effect.text);
    if (!strstr(run->effect.text, says))
        fail_msg("%s: %s", says, run->effect.text);
    assert_null(strstr(run->effect.text, "s3"));
}

/* ---- requests ---- */

static void test_requests(void **state)
{
    (void)state;
    struct run run;
    run_init(&run, NOBODY);
    begin(&run);
    assert_get(&run, OCYNC_CREDENTIAL_NONE);
    answer(&run, 200, "{\"token\":\"t\"}");
    assert_done(&run, "t");
    run_done(&run);
    run_init(&run, BOB);
    begin(&run);
    assert_get(&run, OCYNC_CREDENTIAL_BASIC);
    answer(&run, 200, "{\"token\":\"t\"}");
    assert_done(&run, "t");
    run_done(&run);
    run_init(&run, IDENTITY);
    begin(&run);
    assert_post(&run, POST_REFRESH);
    answer(&run, 200, "{\"access_token\":\"t\",\"refresh_token\":\"r\"}");
    assert_done(&run, "t");
    assert_string_equal(run.effect.refresh_token, "r");
    run_done(&run);
}

static void test_request_without_parameters(void **state)
{
    (void)state;
    struct run run;
    run_init(&run, NOBODY);
    run.args.n_scopes = 0;
    run.args.service = NULL;
    begin(&run);
    assert_string_equal(run.effect.url, REALM);
    run_done(&run);
    run_init(&run, IDENTITY);
    run.args.n_scopes = 0;
    run.args.service = NULL;
    begin(&run);
    assert_string_equal(run.effect.body,
                        "grant_type=refresh_token&client_id=ocync&refresh_token=s3cret-id");
    run_done(&run);
}

static void test_no_realm(void **state)
{
    (void)state;
    struct run run;
    run_init(&run, BOB);
    run.args.realm = NULL;
    begin(&run);
    assert_fail(&run, OCYNC_ERR_PROTOCOL, "r.example");
    run_done(&run);
}

static void test_basic(void **state)
{
    (void)state;
    struct run run;
    run_init(&run, BOB);
    run.args.scheme = "basic";
    run.args.realm = NULL;
    begin(&run);
    assert_int_equal(run.effect.kind, OCYNC_EFFECT_DONE);
    assert_string_equal(run.effect.authorization, "Basic");
    assert_string_equal(run.effect.text, "Ym9iOnMzJmNyZXQ=");
    run_done(&run);
    run_init(&run, NOBODY);
    run.args.scheme = "basic";
    begin(&run);
    assert_fail(&run, OCYNC_ERR_AUTH, "r.example wants a user name");
    run_done(&run);
}

/* ---- the other form ---- */

static void test_get_falls_back_to_post(void **state)
{
    (void)state;
    static const int statuses[] = {404, 405, 501};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct run run;
        run_init(&run, BOB);
        begin(&run);
        answer(&run, statuses[i], "");
        assert_post(&run, POST_PASSWORD);
        answer(&run, 200, "{\"access_token\":\"t\"}");
        assert_done(&run, "t");
        run_done(&run);
        run_init(&run, NOBODY);
        begin(&run);
        answer(&run, statuses[i], "");
        assert_int_equal(run.effect.kind, OCYNC_EFFECT_FAIL);
        run_done(&run);
    }
}

static void test_refresh_falls_back_to_get(void **state)
{
    (void)state;
    static const int statuses[] = {400, 401, 404, 405, 501};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct run run;
        run_init(&run, IDENTITY_AND_BOB);
        begin(&run);
        assert_post(&run, POST_REFRESH);
        answer(&run, statuses[i], "");
        assert_get(&run, OCYNC_CREDENTIAL_BASIC);
        answer(&run, 200, "{\"token\":\"t\"}");
        assert_done(&run, "t");
        run_done(&run);
        /* without a password there is nothing to fall back on */
        run_init(&run, IDENTITY);
        begin(&run);
        answer(&run, statuses[i], "");
        assert_fail(&run, OCYNC_ERR_AUTH, "auth.example refused the identity token");
        run_done(&run);
    }
}

static void test_forms_are_tried_once(void **state)
{
    (void)state;
    struct run run;
    run_init(&run, BOB);
    begin(&run);
    answer(&run, 405, "");
    answer(&run, 405, "");
    assert_fail(&run, OCYNC_ERR_PROTOCOL, "405");
    run_done(&run);
    run_init(&run, IDENTITY_AND_BOB);
    begin(&run);
    answer(&run, 404, "");
    answer(&run, 404, "");
    assert_fail(&run, OCYNC_ERR_PROTOCOL, "404");
    run_done(&run);
}

/* ---- answers ---- */

static const struct {
    const char *body;
    const char *token; /* NULL: refused */
    int64_t seconds;
    const char *refresh;
} answers[] = {
    {"{\"token\":\"t\"}", "t", 60, NULL},
    {"{\"access_token\":\"a\"}", "a", 60, NULL},
    {"{\"token\":\"t\",\"access_token\":\"a\",\"expires_in\":300}", "t", 300, NULL},
    {"{\"token\":\"\",\"access_token\":\"a\"}", "a", 60, NULL},
    {"{\"token\":null,\"access_token\":\"a\"}", "a", 60, NULL},
    {"{\"token\":\"t\",\"expires_in\":59}", "t", 60, NULL},
    {"{\"token\":\"t\",\"expires_in\":0}", "t", 60, NULL},
    {"{\"token\":\"t\",\"expires_in\":-5}", "t", 60, NULL},
    {"{\"token\":\"t\",\"expires_in\":299.9}", "t", 299, NULL},
    {"{\"token\":\"t\",\"expires_in\":\"300\"}", "t", 300, NULL},
    {"{\"token\":\"t\",\"expires_in\":\"300.5\"}", "t", 300, NULL},
    {"{\"token\":\"t\",\"expires_in\":\"soon\"}", "t", 60, NULL},
    {"{\"token\":\"t\",\"expires_in\":\"300s\"}", "t", 60, NULL},
    {"{\"token\":\"t\",\"expires_in\":\"nan\"}", "t", 60, NULL},
    {"{\"token\":\"t\",\"expires_in\":\"inf\"}", "t", 3600, NULL},
    {"{\"token\":\"t\",\"expires_in\":{}}", "t", 60, NULL},
    {"{\"token\":\"t\",\"expires_in\":86400}", "t", 3600, NULL},
    {"{\"token\":\"t\",\"expires_in\":1e300}", "t", 3600, NULL},
    /* issued a minute ago, in several spellings */
    {"{\"token\":\"t\",\"expires_in\":300,\"issued_at\":\"2026-11-20T23:59:00Z\"}", "t", 240, NULL},
    {"{\"token\":\"t\",\"expires_in\":300,\"issued_at\":\"2026-11-20T23:59:00.123456Z\"}", "t", 240,
     NULL},
    {"{\"token\":\"t\",\"expires_in\":300,\"issued_at\":\"2026-11-21T01:59:00+02:00\"}", "t", 240,
     NULL},
    {"{\"token\":\"t\",\"expires_in\":300,\"issued_at\":\"2026-11-20T22:29:00-01:30\"}", "t", 240,
     NULL},
    /* a long life is not cut short by its age */
    {"{\"token\":\"t\",\"expires_in\":86400,\"issued_at\":\"2026-11-20T22:00:00Z\"}", "t", 3600,
     NULL},
    /* clocks that can't be right */
    {"{\"token\":\"t\",\"expires_in\":300,\"issued_at\":\"2026-11-20T23:55:00Z\"}", "t", 300, NULL},
    {"{\"token\":\"t\",\"expires_in\":300,\"issued_at\":\"2026-11-21T00:10:00Z\"}", "t", 300, NULL},
    {"{\"token\":\"t\",\"expires_in\":300,\"issued_at\":\"0001-01-01T00:00:00Z\"}", "t", 300, NULL},
    {"{\"token\":\"t\",\"expires_in\":300,\"issued_at\":\"yesterday\"}", "t", 300, NULL},
    {"{\"token\":\"t\",\"expires_in\":300,\"issued_at\":1795219140}", "t", 300, NULL},
    {"{\"token\":\"t\",\"refresh_token\":\"r\"}", "t", 60, "r"},
    {"{\"token\":\"t\",\"refresh_token\":\"\"}", "t", 60, NULL},
    {"{\"token\":\"t\",\"refresh_token\":\"a\\r\\nb\"}", "t", 60, NULL},
    {"", NULL, 0, NULL},
    {"<html>", NULL, 0, NULL},
    {"null", NULL, 0, NULL},
    {"[\"token\"]", NULL, 0, NULL},
    {"{}", NULL, 0, NULL},
    {"{\"token\":\"\"}", NULL, 0, NULL},
    {"{\"token\":7}", NULL, 0, NULL},
    {"{\"token\":\"a\\r\\nX: y\"}", NULL, 0, NULL},
    {"{\"token\":\"a b\"}", NULL, 0, NULL},
    {"{\"token\":\"\xc3\xa4\"}", NULL, 0, NULL},
    {"{\"token\":\"s3\",\"token\":\"s3\"}", NULL, 0, NULL},
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct run run;
        run_init(&run, NOBODY);
        begin(&run);
        answer(&run, 200, answers[i].body);
        if (!answers[i].token) {
            assert_fail(&run, OCYNC_ERR_PROTOCOL, "auth.example");
        } else {
            assert_done(&run, answers[i].token);
            if (run.effect.duration_ms != answers[i].seconds * 1000)
                fail_msg("%s: %lld", answers[i].body, (long long)run.effect.duration_ms);
            assert_true(str_eq(run.effect.refresh_token, answers[i].refresh));
        }
        run_done(&run);
    }
}

static const struct {
    int status;
    enum who who;
    const char *body;
    int class;
    const char *says;
} failures[] = {
    {401, BOB, "", OCYNC_ERR_AUTH, "auth.example refused user bob for r.example (status 401)"},
    {403, BOB, "", OCYNC_ERR_AUTH, "check the user name"},
    {401, NOBODY, "", OCYNC_ERR_AUTH, "auth.example gives no token for r.example without"},
    {401, BOB, "{\"details\":\"too many attempts\"}", OCYNC_ERR_AUTH, ": too many attempts"},
    {401, BOB, "{\"errors\":[{\"code\":\"X\",\"message\":\"no\"}]}", OCYNC_ERR_AUTH, ": no:"},
    {401, BOB, "{\"details\":\"bad s3&cret\"}", OCYNC_ERR_AUTH, "(status 401): check"},
    {403, IDENTITY, "{\"error\":\"s3cret-id?\"}", OCYNC_ERR_AUTH, "(status 403): it may"},
    {400, BOB, "{\"error\":\"invalid_scope\"}", OCYNC_ERR_PROTOCOL, "invalid_scope"},
    {429, BOB, "", OCYNC_ERR_THROTTLED, "slow down"},
    {429, IDENTITY, "", OCYNC_ERR_THROTTLED, "slow down"},
    {500, BOB, "", OCYNC_ERR_TRANSIENT, "auth.example"},
    {503, IDENTITY, "", OCYNC_ERR_TRANSIENT, "503"},
    {408, NOBODY, "", OCYNC_ERR_TRANSIENT, "408"},
    {302, BOB, "", OCYNC_ERR_PROTOCOL, "302"},
    {204, BOB, "", OCYNC_ERR_PROTOCOL, "204"},
    {404, NOBODY, "<html>", OCYNC_ERR_PROTOCOL, "404"},
};

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct run run;
        run_init(&run, failures[i].who);
        begin(&run);
        answer(&run, failures[i].status, failures[i].body);
        assert_fail(&run, failures[i].class, failures[i].says);
        run_done(&run);
    }
}

static void test_wrong_password_by_post(void **state)
{
    (void)state;
    static const int statuses[] = {400, 401, 403};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct run run;
        run_init(&run, BOB);
        begin(&run);
        answer(&run, 405, "");
        answer(&run, statuses[i], "{\"error\":\"invalid_grant\"}");
        assert_fail(&run, OCYNC_ERR_AUTH, "bob");
        run_done(&run);
    }
}

/* What the host says of an effect that it could not carry out (no connection, answer too large)
 * keeps its class. */
static void test_failed_effect(void **state)
{
    (void)state;
    struct run run;
    struct ocync_result result = {.struct_size = sizeof(result),
                                  .kind = OCYNC_EFFECT_HTTP,
                                  .error = OCYNC_ERR_TRANSIENT,
                                  .error_text = "connection refused"};
    run_init(&run, BOB);
    begin(&run);
    step(&run, &result);
    assert_fail(&run, OCYNC_ERR_TRANSIENT, "connection refused");
    run_done(&run);
}

static void test_message_is_capped(void **state)
{
    (void)state;
    struct run run;
    struct buf body = BUF_INIT(4000);
    buf_add_str(&body, "{\"details\":\"");
    for (int i = 0; i < 300; i++)
        buf_add_str(&body, "yyyy");
    buf_add_str(&body, "\"}");
    run_init(&run, BOB);
    begin(&run);
    answer(&run, 401, buf_str(&body));
    assert_int_equal(strspn(strstr(run.effect.text, "yyy"), "y"), 200);
    run_done(&run);
    buf_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_request_without_parameters),
        cmocka_unit_test(test_no_realm),
        cmocka_unit_test(test_basic),
        cmocka_unit_test(test_get_falls_back_to_post),
        cmocka_unit_test(test_refresh_falls_back_to_get),
        cmocka_unit_test(test_forms_are_tried_once),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_wrong_password_by_post),
        cmocka_unit_test(test_failed_effect),
        cmocka_unit_test(test_message_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
