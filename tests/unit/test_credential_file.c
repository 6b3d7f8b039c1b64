/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_fixture.h"

#include "auth/credential_file.h"

static const struct {
    const char *text;
    enum credential_kind kind;
    const char *user, *secret; /* secret NULL: refused */
} texts[] = {
    {"bob:s3cret\n", CREDENTIAL_BASIC, "bob", "s3cret"},
    {"bob:s3cret", CREDENTIAL_BASIC, "bob", "s3cret"},
    {"bob:s3:cr:et\r\n", CREDENTIAL_BASIC, "bob", "s3:cr:et"},
    {"bob: s3cret ", CREDENTIAL_BASIC, "bob", " s3cret "},
    {"bob\ns3cret\n", CREDENTIAL_BASIC, "bob", "s3cret"},
    {"bob\r\ns3:cret\r\n", CREDENTIAL_BASIC, "bob", "s3:cret"},
    {"bob\ns3cret\n\n\n", CREDENTIAL_BASIC, "bob", "s3cret"},
    {"bob:s3cret\n\n", CREDENTIAL_BASIC, "bob", "s3cret"},
    {"<token>:s3cret\n", CREDENTIAL_IDENTITY, NULL, "s3cret"},
    {"<token>\ns3cret\n", CREDENTIAL_IDENTITY, NULL, "s3cret"},
    {"eyJ0b2tlbg.s3cret-_\n", CREDENTIAL_BEARER, NULL, "eyJ0b2tlbg.s3cret-_"},
    {"", 0, NULL, NULL},
    {"\n", 0, NULL, NULL},
    {"\nbob:s3cret\n", 0, NULL, NULL},
    {":s3cret\n", 0, NULL, NULL},
    {"bob:\n", 0, NULL, NULL},
    {"s3cret token\n", 0, NULL, NULL},
    {"bob:x\ns3cret\n", 0, NULL, NULL}, /* is the colon part of the name, or is line 2 junk? */
    {"bob\ns3cret\nmore\n", 0, NULL, NULL},
};

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct credential c = {0};
        struct error err = ERROR_INIT;
        int result = credential_file_parse(texts[i].text, strlen(texts[i].text), "FILE", &c, &err);
        if (!texts[i].secret) {
            if (result != ERR_CONFIG)
                fail_msg("'%s' taken", texts[i].text);
            assert_non_null(strstr(err.text, "FILE"));
            assert_null(strstr(err.text, "s3cret"));
            continue;
        }
        if (result != 0)
            fail_msg("'%s': %s", texts[i].text, err.text);
        assert_int_equal(c.kind, texts[i].kind);
        assert_string_equal(secret_reveal(c.secret), texts[i].secret);
        assert_true(str_eq(c.username, texts[i].user));
        assert_string_equal(c.origin, "FILE");
        credential_done(&c);
    }
}

static void test_nul_is_refused(void **state)
{
    (void)state;
    struct credential c = {0};
    assert_int_equal(credential_file_parse("bob:a\0b", 7, "FILE", &c, NULL), ERR_CONFIG);
    assert_int_equal(credential_file_parse("b\0b:a", 5, "FILE", &c, NULL), ERR_CONFIG);
}

static void test_read(void **state)
{
    (void)state;
    struct credential c = {0};
    _cleanup_free_ char *path = fixture_path("creds");
    fixture_write("creds", 0600, "bob:s3cret\n");
    assert_int_equal(credential_file_read(path, &c, NULL), 0);
    assert_string_equal(c.origin, path);
    _cleanup_free_ char *said = credential_describe(&c);
    _cleanup_free_ char *wanted = xasprintf("user bob (from %s)", path);
    assert_string_equal(said, wanted);
    credential_done(&c);
    assert_int_equal(fixture_lines, 0);
    chmod(path, 0644);
    assert_int_equal(credential_file_read(path, &c, NULL), 0);
    assert_int_equal(fixture_lines, 1);
    credential_done(&c);
}

static void test_read_standard_input(void **state)
{
    (void)state;
    struct credential c = {0};
    int fds[2], before = dup(STDIN_FILENO);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "bob:s3cret\n", 11), 11);
    close(fds[1]);
    dup2(fds[0], STDIN_FILENO);
    assert_int_equal(credential_file_read("-", &c, NULL), 0);
    dup2(before, STDIN_FILENO);
    close(before);
    close(fds[0]);
    assert_string_equal(secret_reveal(c.secret), "s3cret");
    assert_string_equal(c.origin, "standard input");
    credential_done(&c);
}

static void test_unreadable(void **state)
{
    (void)state;
    struct credential c = {0};
    struct error err = ERROR_INIT;
    _cleanup_free_ char *path = fixture_path("absent");
    assert_int_equal(credential_file_read(path, &c, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(credential_file_read(fixture_dir, &c, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "directory"));
    assert_int_equal(credential_file_read("/dev/zero", &c, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "larger"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_nul_is_refused),
        cmocka_unit_test_setup_teardown(test_read, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_read_standard_input),
        cmocka_unit_test_setup_teardown(test_unreadable, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
