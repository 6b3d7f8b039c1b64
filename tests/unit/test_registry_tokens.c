/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of one registry: what is asked of the token server, how often, and what is remembered.
 * The registry and its token server are one script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_fixture.h"

#include "base/str.h"
#include "registry/private.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* One connection for each request: the server plays one thing at a time. */
#define ANSWER(text)                                                                               \
    {PLAY_ACCEPT, NULL, 0}, {PLAY_HEAD, NULL, 0}, {PLAY_SEND, text, 0},                            \
    {                                                                                              \
        PLAY_CLOSE, NULL, 0                                                                        \
    }
#define SCRIPT(...) ((const struct play[]){__VA_ARGS__, {PLAY_END, NULL, 0}})
#define TOKEN(text)                                                                                \
    ANSWER("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n"        \
           "{\"token\":\"" text "\",\"expires_in\":300}")
#define REFUSAL ANSWER("HTTP/1.1 401 Who\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
#define CHALLENGE(text)                                                                            \
    ANSWER("HTTP/1.1 401 Who\r\nConnection: close\r\nContent-Length: 0\r\n"                        \
           "WWW-Authenticate: " text "\r\n\r\n")
#define BEARER CHALLENGE("Bearer realm=\"/token\",service=\"here\"")
#define BASIC CHALLENGE("Basic realm=\"here\"")

static struct loop *loop;
static struct server *server;
static struct catalogue *catalogue;
static struct credential_sources *sources;
static struct registry *registry;
static char warning[512];
static struct error err;

struct waiter {
    struct task task; /* first */
    int wakes;
};

static enum step_result step_count(struct task *task);
static const struct step count_step = {"count", step_count};

static enum step_result step_count(struct task *task)
{
    container_of(task, struct waiter, task)->wakes++;
    return task_wait(task, &count_step);
}

static const struct task_type waiter_type = {"waiter", task_done};
static struct waiter first, second;

static void waiter_start(struct waiter *w)
{
    task_init(&w->task, loop, NULL, &waiter_type, NULL);
    task_start(&w->task, &count_step);
    tasks_run_ready(loop);
    w->wakes = 0;
}

static void warn(void *arg, const char *sentence)
{
    (void)arg;
    snprintf(warning, sizeof(warning), "%s", sentence);
}

static int setup(void **state)
{
    (void)state;
    const char *folder = getenv("OCYNC_TEST_PLUGINS");
    if (!folder)
        folder = "plugins-built";
    const struct catalogue_sources where = {
        .default_dir = folder, .trusted = &folder, .n_trusted = 1};
    loop = loop_new(NULL);
    catalogue = catalogue_new(&where, NULL);
    waiter_start(&first);
    waiter_start(&second);
    warning[0] = '\0';
    err = ERROR_INIT;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    registry_free(registry);
    registry = NULL;
    credential_sources_free(sources);
    sources = NULL;
    task_free(&first.task);
    task_free(&second.task);
    catalogue_free(catalogue);
    loop_free(loop);
    server_free(server);
    server = NULL;
    return 0;
}

static bool is_done(void *arg)
{
    return http_is_done(arg);
}

/* Serves the script, opens a registry there with `stored` as its credential ("user:password" in
 * base64, of a file; NULL: none), and lets it learn from the first answer. */
static void open_registry(const struct play *script, const char *stored)
{
    server = server_start(script);
    assert_non_null(server);
    const char *host = server_url(server) + strlen("http://");
    _cleanup_free_ char *config =
        xasprintf("{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}", host, stored ? stored : "");
    const struct credential_env env = {.docker_auth_config = stored ? config : NULL};
    sources = credential_sources_new(&env);
    const struct registry_options options = {
        .catalogue = catalogue,
        .credentials = sources,
        .plain_http = true,
        .retry = {.retries = 0},
        .hooks = {.warning = warn},
    };
    if (registry_new(loop, host, &options, &registry, &err) < 0)
        fail_msg("%s", err.text);
}

static bool learn(void)
{
    _cleanup_free_ char *url = xasprintf("%s/v2/", server_url(server));
    const struct http_settings settings = {0};
    struct http_exchange *x = http_start(
        loop, NULL, &(struct http_request){.method = "GET", .url = url, .settings = &settings});
    loop_run(loop, is_done, x);
    bool usable = tokens_learn(registry, x, &err);
    http_free(x);
    return usable;
}

static const struct auth_need pull = {.repository = "a/b"};
static const struct auth_need push = {.repository = "a/b", .push = true};
static const struct auth_need mount = {.repository = "a/b", .push = true, .mount_from = "c"};

static bool first_is_woken(void *arg)
{
    (void)arg;
    return first.wakes > 0;
}

/* The header that tokens_get ends with, or its failure. */
static int get(const struct auth_need *need, const char **ret_header)
{
    first.wakes = 0;
    int result = tokens_get(registry, need, &first.task, ret_header, &err);
    if (result)
        return result;
    loop_run(loop, first_is_woken, NULL);
    return tokens_get(registry, need, &first.task, ret_header, &err);
}

static void assert_header(const struct auth_need *need, const char *expected)
{
    const char *header = NULL;
    if (get(need, &header) != 1)
        fail_msg("%s", err.text);
    assert_string_equal(header, expected);
}

/* How often that text was in what the server received. */
static size_t count(const char *text)
{
    size_t n = 0;
    server_stop(server);
    for (const char *at = server_received(server, NULL); (at = strstr(at, text)); at++)
        n++;
    return n;
}

static void test_nothing_asked_nothing_sent(void **state)
{
    (void)state;
    const char *header = "";
    open_registry(SCRIPT(BEARER), "dXNlcjpzM2NyZXQ=");
    assert_int_equal(tokens_get(registry, &pull, &first.task, &header, &err), 1);
    assert_null(header);
    assert_int_equal(count("/token"), 0);
}

static void test_one_fetch_for_each_set_of_scopes(void **state)
{
    (void)state;
    open_registry(SCRIPT(BEARER, TOKEN("t1"), TOKEN("t2"), TOKEN("t3")), NULL);
    assert_true(learn());
    assert_header(&pull, "Bearer t1");
    assert_header(&pull, "Bearer t1");
    assert_header(&push, "Bearer t2");
    assert_header(&mount, "Bearer t3");
    assert_header(&pull, "Bearer t1");
    assert_int_equal(count("GET /token?"), 3);
    assert_int_equal(count("service=here"), 3);
    assert_int_equal(count("scope=repository%3Aa%2Fb%3Apull "), 1);
    assert_int_equal(count("scope=repository%3Aa%2Fb%3Apull%2Cpush"), 2);
    assert_int_equal(count("scope=repository%3Ac%3Apull"), 1);
    assert_int_equal(count("Authorization"), 0);
}

static void test_all_who_wait_are_woken(void **state)
{
    (void)state;
    const char *header = NULL;
    open_registry(SCRIPT(BEARER, TOKEN("t1")), NULL);
    assert_true(learn());
    assert_int_equal(tokens_get(registry, &pull, &second.task, &header, &err), 0);
    assert_header(&pull, "Bearer t1");
    tasks_run_ready(loop);
    assert_int_equal(second.wakes, 1);
    assert_int_equal(count("GET /token?"), 1);
}

static void test_waiter_that_goes(void **state)
{
    (void)state;
    const char *header = NULL;
    open_registry(SCRIPT(BEARER, TOKEN("t1")), NULL);
    assert_true(learn());
    assert_int_equal(tokens_get(registry, &pull, &second.task, &header, &err), 0);
    assert_int_equal(tokens_get(registry, &pull, &second.task, &header, &err), 0);
    tokens_forget_waiter(registry, &second.task);
    assert_header(&pull, "Bearer t1");
    tasks_run_ready(loop);
    assert_int_equal(second.wakes, 0);
}

static void test_registry_freed_while_fetching(void **state)
{
    (void)state;
    const char *header = NULL;
    open_registry(SCRIPT(BEARER, TOKEN("t1")), NULL);
    assert_true(learn());
    assert_int_equal(tokens_get(registry, &pull, &first.task, &header, &err), 0);
    tasks_run_ready(loop);
    tokens_forget_waiter(registry, &first.task);
}

static void test_refused_token_is_fetched_anew(void **state)
{
    (void)state;
    open_registry(SCRIPT(BEARER, TOKEN("t1"), TOKEN("t2")), NULL);
    assert_true(learn());
    assert_header(&pull, "Bearer t1");
    tokens_refused(registry, &pull, "Bearer t0"); /* an older one: somebody was faster */
    assert_header(&pull, "Bearer t1");
    tokens_refused(registry, &push, "Bearer t1"); /* of another set */
    assert_header(&pull, "Bearer t1");
    tokens_refused(registry, &pull, "Bearer t1");
    assert_header(&pull, "Bearer t2");
    assert_int_equal(count("GET /token?"), 2);
}

/* A wrong password is tried once, not once for each request; another set of scopes may try. */
static void test_failure_is_remembered(void **state)
{
    (void)state;
    const char *header = NULL;
    open_registry(SCRIPT(BEARER, REFUSAL, TOKEN("t1")), "dXNlcjpzM2NyZXQ=");
    assert_true(learn());
    assert_int_equal(get(&push, &header), ERR_AUTH);
    assert_null(header);
    assert_int_equal(err.class, ERR_AUTH);
    assert_non_null(strstr(err.text, registry_name(registry)));
    assert_null(strstr(err.text, "s3cret"));
    assert_int_equal(tokens_get(registry, &push, &first.task, &header, &err), ERR_AUTH);
    assert_header(&pull, "Bearer t1");
    assert_int_equal(count(" /token"), 2);
}

/* Reading falls back to no credentials, and says so; writing does not. */
static void test_stale_credentials_and_public_images(void **state)
{
    (void)state;
    open_registry(SCRIPT(BEARER, REFUSAL, TOKEN("t1")), "dXNlcjpzM2NyZXQ=");
    assert_true(learn());
    assert_header(&pull, "Bearer t1");
    assert_non_null(strstr(warning, "without credentials"));
    assert_null(strstr(warning, "s3cret"));
    assert_int_equal(count("Authorization: Basic dXNlcjpzM2NyZXQ=\r\n"), 1);
    assert_int_equal(count(" /token"), 2);
}

static void test_basic(void **state)
{
    (void)state;
    open_registry(SCRIPT(BASIC), "dXNlcjpzM2NyZXQ=");
    assert_true(learn());
    assert_header(&pull, "Basic dXNlcjpzM2NyZXQ=");
    assert_header(&push, "Basic dXNlcjpzM2NyZXQ=");
    server_stop(server);
    assert_int_equal(server_connections(server), 1);
}

static void test_basic_without_credentials(void **state)
{
    (void)state;
    const char *header = NULL;
    open_registry(SCRIPT(BASIC), NULL);
    assert_true(learn());
    assert_int_equal(get(&pull, &header), ERR_AUTH);
    assert_non_null(strstr(err.text, "user name"));
    assert_non_null(strstr(err.text, registry_name(registry)));
}

/* Some answer an expired bearer token with a Basic challenge. */
static void test_basic_after_bearer_changes_nothing(void **state)
{
    (void)state;
    open_registry(SCRIPT(BEARER, TOKEN("t1"), BASIC, TOKEN("t2")), "dXNlcjpzM2NyZXQ=");
    assert_true(learn());
    assert_header(&pull, "Bearer t1");
    assert_true(learn());
    assert_header(&pull, "Bearer t1");
    tokens_refused(registry, &pull, "Bearer t1");
    assert_header(&pull, "Bearer t2");
}

static void test_challenges_that_are_none(void **state)
{
    (void)state;
    open_registry(SCRIPT(REFUSAL, CHALLENGE("Negotiate"), CHALLENGE("Bearer service=\"here\"")),
                  NULL);
    for (int i = 0; i < 3; i++) {
        err = ERROR_INIT;
        assert_false(learn());
        assert_int_equal(registry->scheme, SCHEME_UNKNOWN);
    }
}

static int group_setup(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("HTTP_PROXY");
    unsetenv("ALL_PROXY");
    return http_global_init(NULL);
}

static int group_teardown(void **state)
{
    (void)state;
    http_global_done();
    return 0;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_asked_nothing_sent),
        TEST(test_one_fetch_for_each_set_of_scopes),
        TEST(test_all_who_wait_are_woken),
        TEST(test_waiter_that_goes),
        TEST(test_registry_freed_while_fetching),
        TEST(test_refused_token_is_fetched_anew),
        TEST(test_failure_is_remembered),
        TEST(test_stale_credentials_and_public_images),
        TEST(test_basic),
        TEST(test_basic_without_credentials),
        TEST(test_basic_after_bearer_changes_nothing),
        TEST(test_challenges_that_are_none),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
