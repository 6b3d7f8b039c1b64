/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_fixture.h"

#include "auth/helper.h"
#include "base/clock.h"

static int setup_path(void **state)
{
    fixture_setup(state);
    _cleanup_free_ char *path = xasprintf("%s:/usr/bin:/bin", fixture_dir);
    return setenv("PATH", path, 1);
}

static void add_helper(const char *name, const char *script)
{
    _cleanup_free_ char *file = xasprintf("docker-credential-%s", name);
    _cleanup_free_ char *text = xasprintf("#!/bin/sh\n%s\n", script);
    fixture_write(file, 0700, text);
}

static struct helper_op *ask(const char *name, int64_t timeout_ms)
{
    struct helper_op *op = helper_start(fixture_loop, NULL,
                                        &(struct helper_request){.name = name,
                                                                 .server = "https://r.example/v1/",
                                                                 .host = "r.example",
                                                                 .origin = "/x/config.json",
                                                                 .timeout_ms = timeout_ms});
    fixture_run(helper_task(op));
    return op;
}

#define ANSWER(user, secret)                                                                       \
    "echo '{\"ServerURL\":\"x\",\"Username\":\"" user "\",\"Secret\":\"" secret "\"}'"

static const struct {
    const char *script;
    int result;
    enum credential_kind kind; /* CREDENTIAL_ANONYMOUS: it has none */
    const char *user, *secret;
    const char *said; /* part of the error */
} cases[] = {
    {ANSWER("bob", "s3cret"), 0, CREDENTIAL_BASIC, "bob", "s3cret", NULL},
    {ANSWER("<token>", "s3cret"), 0, CREDENTIAL_IDENTITY, NULL, "s3cret", NULL},
    {ANSWER("", ""), 0, CREDENTIAL_ANONYMOUS, NULL, NULL, NULL},
    {"test \"$1\" = get && read url; test \"$url\" = https://r.example/v1/ && " ANSWER("a", "b"), 0,
     CREDENTIAL_BASIC, "a", "b", NULL},
    {"echo 'credentials not found in native keychain'; exit 1", 0, CREDENTIAL_ANONYMOUS, NULL, NULL,
     NULL},
    {"echo ' credentials not found in native keychain '; exit 9", 0, CREDENTIAL_ANONYMOUS, NULL,
     NULL, NULL},
    {"echo 'credentials not found in native keychain'", ERR_AUTH, 0, NULL, NULL, "no sense"},
    {"echo 'keychain is locked'; exit 1", ERR_AUTH, 0, NULL, NULL, "keychain is locked"},
    {"printf 'a\\033[2Jb'; exit 1", ERR_AUTH, 0, NULL, NULL, "a\\x1b[2Jb"},
    {"exit 3", ERR_AUTH, 0, NULL, NULL, "status 3"},
    {ANSWER("bob", "s3cret") "; exit 1", ERR_AUTH, 0, NULL, NULL, "status 1"},
    {"echo s3cret", ERR_AUTH, 0, NULL, NULL, "line 1"},
    {"echo '{\"Username\":\"s3cret\"}'", ERR_AUTH, 0, NULL, NULL, "Secret"},
    {"echo '{\"Username\":\"a:b\",\"Secret\":\"s3cret\"}'", ERR_AUTH, 0, NULL, NULL, "colon"},
    {"true", ERR_AUTH, 0, NULL, NULL, "no sense"},
    {"yes s3cret", ERR_AUTH, 0, NULL, NULL, "65536"},
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct credential c = {0};
        add_helper("it", cases[i].script);
        struct helper_op *op = ask("it", 0);
        const struct task *task = helper_task(op);
        if (task->result != cases[i].result)
            fail_msg("%s: %d %s", cases[i].script, task->result, task->err.text);
        if (cases[i].result) {
            assert_non_null(strstr(task->err.text, "docker-credential-it"));
            assert_non_null(strstr(task->err.text, "r.example"));
            if (!strstr(task->err.text, cases[i].said))
                fail_msg("%s: %s", cases[i].script, task->err.text);
            assert_null(strstr(task->err.text, "s3cret"));
            assert_false(helper_take(op, &c));
        } else {
            assert_int_equal(helper_take(op, &c), cases[i].kind != CREDENTIAL_ANONYMOUS);
            assert_int_equal(c.kind, cases[i].kind);
            assert_true(str_eq(c.username, cases[i].user));
            assert_true(str_eq(c.secret ? secret_reveal(c.secret) : NULL, cases[i].secret));
        }
        credential_done(&c);
        task_free(helper_task(op));
    }
}

static void test_message_is_capped(void **state)
{
    (void)state;
    add_helper("it", "yes xxxxxxxxx | head -c 5000 | tr '\\n' x; exit 1");
    struct helper_op *op = ask("it", 0);
    const char *run = strstr(helper_task(op)->err.text, "xxx");
    assert_non_null(run);
    assert_int_equal(strspn(run, "x"), 200);
    task_free(helper_task(op));
}

static void test_missing_helper_is_an_error(void **state)
{
    (void)state;
    struct helper_op *op = ask("absent", 0);
    const struct task *task = helper_task(op);
    assert_int_equal(task->result, ERR_CONFIG);
    assert_non_null(strstr(task->err.text, "docker-credential-absent"));
    assert_non_null(strstr(task->err.text, "r.example"));
    assert_non_null(strstr(task->err.text, "/x/config.json"));
    task_free(helper_task(op));
}

/* The folder of the script is reachable by a path from PATH: it must not run. */
static void test_names_are_checked(void **state)
{
    (void)state;
    static const char *const names[] = {"", "../it", "a/b", "a b", "it;id", "it\n", "\xc3\xa4"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct helper_op *op = ask(names[i], 0);
        assert_int_equal(helper_task(op)->result, ERR_CONFIG);
        assert_non_null(strstr(helper_task(op)->err.text, "no name of a credential helper"));
        task_free(helper_task(op));
    }
}

static void test_hanging_helper(void **state)
{
    (void)state;
    add_helper("hangs", "echo s3cret; exec sleep 30");
    int64_t before = clock_ms();
    struct helper_op *op = ask("hangs", 100);
    assert_true(clock_ms() - before < 10000);
    assert_int_equal(helper_task(op)->result, ERR_AUTH);
    assert_non_null(strstr(helper_task(op)->err.text, "docker-credential-hangs"));
    assert_non_null(strstr(helper_task(op)->err.text, "r.example"));
    assert_null(strstr(helper_task(op)->err.text, "s3cret"));
    task_free(helper_task(op));
}

#define WITH_PATH(test) cmocka_unit_test_setup_teardown(test, setup_path, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATH(test_answers),
        WITH_PATH(test_message_is_capped),
        WITH_PATH(test_missing_helper_is_an_error),
        WITH_PATH(test_names_are_checked),
        WITH_PATH(test_hanging_helper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
