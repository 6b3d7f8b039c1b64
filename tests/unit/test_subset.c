/* SPDX-License-Identifier: Apache-2.0 */
#include "select/subset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "oci/json.h"

#include <stdlib.h>
#include <string.h>

#define D(c) "sha256:" c c c c c c c c c c c c c c c c
#define A D("aaaa")
#define B D("bbbb")
#define C D("cccc")
#define IMAGE_TYPE "application/vnd.oci.image.manifest.v1+json"
#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define CHILD(digest) "{\"mediaType\":\"" IMAGE_TYPE "\",\"digest\":\"" digest "\",\"size\":1}"

static struct manifest *parse(const char *text)
{
    struct manifest *index = NULL;
    struct error err = ERROR_INIT;
    if (manifest_parse(text, strlen(text), INDEX_TYPE, NULL, &index, &err) < 0)
        fail_msg("%s\n%s", err.text, text);
    return index;
}

/* `keep` is '1' or '0' for each child. */
static struct manifest *cut(const struct manifest *index, const char *keep)
{
    bool flags[16];
    for (size_t i = 0; i < index->n_children; i++)
        flags[i] = keep[i] == '1';
    struct manifest *subset = NULL;
    struct error err = ERROR_INIT;
    if (subset_cut(index, flags, &subset, &err) < 0)
        fail_msg("%s\n%s", err.text, index->bytes);
    return subset;
}

static void cuts(void **state)
{
    (void)state;
    static const struct {
        const char *whole, *keep, *subset;
    } rows[] = {
        {"{\"schemaVersion\":2,\"manifests\":[" CHILD(A) "," CHILD(B) "," CHILD(C) "]}", "010",
         "{\"schemaVersion\":2,\"manifests\":[" CHILD(B) "]}"},
        {"{\"schemaVersion\":2,\"manifests\":[" CHILD(A) "," CHILD(B) "," CHILD(C) "]}", "101",
         "{\"schemaVersion\":2,\"manifests\":[" CHILD(A) "," CHILD(C) "]}"},
        /* Pretty-printed: it looks as if the others had never been there. */
        {"{\n  \"manifests\": [\n    " CHILD(A) ",\n    " CHILD(B) ",\n    " CHILD(C) "\n  ]\n}\n",
         "110", "{\n  \"manifests\": [\n    " CHILD(A) ",\n    " CHILD(B) "\n  ]\n}\n"},
        {"{\n  \"manifests\": [\n    " CHILD(A) ",\n    " CHILD(B) ",\n    " CHILD(C) "\n  ]\n}\n",
         "001", "{\n  \"manifests\": [\n    " CHILD(C) "\n  ]\n}\n"},
        /* Space before a comma goes with its element. */
        {"{\"manifests\":[" CHILD(A) " ,\t" CHILD(B) "  ,  " CHILD(C) "\r\n]}", "110",
         "{\"manifests\":[" CHILD(A) " ,\t" CHILD(B) "  \r\n]}"},
        /* Members around it, and members of the same name deeper down. */
        {"{\"annotations\":{\"manifests\":\"[{}]\"},\"x\":[{\"manifests\":[1,2]}],\"manifests\":"
         "[" CHILD(A) "," CHILD(B) "],\"y\":-1.5E+3 , \"z\" : null}",
         "01",
         "{\"annotations\":{\"manifests\":\"[{}]\"},\"x\":[{\"manifests\":[1,2]}],\"manifests\":"
         "[" CHILD(B) "],\"y\":-1.5E+3 , \"z\" : null}"},
        /* A name may be written in another way and is the same. */
        {"{\"m\\u0061nif\\u0065sts\":[" CHILD(A) "," CHILD(B) "],\"manifestx\":[],\"\\n\":1}", "10",
         "{\"m\\u0061nif\\u0065sts\":[" CHILD(A) "],\"manifestx\":[],\"\\n\":1}"},
        /* One digest twice: the elements count, not the digests. */
        {"{\"manifests\":[" CHILD(A) ", " CHILD(A) "]}", "01", "{\"manifests\":[ " CHILD(A) "]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct manifest *index = parse(rows[i].whole);
        struct manifest *subset = cut(index, rows[i].keep);
        assert_string_equal(subset->bytes, rows[i].subset);
        assert_int_equal(subset->len, strlen(rows[i].subset));
        assert_string_equal(subset->media_type, index->media_type);
        struct digest digest;
        digest_compute(DIGEST_SHA256, subset->bytes, subset->len, &digest);
        assert_true(digest_equal(&digest, &subset->digest));
        manifest_free(subset);
        manifest_free(index);
    }
}

static void all_kept_is_the_original(void **state)
{
    (void)state;
    struct manifest *index = parse(" {\"manifests\" :[ " CHILD(A) " , " CHILD(B) " ] } ");
    struct manifest *subset = cut(index, "11");
    assert_true(digest_equal(&index->digest, &subset->digest));
    manifest_free(subset);
    manifest_free(index);
}

static void nothing_left_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"manifests\":[" CHILD(A) "]}", "{\"manifests\":[]}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct manifest *index = parse(texts[i]), *subset = NULL;
        bool keep[] = {false};
        struct error err = ERROR_INIT;
        assert_int_equal(subset_cut(index, keep, &subset, &err), ERR_UNSUPPORTED);
        assert_null(subset);
        assert_non_null(strstr(err.text, index->digest.text));
        manifest_free(index);
    }
}

/* Bytes that do not say what the parsed index says: whatever the reason, nothing comes out. */
static void bytes_that_differ_are_refused(void **state)
{
    (void)state;
    static const char *const others[] = {
        "{\"manifests\":[" CHILD(B) "," CHILD(A) "]}",
        "{\"manifests\":[" CHILD(A) "]}",
        "{\"manifests\":[" CHILD(A) "," CHILD(B) "," CHILD(C) "]}",
        "{\"manifests\":[" CHILD(A) "," CHILD(B) "],\"manifests\":[]}",
        "{\"manifests\":[]}",
        "{\"manifests\":[" CHILD(A) ",]}",
        "{\"manifests\":[" CHILD(A) "," CHILD(B) "}",
        "{\"manifests\":[" CHILD(A) "," CHILD(B) "]",
        "{\"manifests\":[" CHILD(A) " " CHILD(B) "]}",
        "{\"manifests\":[" CHILD(A) "," CHILD(B) "]}}",
        "{\"manifests\":{\"a\":" CHILD(A) "}}",
        "{\"manifests\":[\"" A "\",\"" B "\"]}",
        "{\"manifests\":[" CHILD(A) ",\"" B "\"]}",
        "{\"manifests\" [" CHILD(A) "," CHILD(B) "]}",
        "{manifests:[" CHILD(A) "," CHILD(B) "]}",
        "{\"manifests\":[{\"digest\":\"" A "\\",
        "{\"manifests\":[" CHILD(A) ",{\"x\":\"",
        "{\"x\":,\"manifests\":[" CHILD(A) "," CHILD(B) "]}",
        "[" CHILD(A) "," CHILD(B) "]",
        "\"manifests\"",
        "{",
        "",
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct manifest *index = parse("{\"manifests\":[" CHILD(A) "," CHILD(B) "]}");
        free(index->bytes);
        index->bytes = xstrdup(others[i]);
        index->len = strlen(others[i]);
        bool keep[] = {true, false};
        struct manifest *subset = NULL;
        struct error err = ERROR_INIT;
        if (subset_cut(index, keep, &subset, &err) != ERR_UNSUPPORTED)
            fail_msg("%s", others[i]);
        assert_null(subset);
        manifest_free(index);
    }
}

/* ---- generated indexes ---- */

static uint32_t seed = 7;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static const char *space(void)
{
    static const char *const spaces[] = {"", "", "", " ", "\n", "\t ", "\r\n  ", "    "};
    return spaces[draw(ARRAY_LEN(spaces))];
}

static void add_any(struct buf *b, int depth)
{
    static const char *const values[] = {
        "1",
        "-0.5e-7",
        "1E9",
        "true",
        "false",
        "null",
        "\"\"",
        "\"]}\"",
        "\"a\\\"b\"",
        "\"\\\\\"",
        "\"\\u005d\\u007D\"",
        "\"{[\\\\\\\"\"",
        "\"\xc3\xa4\xe2\x82\xac\"",
        "\"\\ud83d\\ude00\"",
        "\"manifests\"",
        "\"\\/\\b\\f\\n\\r\\t\"",
    };
    uint32_t kind = depth > 3 ? 0 : draw(4);
    if (kind < 2) {
        buf_add_str(b, values[draw(ARRAY_LEN(values))]);
        return;
    }
    buf_add_str(b, kind == 2 ? "[" : "{");
    for (uint32_t i = 0, n = draw(4); i < n; i++) {
        buf_printf(b, "%s%s", i ? "," : "", space());
        if (kind == 3)
            buf_printf(b, "\"%s%u\"%s:%s", draw(2) ? "manifests" : "k\\\"\\u007b", i, space(),
                       space());
        add_any(b, depth + 1);
        buf_add_str(b, space());
    }
    buf_add_str(b, kind == 2 ? "]" : "}");
}

static void add_child(struct buf *b, uint32_t number)
{
    struct digest digest;
    digest_compute(DIGEST_SHA256, &number, sizeof(number), &digest);
    buf_printf(b, "{%s\"extra\":", space());
    add_any(b, 0);
    buf_printf(
        b, "%s,%s\"size\"%s:%u,\"mediaType\":\"%s\",\"dig\\u0065st\":%s\"%s\",\"other\":", space(),
        space(), space(), draw(1000), draw(4) ? IMAGE_TYPE : INDEX_TYPE, space(), digest.text);
    add_any(b, 0);
    buf_printf(b, "%s}", space());
}

static void add_members(struct buf *b, bool before, char name)
{
    for (uint32_t n = draw(3); n; n--, name++) {
        if (!before)
            buf_add_str(b, ",");
        buf_printf(b, "%s\"%c\\\\\\u0022\"%s:%s", space(), name, space(), space());
        add_any(b, 0);
        buf_add_str(b, space());
        if (before)
            buf_add_str(b, ",");
    }
}

/* Both texts grow side by side: the reference takes only what is kept. */
static void generate(struct buf *whole, struct buf *reference, bool *keep, uint32_t n)
{
    struct buf piece = BUF_INIT(1 << 20);
    buf_printf(&piece, "%s{", space());
    add_members(&piece, true, 'a');
    buf_printf(&piece, "%s\"%s\"%s:%s[", space(), draw(2) ? "manifests" : "\\u006Danifests",
               space(), space());
    buf_add_str(whole, buf_str(&piece));
    buf_add_str(reference, buf_str(&piece));
    bool first = true;
    for (uint32_t i = 0; i < n; i++) {
        buf_clear(&piece);
        buf_add_str(&piece, space());
        add_child(&piece, i);
        if (i + 1 < n)
            buf_add_str(&piece, space());
        buf_printf(whole, "%s%s", i ? "," : "", buf_str(&piece));
        if (keep[i])
            buf_printf(reference, "%s%s", first ? "" : ",", buf_str(&piece));
        first = first && !keep[i];
    }
    buf_clear(&piece);
    buf_printf(&piece, "%s]", space());
    add_members(&piece, false, 'k');
    buf_printf(&piece, "%s}%s", space(), space());
    buf_add_str(whole, buf_str(&piece));
    buf_add_str(reference, buf_str(&piece));
    buf_done(&piece);
}

/* The same in meaning as what a JSON library makes of the whole. */
static void check_meaning(const struct manifest *index, const bool *keep,
                          const struct manifest *subset)
{
    json_t *whole = json_loadb(index->bytes, index->len, 0, NULL);
    json_t *part = json_loadb(subset->bytes, subset->len, 0, NULL);
    assert_non_null(whole);
    assert_non_null(part);
    json_t *list = json_object_get(whole, "manifests");
    for (size_t i = index->n_children; i-- > 0;) {
        if (!keep[i])
            json_array_remove(list, i);
    }
    assert_true(json_equal(whole, part));
    json_decref(whole);
    json_decref(part);
}

static void generated_indexes(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct buf whole = BUF_INIT(1 << 20), reference = BUF_INIT(1 << 20);
        uint32_t n = 1 + draw(8);
        bool keep[8], any = false;
        for (uint32_t i = 0; i < n; i++) {
            keep[i] = draw(2) != 0;
            any = any || keep[i];
        }
        keep[0] = keep[0] || !any;
        generate(&whole, &reference, keep, n);
        struct manifest *index = parse(buf_str(&whole)), *subset = NULL;
        assert_int_equal(index->n_children, n);
        struct error err = ERROR_INIT;
        if (subset_cut(index, keep, &subset, &err) < 0)
            fail_msg("%s\n%s", err.text, index->bytes);
        assert_string_equal(subset->bytes, buf_str(&reference));
        check_meaning(index, keep, subset);
        manifest_free(subset);
        manifest_free(index);
        buf_done(&whole);
        buf_done(&reference);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts),
        cmocka_unit_test(all_kept_is_the_original),
        cmocka_unit_test(nothing_left_is_refused),
        cmocka_unit_test(bytes_that_differ_are_refused),
        cmocka_unit_test(generated_indexes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
