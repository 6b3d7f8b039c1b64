/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define EMPTY_256 "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_256 "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY_512                                                                                  \
    "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"                      \
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
#define ABC_512                                                                                    \
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                      \
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
#define MILLION_256 "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static const struct {
    enum digest_algorithm algorithm;
    const char *data, *text;
} known[] = {
    {DIGEST_SHA256, "", EMPTY_256},
    {DIGEST_SHA256, "abc", ABC_256},
    {DIGEST_SHA512, "", EMPTY_512},
    {DIGEST_SHA512, "abc", ABC_512},
};

static void computes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct digest d;
        digest_compute(known[i].algorithm, known[i].data, strlen(known[i].data), &d);
        assert_string_equal(d.text, known[i].text);
        assert_int_equal(d.algorithm, known[i].algorithm);
    }
}

static void hashes_on_the_fly(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct hasher *h = hasher_new(known[i].algorithm);
        for (const char *p = known[i].data; *p; p++)
            hasher_update(h, p, 1);
        hasher_update(h, "", 0);
        struct digest d;
        hasher_final(h, &d);
        assert_string_equal(d.text, known[i].text);
        hasher_free(h);
    }
    hasher_free(NULL);
}

static void reset_starts_anew(void **state)
{
    (void)state;
    char block[1000];
    memset(block, 'a', sizeof(block));
    struct digest d;
    struct hasher *h = hasher_new(DIGEST_SHA256);
    hasher_update(h, "rubbish", 7);
    hasher_reset(h); /* in the middle */
    for (int i = 0; i < 1000; i++)
        hasher_update(h, block, sizeof(block));
    hasher_final(h, &d);
    assert_string_equal(d.text, MILLION_256);
    hasher_reset(h); /* after the end */
    hasher_update(h, "abc", 3);
    hasher_final(h, &d);
    assert_string_equal(d.text, ABC_256);
    hasher_free(h);
}

static void accepts_the_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct digest d;
        struct error err = ERROR_INIT;
        assert_int_equal(digest_parse(known[i].text, &d, &err), 0);
        assert_string_equal(d.text, known[i].text);
        assert_int_equal(d.algorithm, known[i].algorithm);
        assert_string_equal(digest_hex(&d), known[i].text + 7);
        assert_string_equal(digest_algorithm_name(&d), i < 2 ? "sha256" : "sha512");
        assert_string_equal(err.text, "");
    }
}

static void refuses_all_else(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "sha256",
        "sha256:",
        "sha256:../../../etc/passwd",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",   /* 63 */
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555", /* 65 */
        "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
        "SHA256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
        " sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sha384:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct digest d = {.text = "untouched"};
        struct error err = ERROR_INIT;
        assert_int_equal(digest_parse(bad[i], &d, &err), ERR_PROTOCOL);
        assert_string_equal(d.text, "untouched");
        assert_int_equal(err.class, ERR_PROTOCOL);
        assert_non_null(strstr(err.text, "malformed"));
    }
    struct error err = ERROR_INIT;
    struct digest d;
    digest_parse("sha256:zz", &d, &err);
    assert_non_null(strstr(err.text, "sha256:zz"));
    assert_int_equal(digest_parse("x", &d, NULL), ERR_PROTOCOL);
}

static void compares_and_shortens(void **state)
{
    (void)state;
    struct digest a, b, none = {0};
    digest_parse(ABC_256, &a, NULL);
    digest_parse(ABC_512, &b, NULL);
    assert_false(digest_equal(&a, &b));
    assert_true(digest_equal(&a, &a));
    assert_true(digest_is_set(&a));
    assert_false(digest_is_set(&none));
    char out[32];
    digest_short(&a, out, sizeof(out));
    assert_string_equal(out, "sha256:ba7816bf8f01");
    digest_short(&b, out, sizeof(out));
    assert_string_equal(out, "sha512:ddaf35a19361");
    digest_short(&a, out, 4);
    assert_string_equal(out, "sha");
    digest_short(&none, out, sizeof(out));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computes),          cmocka_unit_test(hashes_on_the_fly),
        cmocka_unit_test(reset_starts_anew), cmocka_unit_test(accepts_the_grammar),
        cmocka_unit_test(refuses_all_else),  cmocka_unit_test(compares_and_shortens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
