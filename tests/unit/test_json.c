/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/json.h"

#include "base/str.h"
#include "oci/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void accepts(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        "[]",
        " {\"a\": [1, 2.5, true, null, \"x\"]}\n",
        "{\"a\":{\"x\":1},\"b\":{\"x\":1}}",
        "{\"brackets\":\"[[[[{{{{\\\"[[\"}",
        "{\"backslash\":\"\\\\\",\"a\":[]}",
        "{\"u\":\"\\u00e4\xc3\xa4\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct error err = ERROR_INIT;
        _cleanup_(cleanup_json_decref) json_t *json =
            json_load_bounded(good[i], strlen(good[i]), "test", &err);
        assert_non_null(json);
        assert_string_equal(err.text, "");
    }
}

static void refuses_with_place_but_without_content(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "ends too early at line 1"},
        {"{", "ends too early"},
        {"{\"secret\":1,\"secret\":2}", "twice"},
        {"{\"a\":{\"secret\":1,\"secret\":1}}", "twice"},
        {"{\n\"a\": secret}", "malformed JSON at line 2"},
        {"{} secret", "after the end"},
        {"\"secret\"", "malformed"},
        {"{\"secret\":\"\xff\"}", "UTF-8"},
        {"{\"secret\":\"\\u0000\"}", "NUL"},
        {"{\"a\\u0000b\":1}", "NUL"},
        {"{\"secret\":99999999999999999999}", "too large"},
        {"{\"secret\":1e999}", "too large"},
        {"{\"secret\":NaN}", "malformed"},
        {"{'secret':1}", "malformed"},
        {"{\"secret\":01}", "malformed"},
        {"{\"secret\":1,}", "malformed"},
        {"\xef\xbb\xbf{}", "malformed"},
        {"{\"secret\":\"a\nb\"}", "malformed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = ERROR_INIT;
        json_t *json = json_load_bounded(rows[i].text, strlen(rows[i].text), "the answer", &err);
        assert_null(json);
        assert_int_equal(err.class, ERR_PROTOCOL);
        assert_true(str_has_prefix(err.text, "the answer: "));
        assert_non_null(strstr(err.text, rows[i].says));
        assert_null(strstr(err.text, "secret"));
        assert_non_null(strstr(err.text, "line"));
    }
}

static void refuses_nul_bytes(void **state)
{
    (void)state;
    static const char in_string[] = "{\"a\":\n\"x\0y\"}";
    static const char behind[] = "{}\0";
    struct error err = ERROR_INIT;
    assert_null(json_load_bounded(in_string, sizeof(in_string) - 1, "t", &err));
    assert_string_equal(err.text, "t: a NUL byte in JSON at line 2, column 3");
    assert_null(json_load_bounded(behind, 3, "t", &err));
    assert_null(json_load_bounded("{}", 3, "t", &err));
}

/* `depth` arrays or objects, one in the other. */
static char *nested(size_t depth, const char *open, const char *close)
{
    struct buf b = BUF_INIT(10000000);
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&b, open);
    buf_add_str(&b, "1");
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&b, close);
    return buf_take(&b);
}

static json_t *load_nested(size_t depth, const char *open, const char *close, struct error *err)
{
    _cleanup_free_ char *text = nested(depth, open, close);
    return json_load_bounded(text, strlen(text), "t", err);
}

#define DEEP_8 "[[[[[[[["
#define DEEP DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 "["

static void depth_is_bounded(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    json_t *json = load_nested(64, "[", "]", &err);
    assert_non_null(json);
    json_decref(json);
    json = load_nested(64, "{\"a\":", "}", &err);
    assert_non_null(json);
    json_decref(json);
    assert_null(load_nested(65, "[", "]", &err));
    assert_non_null(strstr(err.text, "too deeply"));
    assert_null(load_nested(65, "{\"a\":", "}", &err));
    assert_non_null(strstr(err.text, "too deeply"));
    assert_null(load_nested(1000000, "[", "", &err));
    /* Brackets behind an escaped quote are text; behind an escaped backslash the text is over. */
    json = load_nested(1, "[\"\\\"" DEEP "\",", "]", &err);
    assert_non_null(json);
    json_decref(json);
    assert_null(load_nested(1, "[\"\\\\\"," DEEP, "]", &err));
    assert_non_null(strstr(err.text, "too deeply"));
}

/* Many arrays side by side are no depth. */
static void breadth_is_bounded_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *item;
        size_t count;
        bool fits;
    } rows[] = {
        {"{}", 1000, true},
        {"[]", JSON_CONTAINERS_MAX - 1, true},
        {"[]", JSON_CONTAINERS_MAX, false},
        {"1", JSON_VALUES_MAX, true},
        {"1", JSON_VALUES_MAX + 2, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf b = BUF_INIT(20000000);
        for (size_t k = 0; k < rows[i].count; k++) {
            buf_add_char(&b, k ? ',' : '[');
            buf_add_str(&b, rows[i].item);
        }
        buf_add_char(&b, ']');
        struct error err = ERROR_INIT;
        _cleanup_(cleanup_json_decref) json_t *json = json_load_bounded(b.data, b.len, "t", &err);
        assert_int_equal(json != NULL, rows[i].fits);
        assert_int_equal(strstr(err.text, "too many") != NULL, !rows[i].fits);
        buf_done(&b);
    }
}

static void members(void **state)
{
    (void)state;
    static const char text[] = "{\"s\":\"x\",\"n\":1,\"z\":null,\"a\":[],\"o\":{\"k\":\"v\"},"
                               "\"m\":{\"k\":1}}";
    _cleanup_(cleanup_json_decref) json_t *json =
        json_load_bounded(text, sizeof(text) - 1, "t", NULL);
    assert_string_equal(json_member_string(json, "s"), "x");
    assert_null(json_member_string(json, "n"));
    assert_null(json_member_string(json, "none"));
    assert_null(json_member_string(NULL, "s"));

    struct error err = ERROR_INIT;
    const char *s = "untouched";
    assert_int_equal(fields_string(json, "n", &s, &err), ERR_PROTOCOL);
    assert_string_equal(s, "untouched");
    assert_string_equal(err.text, "\"n\" must be a string");
    assert_int_equal(fields_string(json, "z", &s, &err), 0);
    assert_null(s);
    assert_int_equal(fields_string(json, "s", &s, &err), 0);
    assert_string_equal(s, "x");

    const json_t *value;
    assert_int_equal(fields_array(json, "a", &value, &err), 0);
    assert_non_null(value);
    assert_int_equal(fields_array(json, "o", &value, &err), ERR_PROTOCOL);
    assert_int_equal(fields_object(json, "a", &value, &err), ERR_PROTOCOL);
    assert_int_equal(fields_string_map(json, "o", &value, &err), 0);
    assert_int_equal(fields_string_map(json, "m", &value, &err), ERR_PROTOCOL);
}

static void misspelt_keys(void **state)
{
    (void)state;
    static const char *const known[] = {"layers", "key", NULL};
    static const struct {
        const char *text;
        int rc;
    } rows[] = {
        {"{\"layers\":1,\"key\":1,\"other\":1,\"layer\":1,\"layerss\":1,\"\":1}", 0},
        {"{\"Layers\":1}", ERR_PROTOCOL},
        {"{\"LAYERS\":1}", ERR_PROTOCOL},
        {"{\"layer\xc5\xbf\":1}", ERR_PROTOCOL}, /* long s */
        {"{\"\xe2\x84\xaa"
         "ey\":1}",
         ERR_PROTOCOL}, /* Kelvin sign */
        {"{\"layers\":1,\"lAyers\":1}", ERR_PROTOCOL},
        {"{\"OTHER\":1}", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        _cleanup_(cleanup_json_decref) json_t *json =
            json_load_bounded(rows[i].text, strlen(rows[i].text), "t", NULL);
        assert_non_null(json);
        assert_int_equal(fields_check_case(json, known, NULL), rows[i].rc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses_with_place_but_without_content),
        cmocka_unit_test(refuses_nul_bytes),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(breadth_is_bounded_elsewhere),
        cmocka_unit_test(members),
        cmocka_unit_test(misspelt_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
