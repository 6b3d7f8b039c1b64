/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/referrers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define IMAGE "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define EMPTY                                                                                      \
    "{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"sha256:"                    \
    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2}"

static struct manifest *parse(const char *text, const char *type)
{
    struct manifest *m = NULL;
    struct error err = ERROR_INIT;
    if (manifest_parse(text, strlen(text), type, NULL, &m, &err) < 0)
        fail_msg("%s", err.text);
    return m;
}

static struct manifest *artifact(const char *type, const char *note)
{
    _cleanup_free_ char *text =
        xasprintf("{\"schemaVersion\":2,\"mediaType\":\"" IMAGE "\"%s%s%s,\"config\":" EMPTY
                  ",\"layers\":[" EMPTY "],\"annotations\":{\"note\":\"%s\"}}",
                  type ? ",\"artifactType\":\"" : "", type ? type : "", type ? "\"" : "", note);
    return parse(text, IMAGE);
}

static void the_tag_of_a_subject(void **state)
{
    (void)state;
    struct digest digest;
    char tag[REFERRERS_TAG_MAX];
    digest_compute(DIGEST_SHA256, "", 0, &digest);
    referrers_tag(&digest, tag);
    assert_string_equal(tag,
                        "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void a_list_begins(void **state)
{
    (void)state;
    struct manifest *one = artifact("application/x", "first"), *two = artifact(NULL, "second");
    const struct manifest *additions[] = {one, two, one};
    struct manifest *index = NULL;
    assert_int_equal(referrers_merge(NULL, additions, 2, &index, NULL), 0);
    assert_non_null(index);
    assert_int_equal(index->kind, MANIFEST_INDEX);
    assert_int_equal(index->n_children, 2);
    assert_true(digest_equal(&index->children[0].digest, &one->digest));
    assert_string_equal(index->children[0].artifact_type, "application/x");
    assert_int_equal(index->children[0].size, one->len);
    /* Without a type of its own, it is of its config's. */
    assert_string_equal(index->children[1].artifact_type, "application/vnd.oci.empty.v1+json");
    assert_non_null(strstr(index->bytes, "\"note\":\"second\""));
    manifest_free(index);
    manifest_free(one);
    manifest_free(two);
}

static void entries_of_others_stay(void **state)
{
    (void)state;
    struct manifest *ours = artifact("application/x", "ours");
    _cleanup_free_ char *text = xasprintf(
        "{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"annotations\":{\"kept\":\"yes\"},"
        "\"manifests\":[{\"mediaType\":\"" IMAGE "\",\"digest\":\"sha256:"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":7,"
        "\"x-theirs\":true}]}");
    struct manifest *index = parse(text, INDEX), *merged = NULL, *again = NULL;
    const struct manifest *additions[] = {ours};
    assert_int_equal(referrers_merge(index, additions, 1, &merged, NULL), 0);
    assert_int_equal(merged->n_children, 2);
    assert_non_null(strstr(merged->bytes, "\"x-theirs\":true"));
    assert_non_null(strstr(merged->bytes, "\"kept\":\"yes\""));
    assert_int_equal(referrers_merge(merged, additions, 1, &again, NULL), 0);
    assert_null(again); /* nothing to add */
    manifest_free(merged);
    manifest_free(index);
    manifest_free(ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tag_of_a_subject),
        cmocka_unit_test(a_list_begins),
        cmocka_unit_test(entries_of_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
