/* SPDX-License-Identifier: Apache-2.0 */
/* The services of drivers, called through the table as a driver calls them. */
#include "driver/host.h"

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static const struct ocync_host *const host = &host_table;

static struct ocync_option options[] = {
    {.key = "mode", .default_value = "slow", .help = "h"},
    {.key = "unset", .help = "h"},
};
static const struct driver driver = {.api = {.name = "test",
                                             .version = "1",
                                             .hosts = "*",
                                             .options = options,
                                             .n_options = ARRAY_LEN(options)}};

static int64_t now = 1000;

static int64_t test_now(void *arg)
{
    (void)arg;
    return now;
}

static int64_t test_wall_clock(void *arg)
{
    (void)arg;
    return 1700000000;
}

static uint32_t test_random(void *arg)
{
    return ++*(uint32_t *)arg;
}

static uint32_t last_random;
static const struct driver_services services = {.now_ms = test_now,
                                                .wall_clock_s = test_wall_clock,
                                                .random = test_random,
                                                .arg = &last_random};
static struct object_shared shared;
static struct ocync_object *object;

static int set_up(void **state)
{
    (void)state;
    static const struct driver_setting settings[] = {{"mode", "fast"}};
    const struct driver_request request = {.host = "registry.example:5000",
                                           .settings = settings,
                                           .n_settings = 1,
                                           .services = &services};
    now = 1000;
    last_random = 40;
    object_shared_init(&shared, &driver, &request);
    object = object_new(&shared);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    object_free(object);
    object_shared_done(&shared);
    return 0;
}

/* A table with a hole would crash the driver that falls into it. */
static void has_every_field(void **state)
{
    (void)state;
    assert_int_equal(host->struct_size, sizeof(*host));
    assert_int_equal(host->abi_major, OCYNC_ABI_MAJOR);
    for (size_t at = offsetof(struct ocync_host, alloc); at < sizeof(*host); at += sizeof(void *)) {
        void *field;
        memcpy(&field, (const char *)host + at, sizeof(field));
        assert_non_null(field);
    }
    assert_true(OCYNC_HOST_HAS(host, secret_put));
    struct ocync_host older = host_table;
    older.struct_size = offsetof(struct ocync_host, secret_put);
    assert_false(OCYNC_HOST_HAS(&older, secret_put));
    assert_true(OCYNC_HOST_HAS(&older, secret_get));
}

static void hands_out_memory(void **state)
{
    (void)state;
    const char zeros[100] = {0};
    char *data = host->alloc(object, sizeof(zeros));
    assert_memory_equal(data, zeros, sizeof(zeros));
    assert_int_equal((uintptr_t)data % _Alignof(max_align_t), 0);
    assert_non_null(host->alloc(object, 0));
    assert_string_equal(host->strdup(object, "text"), "text");
    assert_null(host->strdup(object, NULL));
    assert_string_equal(host->printf(object, "%s-%d", "a", 5), "a-5");
}

static void knows_the_registry(void **state)
{
    (void)state;
    assert_string_equal(host->hostname(object), "registry.example:5000");
    assert_string_equal(host->option(object, "mode"), "fast");
    assert_null(host->option(object, "unset"));
    assert_null(host->option(object, "undeclared"));
    assert_int_equal(host->now_ms(object), 1000);
    assert_int_equal(host->wall_clock_s(object), 1700000000);
    assert_int_equal(host->random(object), 41);
    assert_int_equal(host->random(object), 42);
}

static void keeps_what_went_wrong(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    assert_int_equal(object_failure(object, "open", -1, &err), ERR_INTERNAL);
    assert_string_equal(err.text, "registry.example:5000: `open` of driver test failed (-1) and "
                                  "does not say why; report it to the driver's author");
    assert_int_equal(host->error(object, OCYNC_ERR_DENIED, "no %s\n", "entry"), OCYNC_ERR_DENIED);
    assert_int_equal(object_failure(object, "open", OCYNC_ERR_DENIED, &err), ERR_DENIED);
    assert_string_equal(err.text, "registry.example:5000: no entry\\x0a");
    assert_int_equal(host->error(object, 0, "zero"), OCYNC_ERR_INTERNAL);
}

static void encodes_base64(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *padded, *url;
    } cases[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"\xff\xfe\xfd\xfb\xf0", "//79+/A=", "__79-_A"},
        {"user:pass", "dXNlcjpwYXNz", "dXNlcjpwYXNz"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *plain = cases[i].plain;
        size_t len = 99;
        assert_string_equal(host->base64_encode(object, plain, strlen(plain)), cases[i].padded);
        assert_string_equal(host->base64url_encode(object, plain, strlen(plain)), cases[i].url);
        assert_string_equal(host->base64_decode(object, cases[i].padded, &len), plain);
        assert_int_equal(len, strlen(plain));
        assert_string_equal(host->base64_decode(object, cases[i].url, NULL), plain);
    }
    static const char *const malformed[] = {
        "Z", "Zg=", "Zg===", "Zm9v=", "====", "Zm 9", "Z\nm9", "Z*==", "=Zg=", "Zg==Zg=="};
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++)
        assert_null(host->base64_decode(object, malformed[i], NULL));
}

static void encodes_other_text(void **state)
{
    (void)state;
    const char *const pairs[] = {"a b", "1&2", "left-out", NULL, "c", "", NULL};
    assert_string_equal(host->hex_encode(object, "\x00\xab\x0f", 3), "00ab0f");
    assert_string_equal(host->hex_encode(object, "", 0), "");
    assert_string_equal(host->url_encode(object, "a/b c~"), "a%2Fb%20c~");
    assert_string_equal(host->form_encode(object, pairs), "a%20b=1%262&c=");
    assert_string_equal(host->form_encode(object, pairs + 6), "");
    static const struct {
        const char *url, *whole;
    } cases[] = {
        {"https://x/t", "https://x/t?q=1"},      {"https://x/t?a=b", "https://x/t?a=b&q=1"},
        {"https://x/t?", "https://x/t?q=1"},     {"https://x/t?a=b&", "https://x/t?a=b&q=1"},
        {"https://x/t#part", "https://x/t?q=1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(host->url_add_query(object, cases[i].url, "q=1"), cases[i].whole);
}

static const char *hex32(const uint8_t *digest)
{
    return host->hex_encode(object, digest, 32);
}

/* Vectors of FIPS 180-4 and RFC 4231. */
static void hashes(void **state)
{
    (void)state;
    uint8_t out[32];
    host->sha256(object, "abc", 3, out);
    assert_string_equal(hex32(out),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    host->sha256(object, "", 0, out);
    assert_string_equal(hex32(out),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    host->hmac_sha256(object, "Jefe", 4, "what do ya want for nothing?", 28, out);
    assert_string_equal(hex32(out),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    char key[131];
    memset(key, 0xaa, sizeof(key));
    const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
    host->hmac_sha256(object, key, sizeof(key), text, strlen(text), out);
    assert_string_equal(hex32(out),
                        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    host->hmac_sha256(object, NULL, 0, "", 0, out);
    assert_string_equal(hex32(out),
                        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* The key as PEM text; `password` encrypts it. */
static char *pem_of(EVP_PKEY *key, const char *password)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, password ? EVP_aes_128_cbc() : NULL,
                                                   password, password ? (int)strlen(password) : 0,
                                                   NULL, NULL),
                     1);
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    char *text = xstrndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

static void signs(void **state)
{
    (void)state;
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-256");
    _cleanup_free_ char *pem = pem_of(rsa, NULL), *locked = pem_of(rsa, "word");
    _cleanup_free_ char *other = pem_of(ec, NULL);
    size_t len = 0;
    uint8_t *signature = host->rs256_sign(object, pem, "text", 4, &len);
    assert_non_null(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, rsa), 1);
    assert_int_equal(EVP_DigestVerify(context, signature, len, (const uint8_t *)"text", 4), 1);
    EVP_MD_CTX_free(context);
    assert_null(host->rs256_sign(object, locked, "text", 4, &len));
    assert_null(host->rs256_sign(object, other, "text", 4, &len));
    assert_null(host->rs256_sign(object, "no key", "text", 4, &len));
    assert_null(host->rs256_sign(object, "", "text", 4, &len));
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

static const struct ocync_json *parse(const char *text)
{
    return host->json_parse(object, text, strlen(text));
}

static void reads_json(void **state)
{
    (void)state;
    const struct ocync_json *doc =
        parse("{\"s\":\"text\",\"i\":300,\"r\":2.5,\"b\":true,\"n\":null,"
              "\"a\":[1,\"two\",{}],\"o\":{\"z\":1,\"y\":2}}");
    static const struct {
        const char *key;
        uint32_t type;
    } types[] = {
        {"s", OCYNC_JSON_STRING}, {"i", OCYNC_JSON_NUMBER}, {"r", OCYNC_JSON_NUMBER},
        {"b", OCYNC_JSON_BOOL},   {"n", OCYNC_JSON_NULL},   {"a", OCYNC_JSON_ARRAY},
        {"o", OCYNC_JSON_OBJECT}, {"x", OCYNC_JSON_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        assert_int_equal(host->json_type(host->json_member(doc, types[i].key)), types[i].type);
    assert_string_equal(host->json_string(host->json_member(doc, "s")), "text");
    assert_int_equal(host->json_int(host->json_member(doc, "i"), -1), 300);
    assert_int_equal(host->json_int(host->json_member(doc, "r"), -1), 2);
    assert_int_equal(host->json_int(host->json_member(doc, "s"), -1), -1);
    assert_true(host->json_number(host->json_member(doc, "r"), 0) == 2.5);
    assert_true(host->json_number(host->json_member(doc, "s"), 7) == 7);
    assert_int_equal(host->json_bool(host->json_member(doc, "b"), 0), 1);
    assert_int_equal(host->json_bool(host->json_member(doc, "i"), 5), 5);
    const struct ocync_json *array = host->json_member(doc, "a");
    assert_int_equal(host->json_count(array), 3);
    assert_string_equal(host->json_string(host->json_item(array, 1)), "two");
    assert_null(host->json_item(array, 3));
    const struct ocync_json *inner = host->json_member(doc, "o");
    assert_int_equal(host->json_count(inner), 2);
    assert_string_equal(host->json_key(inner, 0), "z");
    assert_string_equal(host->json_key(inner, 1), "y");
    assert_null(host->json_key(inner, 2));
}

static void reads_nothing_from_nonsense(void **state)
{
    (void)state;
    char deep[300];
    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    static const char *const malformed[] = {"", "{", "{\"a\":1,\"a\":2}", "nonsense", "{} {}"};
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++)
        assert_null(parse(malformed[i]));
    assert_null(parse(deep));
    assert_int_equal(host->json_type(NULL), OCYNC_JSON_NONE);
    assert_null(host->json_member(NULL, "a"));
    assert_null(host->json_item(NULL, 0));
    assert_int_equal(host->json_count(NULL), 0);
    assert_null(host->json_key(NULL, 0));
    assert_null(host->json_string(NULL));
    assert_int_equal(host->json_int(NULL, 3), 3);
    assert_true(host->json_number(NULL, 3) == 3);
    assert_int_equal(host->json_bool(NULL, 3), 3);
    const struct ocync_json *text = parse("[\"x\"]");
    assert_null(host->json_member(text, "a"));
    assert_null(host->json_key(text, 0));
}

static void writes_json(void **state)
{
    (void)state;
    struct ocync_json_writer *w = host->json_new(object);
    host->json_open_object(w, NULL);
    host->json_put_string(w, "s", "a\"b\n");
    host->json_put_int(w, "i", INT64_MIN);
    host->json_put_bool(w, "b", 2);
    host->json_put_string(w, "n", NULL);
    host->json_open_array(w, "a");
    host->json_put_int(w, NULL, 1);
    host->json_open_object(w, NULL);
    host->json_close(w);
    host->json_close(w);
    assert_null(host->json_text(w));
    host->json_close(w);
    assert_string_equal(host->json_text(w),
                        "{\"s\":\"a\\\"b\\n\",\"i\":-9223372036854775808,\"b\":true,\"n\":null,"
                        "\"a\":[1,{}]}");
}

static void key_in_array(struct ocync_json_writer *w)
{
    host->json_open_array(w, NULL);
    host->json_put_int(w, "key", 1);
    host->json_close(w);
}
static void no_key_in_object(struct ocync_json_writer *w)
{
    host->json_open_object(w, NULL);
    host->json_put_int(w, NULL, 1);
    host->json_close(w);
}
static void close_too_many(struct ocync_json_writer *w)
{
    host->json_open_object(w, NULL);
    host->json_close(w);
    host->json_close(w);
}
static void two_roots(struct ocync_json_writer *w)
{
    close_too_many(w);
    host->json_open_object(w, NULL);
    host->json_close(w);
}
static void bad_text(struct ocync_json_writer *w)
{
    host->json_open_array(w, NULL);
    host->json_put_string(w, NULL, "\xff");
    host->json_close(w);
}
static void too_deep(struct ocync_json_writer *w)
{
    for (int i = 0; i < 100; i++)
        host->json_open_array(w, NULL);
    for (int i = 0; i < 100; i++)
        host->json_close(w);
}
static void value_alone(struct ocync_json_writer *w)
{
    host->json_put_int(w, NULL, 1);
}
static void nothing(struct ocync_json_writer *w)
{
    (void)w;
}

static void writes_nothing_after_misuse(void **state)
{
    (void)state;
    static void (*const misuses[])(struct ocync_json_writer *) = {
        key_in_array, no_key_in_object, close_too_many, two_roots,
        bad_text,     too_deep,         value_alone,    nothing};
    for (size_t i = 0; i < ARRAY_LEN(misuses); i++) {
        struct ocync_json_writer *w = host->json_new(object);
        misuses[i](w);
        assert_null(host->json_text(w));
    }
}

static void keeps_secrets_for_a_while(void **state)
{
    (void)state;
    struct ocync_object *other = object_new(&shared);
    assert_null(host->secret_get(object, "token"));
    host->secret_put(object, "token", "abc", 500);
    assert_string_equal(host->secret_get(other, "token"), "abc");
    const char *held = host->secret_get(object, "token");
    host->secret_put(other, "token", "def", 500);
    assert_string_equal(held, "abc");
    assert_string_equal(host->secret_get(object, "token"), "def");
    now = 1499;
    assert_non_null(host->secret_get(object, "token"));
    now = 1500;
    assert_null(host->secret_get(object, "token"));
    host->secret_put(object, "for-ever", "x", INT64_MAX);
    now = INT64_MAX - 1;
    assert_string_equal(host->secret_get(object, "for-ever"), "x");
    host->secret_put(object, "for-ever", NULL, 1000);
    assert_null(host->secret_get(object, "for-ever"));
    host->secret_put(object, "dead", "x", 0);
    assert_null(host->secret_get(object, "dead"));
    object_free(other);
}

static void drops_the_oldest_secret(void **state)
{
    (void)state;
    for (int i = 0; i < 65; i++)
        host->secret_put(object, host->printf(object, "key-%d", i), "x", 1000);
    assert_null(host->secret_get(object, "key-0"));
    assert_non_null(host->secret_get(object, "key-1"));
    assert_non_null(host->secret_get(object, "key-64"));
    assert_int_equal(shared.secrets.len, 64);
}

static void maps_classes(void **state)
{
    (void)state;
    for (int abi = OCYNC_ERR_UNSUPPORTED; abi <= OCYNC_OK; abi++)
        assert_int_equal(class_to_abi(class_from_abi(abi)), abi);
    assert_int_equal(class_from_abi(OCYNC_ERR_OPTION), ERR_CONFIG);
    assert_int_equal(class_from_abi(OCYNC_ERR_NO_REPOSITORY), ERR_NOT_FOUND);
    assert_int_equal(class_from_abi(-1000), ERR_INTERNAL);
    assert_int_equal(class_from_abi(5), ERR_INTERNAL);
    assert_int_equal(class_to_abi(ERR_IO), OCYNC_ERR_INTERNAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(has_every_field),
        TEST(hands_out_memory),
        TEST(knows_the_registry),
        TEST(keeps_what_went_wrong),
        TEST(encodes_base64),
        TEST(encodes_other_text),
        TEST(hashes),
        TEST(signs),
        TEST(reads_json),
        TEST(reads_nothing_from_nonsense),
        TEST(writes_json),
        TEST(writes_nothing_after_misuse),
        TEST(keeps_secrets_for_a_while),
        TEST(drops_the_oldest_secret),
        TEST(maps_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
