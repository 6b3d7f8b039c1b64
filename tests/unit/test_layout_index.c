/* SPDX-License-Identifier: Apache-2.0 */
/* index.json in memory: finding entries, changing one, leaving the others alone. */
#include "layout/index.h"

#include "base/str.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A "sha256:" HEX_A
#define B "sha256:" HEX_B

#define ENTRY(digest) "\"digest\":\"" digest "\",\"size\":7,\"mediaType\":\"m/t\""
#define NAMED(digest, name)                                                                        \
    "{" ENTRY(digest) ",\"annotations\":{\"" INDEX_REF_NAME "\":\"" name "\"}}"
#define UNNAMED(digest) "{" ENTRY(digest) "}"
#define INDEX(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "]}"

static json_t *load(const char *text)
{
    struct error err = ERROR_INIT;
    json_t *json = json_load_bounded(text, strlen(text), "index", &err);
    assert_non_null(json);
    return json;
}

static void shape(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } table[] = {
        {INDEX(""), true},
        {INDEX(NAMED(A, "v1")), true},
        {INDEX(NAMED("blake3:zz", "v1")), true},
        {"{\"manifests\":[]}", false},
        {"{\"schemaVersion\":1,\"manifests\":[]}", false},
        {"{\"schemaVersion\":2}", false},
        {"{\"schemaVersion\":2,\"manifests\":{}}", false},
        {INDEX("7"), false},
        {"[]", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct error err = ERROR_INIT;
        json_t *index = load(table[i].text);
        assert_int_equal(index_check(index, "x", &err), table[i].good ? 0 : ERR_PROTOCOL);
        json_decref(index);
    }
}

static void finding(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        int result;
        const char *digest; /* found; or a part of the sentence */
    } table[] = {
        {INDEX(NAMED(A, "v1") "," NAMED(B, "v2")), "v2", 0, B},
        {INDEX(NAMED(A, "host/repo:v1") "," NAMED(B, "v2")), "v1", 0, A},
        {INDEX(NAMED(A, "host/repo:v1")), "host/repo:v1", 0, A},
        {INDEX(NAMED(A, "host:5000/repo")), "5000", ERR_NOT_FOUND, "no tag"},
        {INDEX(NAMED(A, "host:5000/repo")), "repo", ERR_NOT_FOUND, "no tag"},
        {INDEX(NAMED(A, "host:5000/repo:v1@" B)), "v1", 0, A},
        {INDEX(NAMED(A, "host/repo:v1") "," NAMED(B, "v1")), "v1", 0, B},
        {INDEX(NAMED(A, "a/r:v1") "," NAMED(A, "b/r:v1")), "v1", 0, A},
        {INDEX(NAMED(A, "a/r:v1") "," NAMED(B, "b/r:v1")), "v1", ERR_PROTOCOL, "several"},
        {INDEX(NAMED(A, "v1") "," NAMED(B, "v1")), "v1", ERR_PROTOCOL, "several"},
        {INDEX(NAMED(A, "v1") "," UNNAMED(B)), "v3", ERR_NOT_FOUND, "it has v1, " B},
        {INDEX(""), "v1", ERR_NOT_FOUND, "empty"},
        {INDEX(NAMED("sha256:../../../etc/passwd", "v1")), "v1", ERR_PROTOCOL, "digest"},
        {INDEX(NAMED("sha256:../../../etc/passwd", "x") "," NAMED(A, "v1")), "v1", 0, A},
        {INDEX("{\"digest\":\"" A "\",\"size\":-1,\"annotations\":{\"" INDEX_REF_NAME
               "\":\"v1\"}}"),
         "v1", ERR_PROTOCOL, "size"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct error err = ERROR_INIT;
        struct index_entry entry = {.size = -5};
        json_t *index = load(table[i].text);
        assert_int_equal(index_find(index, table[i].name, "oci:x", &entry, &err), table[i].result);
        if (table[i].result == 0)
            assert_string_equal(entry.digest.text, table[i].digest);
        else
            assert_non_null(strstr(err.text, table[i].digest));
        assert_int_equal(entry.size, table[i].result == 0 ? 7 : -5);
        json_decref(index);
    }
}

static void default_reference(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
        const char *words; /* the reference, or a part of the sentence */
    } table[] = {
        {INDEX(NAMED(A, "v1")), 0, "v1"},
        {INDEX(NAMED(A, "host/repo:v1")), 0, "v1"},
        {INDEX(NAMED(A, "a picture of my cat")), 0, A},
        {INDEX(UNNAMED(A)), 0, A},
        {INDEX(""), ERR_NOT_FOUND, "empty"},
        {INDEX(NAMED(A, "v1") "," NAMED(A, "v2")), ERR_USAGE, "v1, v2"},
        {INDEX(UNNAMED(A) "," UNNAMED(A) "," UNNAMED(A) "," UNNAMED(A) "," UNNAMED(A) "," UNNAMED(
             A) "," UNNAMED(A) "," UNNAMED(A) "," UNNAMED(A) "," UNNAMED(A) "," NAMED(B, "last")),
         ERR_USAGE, A " and 1 more"},
        {INDEX(NAMED("sha256:..", "v1")), ERR_PROTOCOL, "digest"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct error err = ERROR_INIT;
        _cleanup_free_ char *found = NULL;
        json_t *index = load(table[i].text);
        assert_int_equal(index_default(index, "oci:x", &found, &err), table[i].result);
        if (table[i].result == 0)
            assert_string_equal(found, table[i].words);
        else
            assert_non_null(strstr(err.text, table[i].words));
        json_decref(index);
    }
}

static void add_word(void *arg, const char *tag)
{
    struct buf *words = arg;
    assert_int_equal(buf_printf(words, "%s ", tag), 0);
}

static void tags(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } table[] = {
        {INDEX(""), ""},
        {INDEX(NAMED(B, "v2") "," UNNAMED(A) "," NAMED(A, "v1")), "v2 v1 "},
        {INDEX(NAMED(A, "v1") "," NAMED(B, "v1")), "v1 "},
        {INDEX(NAMED(A, "h/r:v1") "," NAMED(A, "v1")), "v1 "},
        {INDEX(NAMED(A, "h/r:v1") "," NAMED(B, "h/r:v2")), "v1 v2 "},
        {INDEX(NAMED(A, "h/a:v1") "," NAMED(B, "h/b:v1") "," NAMED(A, "h/c:v1")),
         "h/a:v1 h/b:v1 h/c:v1 "},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct buf words = BUF_INIT(1000);
        json_t *index = load(table[i].text);
        index_each_tag(index, add_word, &words);
        assert_string_equal(buf_str(&words), table[i].words);
        buf_done(&words);
        json_decref(index);
    }
}

static struct manifest manifest_like(const char *digest, char *artifact_type)
{
    static char media_type[] = "m/t";
    struct manifest manifest = {.media_type = media_type, .len = 7, .artifact_type = artifact_type};
    struct error err = ERROR_INIT;
    assert_int_equal(digest_parse(digest, &manifest.digest, &err), 0);
    return manifest;
}

#define FOREIGN                                                                                    \
    "{\"mediaType\":\"x/y\",\"digest\":\"blake3:00\",\"size\":9007199254740993,"                   \
    "\"weight\":0.1,\"nested\":{\"a\":[null,true]}}"

static void setting_a_tag(void **state)
{
    (void)state;
    static char type[] = "application/x";
    static const struct {
        const char *before, *digest;
        char *artifact_type;
        bool changed;
        const char *after;
    } table[] = {
        {INDEX(""), A, NULL, true, INDEX(NAMED(A, "v1"))},
        {INDEX(NAMED(A, "v1")), A, NULL, false, INDEX(NAMED(A, "v1"))},
        {INDEX(NAMED(A, "v1") "," NAMED(A, "v2")), B, NULL, true,
         INDEX(NAMED(B, "v1") "," NAMED(A, "v2"))},
        {INDEX(NAMED(A, "v0") "," NAMED(A, "v1") "," NAMED(B, "v1")), A, NULL, true,
         INDEX(NAMED(A, "v0") "," NAMED(A, "v1"))},
        {INDEX(NAMED(A, "h/r:v1")), B, NULL, true, INDEX(NAMED(A, "h/r:v1") "," NAMED(B, "v1"))},
        {"{\"schemaVersion\":2,\"extra\":{\"k\":[1,2.5]},\"manifests\":[" FOREIGN "]}", A, NULL,
         true,
         "{\"schemaVersion\":2,\"extra\":{\"k\":[1,2.5]},\"manifests\":[" FOREIGN
         "," NAMED(A, "v1") "]}"},
        {INDEX(""), A, type, true,
         INDEX("{" ENTRY(A) ",\"artifactType\":\"application/x\",\"annotations\":"
                            "{\"" INDEX_REF_NAME "\":\"v1\"}}")},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct manifest manifest = manifest_like(table[i].digest, table[i].artifact_type);
        json_t *index = load(table[i].before), *wanted = load(table[i].after);
        assert_int_equal(index_set_tag(index, "v1", &manifest), table[i].changed);
        assert_true(json_equal(index, wanted));
        json_decref(index);
        json_decref(wanted);
    }
}

static void adding_a_root(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        bool changed;
        const char *after;
    } table[] = {
        {INDEX(""), true, INDEX(UNNAMED(A))},
        {INDEX(UNNAMED(A)), false, INDEX(UNNAMED(A))},
        {INDEX(NAMED(A, "v1")), false, INDEX(NAMED(A, "v1"))},
        {INDEX(NAMED(B, "v1")), true, INDEX(NAMED(B, "v1") "," UNNAMED(A))},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct manifest manifest = manifest_like(A, NULL);
        json_t *index = load(table[i].before), *wanted = load(table[i].after);
        assert_int_equal(index_add_root(index, &manifest), table[i].changed);
        assert_true(json_equal(index, wanted));
        json_decref(index);
        json_decref(wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape),         cmocka_unit_test(finding),
        cmocka_unit_test(tags),          cmocka_unit_test(default_reference),
        cmocka_unit_test(setting_a_tag), cmocka_unit_test(adding_a_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
