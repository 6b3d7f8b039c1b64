/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/manifest.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define OCI "application/vnd.oci.image."
#define OCI_MANIFEST OCI "manifest.v1+json"
#define OCI_INDEX OCI "index.v1+json"
#define DOCKER "application/vnd.docker.distribution.manifest."
#define DOCKER_MANIFEST DOCKER "v2+json"
#define DOCKER_LIST DOCKER "list.v2+json"
#define WITHDRAWN "application/vnd.oci.artifact.manifest.v1+json"

#define D_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define D_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define D_512                                                                                      \
    "sha512:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"                      \
    "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/* A descriptor, with more members behind (beginning with a comma). */
#define DESC(type, digest, size, more)                                                             \
    "{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" #size more "}"
#define CONFIG "\"config\":" DESC(OCI "config.v1+json", D_A, 7, "")
#define LAYER DESC(OCI "layer.v1.tar+gzip", D_B, 9, "")
#define CHILD DESC(OCI_MANIFEST, D_A, 5, "")
#define TYPE(type) "\"mediaType\":\"" type "\","
#define V2 "{\"schemaVersion\":2,"
#define IMAGE V2 TYPE(OCI_MANIFEST) CONFIG ",\"layers\":[" LAYER "]}"

static struct manifest *parse(const char *text, const char *type, struct error *err)
{
    struct manifest *m = NULL;
    *err = ERROR_INIT;
    int rc = manifest_parse(text, strlen(text), type, NULL, &m, err);
    assert_int_equal(rc, err->class);
    assert_int_equal(rc == 0, m != NULL);
    return m;
}

struct good {
    const char *text, *type, *media_type;
    enum manifest_kind kind;
    size_t layers, children;
};

static const struct good good[] = {
    {IMAGE, OCI_MANIFEST, OCI_MANIFEST, MANIFEST_IMAGE, 1, 0},
    {IMAGE, NULL, OCI_MANIFEST, MANIFEST_IMAGE, 1, 0},
    {IMAGE, "", OCI_MANIFEST, MANIFEST_IMAGE, 1, 0},
    {IMAGE, " Application/VND.oci.image.manifest.v1+json ; charset=utf-8", OCI_MANIFEST,
     MANIFEST_IMAGE, 1, 0},
    {IMAGE, "application/json", OCI_MANIFEST, MANIFEST_IMAGE, 1, 0},
    {IMAGE, "application/octet-stream", OCI_MANIFEST, MANIFEST_IMAGE, 1, 0},
    {" \n" IMAGE "\n", OCI_MANIFEST, OCI_MANIFEST, MANIFEST_IMAGE, 1, 0},
    /* Without mediaType: what it was called, or what it looks like. */
    {V2 CONFIG ",\"layers\":[]}", OCI_MANIFEST, OCI_MANIFEST, MANIFEST_IMAGE, 0, 0},
    {V2 CONFIG ",\"layers\":[]}", NULL, OCI_MANIFEST, MANIFEST_IMAGE, 0, 0},
    {V2 CONFIG ",\"layers\":[]}", DOCKER_MANIFEST, DOCKER_MANIFEST, MANIFEST_IMAGE, 0, 0},
    {V2 TYPE("") CONFIG "}", DOCKER_MANIFEST, DOCKER_MANIFEST, MANIFEST_IMAGE, 0, 0},
    {V2 "\"manifests\":[]}", NULL, OCI_INDEX, MANIFEST_INDEX, 0, 0},
    {V2 "\"manifests\":[]}", DOCKER_LIST, DOCKER_LIST, MANIFEST_INDEX, 0, 0},
    {"{\"manifests\":[]}", NULL, OCI_INDEX, MANIFEST_INDEX, 0, 0},
    {V2 TYPE(OCI_INDEX) "\"manifests\":null}", OCI_INDEX, OCI_INDEX, MANIFEST_INDEX, 0, 0},
    {V2 TYPE(DOCKER_MANIFEST) CONFIG ",\"layers\":[" LAYER "]}", DOCKER_MANIFEST, DOCKER_MANIFEST,
     MANIFEST_IMAGE, 1, 0},
    {V2 TYPE(DOCKER_LIST) "\"manifests\":[" CHILD "]}", NULL, DOCKER_LIST, MANIFEST_INDEX, 0, 1},
    /* No layers, null layers, the same layer twice, an empty blob, sha512, zstd. */
    {V2 TYPE(OCI_MANIFEST) CONFIG "}", NULL, OCI_MANIFEST, MANIFEST_IMAGE, 0, 0},
    {V2 TYPE(OCI_MANIFEST) CONFIG ",\"layers\":null}", NULL, OCI_MANIFEST, MANIFEST_IMAGE, 0, 0},
    {V2 CONFIG ",\"layers\":[" LAYER "," LAYER "]}", NULL, OCI_MANIFEST, MANIFEST_IMAGE, 2, 0},
    {V2 CONFIG ",\"layers\":[" DESC("application/x", D_A, 0, "") "]}", NULL, OCI_MANIFEST,
     MANIFEST_IMAGE, 1, 0},
    {V2 CONFIG ",\"layers\":[" DESC(OCI "layer.v1.tar+zstd", D_512, 4, "") "]}", NULL, OCI_MANIFEST,
     MANIFEST_IMAGE, 1, 0},
    /* Unknown members anywhere, odd types for artifacts. */
    {V2 CONFIG ",\"x\":{\"Y\":[1]},\"layers\":[" DESC("text/plain; charset=utf-8", D_A, 1,
                                                      ",\"Custom\":{\"a\":1}") "]}",
     NULL, OCI_MANIFEST, MANIFEST_IMAGE, 1, 0},
    /* Any child: an index in an index, a blob. */
    {V2 TYPE(OCI_INDEX) "\"manifests\":[" CHILD "," DESC(OCI_INDEX, D_A, 5, "") "," DESC(
         "application/vnd.unknown", D_B, 0, "") "]}",
     NULL, OCI_INDEX, MANIFEST_INDEX, 0, 3},
};

static void reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct error err;
        _cleanup_(cleanup_manifest_free) struct manifest *m =
            parse(good[i].text, good[i].type, &err);
        assert_string_equal(err.text, "");
        assert_string_equal(m->media_type, good[i].media_type);
        assert_int_equal(m->kind, good[i].kind);
        assert_int_equal(m->n_layers, good[i].layers);
        assert_int_equal(m->n_children, good[i].children);
        assert_int_equal(m->len, strlen(good[i].text));
        assert_string_equal(m->bytes, good[i].text);
    }
}

struct bad {
    const char *text, *type;
    enum error_class class;
    const char *says;
};

static const struct bad bad[] = {
    {"", NULL, ERR_PROTOCOL, "ends too early"},
    {"[]", NULL, ERR_PROTOCOL, "must be a JSON object"},
    {"{", NULL, ERR_PROTOCOL, "JSON"},
    {V2 CONFIG "," CONFIG "}", NULL, ERR_PROTOCOL, "twice"},
    {V2 "\"config\":{\"size\":1,\"size\":2}}", NULL, ERR_PROTOCOL, "twice"},
    {V2 CONFIG ",\"Layers\":[]}", NULL, ERR_PROTOCOL, "\"Layers\""},
    {V2 CONFIG ",\"layer\xc5\xbf\":[]}", NULL, ERR_PROTOCOL, "misspelt \"layers\""},
    {V2 CONFIG ",\"layers\":[" DESC("a/b", D_A, 1, ",\"Digest\":\"" D_B "\"") "]}", NULL,
     ERR_PROTOCOL, "layers[0]: the key \"Digest\""},
    {V2 "\"manifests\":[" DESC("a/b", D_A, 1, ",\"platform\":{\"OS\":\"x\"}") "]}", NULL,
     ERR_PROTOCOL, "manifests[0]: the key \"OS\""},
    /* Two things at once. */
    {V2 CONFIG ",\"layers\":[],\"manifests\":[]}", NULL, ERR_PROTOCOL, "at once"},
    {V2 CONFIG ",\"layers\":[],\"manifests\":null}", NULL, ERR_PROTOCOL, "at once"},
    {V2 "\"layers\":[],\"manifests\":[]}", OCI_INDEX, ERR_PROTOCOL, "at once"},
    {V2 CONFIG ",\"layers\":[],\"fsLayers\":[]}", NULL, ERR_PROTOCOL, "fsLayers"},
    {V2 TYPE(OCI_MANIFEST) "\"manifests\":[]}", NULL, ERR_PROTOCOL, "must not have"},
    {V2 TYPE(OCI_INDEX) CONFIG "}", NULL, ERR_PROTOCOL, "must have \"manifests\""},
    {V2 CONFIG ",\"layers\":[]}", DOCKER_LIST, ERR_PROTOCOL, "must have \"manifests\""},
    {"{\"schemaVersion\":2}", OCI_MANIFEST, ERR_PROTOCOL, "\"config\" or \"layers\""},
    {"{}", NULL, ERR_PROTOCOL, "\"config\" or \"layers\""},
    /* Types that disagree, or are none of ours. */
    {IMAGE, DOCKER_MANIFEST, ERR_PROTOCOL, "was served as"},
    {IMAGE, OCI_INDEX, ERR_PROTOCOL, "was served as"},
    {IMAGE, "text/html", ERR_PROTOCOL, "was served as"},
    {V2 CONFIG "}", "text/html", ERR_UNSUPPORTED, "\"text/html\""},
    {V2 TYPE("application/vnd.new.v3+json") CONFIG "}", NULL, ERR_UNSUPPORTED, "vnd.new.v3"},
    {V2 TYPE(WITHDRAWN) "\"blobs\":[]}", NULL, ERR_UNSUPPORTED, "withdrawn"},
    {V2 "\"blobs\":[]}", WITHDRAWN, ERR_UNSUPPORTED, "withdrawn"},
    {V2 TYPE("x\\r\\nEvil: 1") CONFIG "}", NULL, ERR_UNSUPPORTED, "x\\x0d\\x0aEvil"},
    {V2 "\"mediaType\":7," CONFIG "}", NULL, ERR_PROTOCOL, "must be a string"},
    /* Schema 1, by every sign of it. */
    {"{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, ERR_UNSUPPORTED, "schema 1"},
    {"{\"schemaVersion\":1}", "application/json", ERR_UNSUPPORTED, "schema 1"},
    {"{\"fsLayers\":[]}", NULL, ERR_UNSUPPORTED, "schema 1"},
    {"anything", DOCKER "v1+prettyjws", ERR_UNSUPPORTED, "schema 1"},
    {"anything", DOCKER "v1+json; charset=x", ERR_UNSUPPORTED, "rebuild it"},
    {V2 TYPE(DOCKER "v1+json") CONFIG "}", NULL, ERR_UNSUPPORTED, "schema 1"},
    {"{\"schemaVersion\":3,\"manifests\":[]}", NULL, ERR_UNSUPPORTED, "expected 2"},
    {"{\"schemaVersion\":\"2\",\"manifests\":[]}", NULL, ERR_PROTOCOL, "whole number"},
    {"{\"schemaVersion\":2.0,\"manifests\":[]}", NULL, ERR_PROTOCOL, "whole number"},
    /* Wrong JSON types. */
    {V2 "\"config\":[]}", NULL, ERR_PROTOCOL, "\"config\" must be an object"},
    {V2 CONFIG ",\"layers\":{}}", NULL, ERR_PROTOCOL, "\"layers\" must be an array"},
    {V2 CONFIG ",\"layers\":[1]}", NULL, ERR_PROTOCOL, "layers[0]: a descriptor"},
    {V2 CONFIG ",\"layers\":[" LAYER ",null]}", NULL, ERR_PROTOCOL, "layers[1]: a descriptor"},
    {V2 "\"manifests\":\"x\"}", NULL, ERR_PROTOCOL, "\"manifests\" must be an array"},
    {V2 CONFIG ",\"artifactType\":1}", NULL, ERR_PROTOCOL, "\"artifactType\""},
    {V2 CONFIG ",\"annotations\":{\"a\":1}}", NULL, ERR_PROTOCOL, "\"annotations\""},
    {V2 CONFIG ",\"subject\":\"x\"}", NULL, ERR_PROTOCOL, "\"subject\""},
    {V2 CONFIG ",\"subject\":{}}", NULL, ERR_PROTOCOL, "subject: \"mediaType\""},
    /* Descriptors. */
    {V2 "\"config\":{}}", NULL, ERR_PROTOCOL, "config: \"mediaType\""},
    {V2 "\"config\":" DESC("", D_A, 1, "") "}", NULL, ERR_PROTOCOL, "\"mediaType\""},
    {V2 "\"config\":" DESC("a/b\\r\\nx", D_A, 1, "") "}", NULL, ERR_PROTOCOL, "\"mediaType\""},
    {V2 "\"config\":" DESC("a/\xc3\xa4", D_A, 1, "") "}", NULL, ERR_PROTOCOL, "\"mediaType\""},
    {V2 "\"config\":{\"mediaType\":\"a/b\",\"size\":1}}", NULL, ERR_PROTOCOL, "\"digest\""},
    {V2 "\"config\":" DESC("a/b", "sha256:../../x", 1, "") "}", NULL, ERR_PROTOCOL, "malformed"},
    {V2 "\"config\":" DESC("a/b", "md5:00", 1, "") "}", NULL, ERR_PROTOCOL, "malformed"},
    {V2 "\"config\":{\"mediaType\":\"a/b\",\"digest\":\"" D_A "\"}}", NULL, ERR_PROTOCOL,
     "\"size\""},
    {V2 "\"config\":" DESC("a/b", D_A, -1, "") "}", NULL, ERR_PROTOCOL, "\"size\""},
    {V2 "\"config\":" DESC("a/b", D_A, 1.5, "") "}", NULL, ERR_PROTOCOL, "\"size\""},
    {V2 "\"config\":" DESC("a/b", D_A, "7", "") "}", NULL, ERR_PROTOCOL, "\"size\""},
    {V2 "\"config\":" DESC("a/b", D_A, 9223372036854775808, "") "}", NULL, ERR_PROTOCOL, "large"},
    {V2 "\"config\":" DESC("a/b", D_A, 1, ",\"urls\":\"x\"") "}", NULL, ERR_PROTOCOL, "\"urls\""},
    {V2 "\"config\":" DESC("a/b", D_A, 1, ",\"urls\":[1]") "}", NULL, ERR_PROTOCOL, "\"urls\""},
    {V2 "\"config\":" DESC("a/b", D_A, 1, ",\"data\":[]") "}", NULL, ERR_PROTOCOL, "\"data\""},
    {V2 "\"config\":" DESC("a/b", D_A, 1, ",\"platform\":[]") "}", NULL, ERR_PROTOCOL,
     "\"platform\""},
    {V2 "\"config\":" DESC("a/b", D_A, 1, ",\"platform\":{\"os\":1}") "}", NULL, ERR_PROTOCOL,
     "\"os\""},
    {V2 "\"config\":" DESC("a/b", D_A, 1, ",\"annotations\":{\"a\":null}") "}", NULL, ERR_PROTOCOL,
     "\"annotations\""},
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct error err;
        struct manifest *m = parse(bad[i].text, bad[i].type, &err);
        if (m || err.class != bad[i].class || !strstr(err.text, bad[i].says))
            fail_msg("row %zu: class %d, \"%s\"", i, err.class, err.text);
        assert_true(str_has_prefix(err.text, "manifest: "));
    }
}

/* ,"a":... after a descriptor of an index. */
#define PLATFORM                                                                                   \
    ",\"platform\":{\"os\":\"windows\",\"architecture\":\"arm64\",\"variant\":\"v8\","             \
    "\"os.version\":\"10.0.1\",\"os.features\":[\"x\"]},\"artifactType\":\"application/x\""
#define ATTESTS                                                                                    \
    ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\","                    \
    "\"vnd.docker.reference.digest\":\"" D_B "\"},\"platform\":{\"os\":\"unknown\"}"

static void fills_descriptors(void **state)
{
    (void)state;
    struct error err;
    _cleanup_(cleanup_manifest_free) struct manifest *m = parse(
        V2 TYPE(OCI_INDEX) "\"manifests\":[" DESC(OCI_MANIFEST, D_A, 4294967296, PLATFORM) "," DESC(
            OCI_MANIFEST, D_512, 0, ATTESTS) "]}",
        NULL, &err);
    assert_int_equal(m->n_children, 2);
    const struct descriptor *d = &m->children[0];
    assert_string_equal(d->media_type, OCI_MANIFEST);
    assert_string_equal(d->digest.text, D_A);
    assert_true(d->size == 4294967296);
    assert_string_equal(d->artifact_type, "application/x");
    assert_string_equal(d->platform.os, "windows");
    assert_string_equal(d->platform.architecture, "arm64");
    assert_string_equal(d->platform.variant, "v8");
    assert_string_equal(d->platform.os_version, "10.0.1");
    assert_false(d->is_attestation);
    assert_false(digest_is_set(&d->attests));
    d = &m->children[1];
    assert_true(d->is_attestation);
    assert_string_equal(d->attests.text, D_B);
    assert_int_equal(d->digest.algorithm, DIGEST_SHA512);
    assert_string_equal(d->platform.os, "unknown");
    assert_null(d->platform.architecture);
    assert_null(d->artifact_type);
}

#define EMPTY_CONFIG                                                                               \
    "\"config\":" DESC("application/vnd.oci.empty.v1+json", D_A, 2, ",\"data\":\"e30=\"")
#define WITH_URLS DESC("a/b", D_B, 3, ",\"urls\":[\"https://h/x\"]")
#define NO_URLS DESC("a/b", D_B, 3, ",\"urls\":[]")
#define ARTIFACT                                                                                   \
    V2 TYPE(OCI_MANIFEST) "\"artifactType\":\"application/sbom\",\"annotations\":{},"              \
                          "\"subject\":" CHILD "," EMPTY_CONFIG ",\"layers\":[" WITH_URLS          \
                          "," NO_URLS "]}"

static void fills_artifacts(void **state)
{
    (void)state;
    struct error err;
    _cleanup_(cleanup_manifest_free) struct manifest *m = parse(ARTIFACT, NULL, &err);
    assert_true(m->has_subject);
    assert_string_equal(m->subject.digest.text, D_A);
    assert_string_equal(m->artifact_type, "application/sbom");
    assert_string_equal(m->config.media_type, "application/vnd.oci.empty.v1+json");
    assert_int_equal(m->config.size, 2);
    assert_true(m->layers[0].has_urls);
    assert_false(m->layers[1].has_urls);

    _cleanup_(cleanup_manifest_free) struct manifest *plain =
        parse(V2 "\"subject\":null,\"artifactType\":null,\"layers\":[" LAYER "]}", NULL, &err);
    assert_false(plain->has_subject);
    assert_null(plain->artifact_type);
    assert_null(plain->config.media_type);
    assert_int_equal(plain->n_layers, 1);
}

static void digests_decide(void **state)
{
    (void)state;
    static const enum digest_algorithm algorithms[] = {DIGEST_SHA256, DIGEST_SHA512};
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        struct digest expected;
        struct error err = ERROR_INIT;
        struct manifest *m = NULL;
        digest_compute(algorithms[i], IMAGE, strlen(IMAGE), &expected);
        assert_int_equal(manifest_parse(IMAGE, strlen(IMAGE), NULL, &expected, &m, &err), 0);
        assert_true(digest_equal(&m->digest, &expected));
        manifest_free(m);
        m = NULL;
        /* One byte more is another manifest, and is not even looked at. */
        assert_int_equal(manifest_parse(IMAGE "\n", strlen(IMAGE) + 1, NULL, &expected, &m, &err),
                         ERR_DIGEST);
        assert_int_equal(manifest_parse("{", 1, NULL, &expected, &m, &err), ERR_DIGEST);
        assert_null(m);
        assert_non_null(strstr(err.text, expected.text));
    }
    struct digest none = {0};
    struct error err = ERROR_INIT;
    struct manifest *m = NULL;
    assert_int_equal(manifest_parse(IMAGE, strlen(IMAGE), NULL, &none, &m, &err), 0);
    assert_int_equal(m->digest.algorithm, DIGEST_SHA256);
    manifest_free(m);
}

/* An index with so many children. */
static struct buf index_of(size_t children)
{
    struct buf b = BUF_INIT(2 * MANIFEST_MAX);
    buf_add_str(&b, V2 "\"manifests\":[");
    for (size_t i = 0; i < children; i++) {
        buf_add_str(&b, i ? "," : "");
        buf_add_str(&b, DESC("a/b", D_A, 1, ""));
    }
    buf_add_str(&b, "]}");
    return b;
}

static void limits(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct manifest *m = NULL;
    struct buf b = index_of(MANIFEST_DESCRIPTORS_MAX);
    assert_int_equal(manifest_parse(b.data, b.len, NULL, NULL, &m, &err), 0);
    assert_int_equal(m->n_children, MANIFEST_DESCRIPTORS_MAX);
    manifest_free(m);
    m = NULL;
    buf_done(&b);
    b = index_of(MANIFEST_DESCRIPTORS_MAX + 1);
    assert_int_equal(manifest_parse(b.data, b.len, NULL, NULL, &m, &err), ERR_PROTOCOL);
    assert_non_null(strstr(err.text, "10001 entries"));
    buf_done(&b);

    b = BUF_INIT(2 * MANIFEST_MAX);
    buf_add_str(&b, IMAGE);
    while (b.len < MANIFEST_MAX)
        buf_add_char(&b, ' ');
    assert_int_equal(manifest_parse(b.data, b.len, NULL, NULL, &m, &err), 0);
    manifest_free(m);
    m = NULL;
    buf_add_char(&b, ' ');
    assert_int_equal(manifest_parse(b.data, b.len, NULL, NULL, &m, &err), ERR_TOO_LARGE);
    assert_null(m);
    buf_done(&b);
}

static void errors_may_be_unwanted(void **state)
{
    (void)state;
    struct manifest *m = NULL;
    assert_int_equal(manifest_parse("{}", 2, NULL, NULL, &m, NULL), ERR_PROTOCOL);
    assert_int_equal(manifest_parse("", 0, DOCKER "v1+json", NULL, &m, NULL), ERR_UNSUPPORTED);
    assert_int_equal(manifest_parse(V2 CONFIG ",\"layers\":[1]}",
                                    strlen(V2 CONFIG ",\"layers\":[1]}"), NULL, NULL, &m, NULL),
                     ERR_PROTOCOL);
    manifest_free(NULL);
}

static void media_types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool manifest, index, foreign, valid;
    } rows[] = {
        {OCI_MANIFEST, true, false, false, true},
        {OCI_INDEX, true, true, false, true},
        {DOCKER_MANIFEST, true, false, false, true},
        {DOCKER_LIST, true, true, false, true},
        {DOCKER "v1+json", false, false, false, true},
        {WITHDRAWN, false, false, false, true},
        {"application/json", false, false, false, true},
        {OCI "layer.v1.tar+gzip", false, false, false, true},
        {OCI "layer.nondistributable.v1.tar", false, false, true, true},
        {OCI "layer.nondistributable.v1.tar+zstd", false, false, true, true},
        {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", false, false, true, true},
        {"application/vnd.docker.image.rootfs.diff.tar.gzip", false, false, false, true},
        {"a/b", false, false, false, true},
        {"a1!#$&-^_.+/B", false, false, false, true},
        {NULL, false, false, false, false},
        {"", false, false, false, false},
        {"a", false, false, false, false},
        {"/b", false, false, false, false},
        {"a/", false, false, false, false},
        {"a/b/c", false, false, false, false},
        {".a/b", false, false, false, false},
        {"a/.b", false, false, false, false},
        {"a/b;c=d", false, false, false, false},
        {"a/b c", false, false, false, false},
        {"a/b\r\nx: y", false, false, false, false},
        {"a/\xc3\xa4", false, false, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(media_type_is_manifest(rows[i].type), rows[i].manifest);
        assert_int_equal(media_type_is_index(rows[i].type), rows[i].index);
        assert_int_equal(media_type_is_foreign(rows[i].type), rows[i].foreign);
        assert_int_equal(media_type_is_valid(rows[i].type), rows[i].valid);
    }
    char name[140] = "a/";
    memset(name + 2, 'x', 127);
    assert_true(media_type_is_valid(name));
    name[129] = 'x';
    assert_false(media_type_is_valid(name));
}

static void accept_lists_what_is_read(void **state)
{
    (void)state;
    assert_string_equal(manifest_accept,
                        OCI_INDEX ", " OCI_MANIFEST ", " DOCKER_LIST ", " DOCKER_MANIFEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses),
        cmocka_unit_test(fills_descriptors),
        cmocka_unit_test(fills_artifacts),
        cmocka_unit_test(digests_decide),
        cmocka_unit_test(limits),
        cmocka_unit_test(errors_may_be_unwanted),
        cmocka_unit_test(media_types),
        cmocka_unit_test(accept_lists_what_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
