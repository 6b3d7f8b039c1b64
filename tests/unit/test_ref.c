/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/ref.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST "sha256:" HEX

static void assert_same(const char *a, const char *b, const char *text)
{
    if (!str_eq(a, b))
        fail_msg("%s: %s instead of %s", text, a ? a : "(none)", b ? b : "(none)");
}

static void registries(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        bool given;
        const char *repository, *tag, *digest, *whole;
    } rows[] = {
        {"nginx", "docker.io", false, "nginx", NULL, "", "docker.io/nginx"},
        {"nginx:1.27", "docker.io", false, "nginx", "1.27", "", "docker.io/nginx:1.27"},
        {"me/app", "docker.io", false, "me/app", NULL, "", "docker.io/me/app"},
        {"docker.io/nginx", "docker.io", true, "nginx", NULL, "", "docker.io/nginx"},
        {"docker://alpine:3", "docker.io", false, "alpine", "3", "", "docker.io/alpine:3"},
        {"docker://ghcr.io/o/r", "ghcr.io", true, "o/r", NULL, "", "ghcr.io/o/r"},
        {"localhost/x", "localhost", true, "x", NULL, "", "localhost/x"},
        {"localhost:5000/a/b:t", "localhost:5000", true, "a/b", "t", "", "localhost:5000/a/b:t"},
        {"registry:5000/x", "registry:5000", true, "x", NULL, "", "registry:5000/x"},
        {"REG.Example/x", "reg.example", true, "x", NULL, "", "reg.example/x"},
        {"MyReg/x", "myreg", true, "x", NULL, "", "myreg/x"},
        {"LOCALHOST/x", "localhost", true, "x", NULL, "", "localhost/x"},
        {"127.0.0.1:80/x", "127.0.0.1:80", true, "x", NULL, "", "127.0.0.1:80/x"},
        {"[::1]:5000/x", "[::1]:5000", true, "x", NULL, "", "[::1]:5000/x"},
        {"[FE80::1]/x:1", "[fe80::1]", true, "x", "1", "", "[fe80::1]/x:1"},
        /* Without a slash there is no host, as docker has it. */
        {"reg.example:5000", "docker.io", false, "reg.example", "5000", "",
         "docker.io/reg.example:5000"},
        {"nginx@" DIGEST, "docker.io", false, "nginx", NULL, DIGEST, "docker.io/nginx@" DIGEST},
        {"h.io/a/b:1.0-x_y@" DIGEST, "h.io", true, "a/b", "1.0-x_y", DIGEST,
         "h.io/a/b:1.0-x_y@" DIGEST},
        {"h.io/a__b/c--d/e.f", "h.io", true, "a__b/c--d/e.f", NULL, "", "h.io/a__b/c--d/e.f"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref ref;
        struct error err = ERROR_INIT;
        if (ref_parse(rows[i].text, &ref, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(ref.kind, REF_REGISTRY);
        assert_same(ref.host, rows[i].host, rows[i].text);
        assert_int_equal(ref.host_given, rows[i].given);
        assert_same(ref.repository, rows[i].repository, rows[i].text);
        assert_same(ref.tag, rows[i].tag, rows[i].text);
        assert_same(ref.digest.text, rows[i].digest, rows[i].text);
        assert_null(ref.path);
        _cleanup_free_ char *whole = ref_text(&ref);
        assert_same(whole, rows[i].whole, rows[i].text);
        ref_done(&ref);
        assert_null(ref.host);
    }
}

static void layouts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path, *tag, *digest, *whole;
    } rows[] = {
        {"oci:dir", "dir", NULL, "", "oci:dir"},
        {"oci:/a/b:1.0", "/a/b", "1.0", "", "oci:/a/b:1.0"},
        {"ocidir://a/b:1.0", "a/b", "1.0", "", "oci:a/b:1.0"},
        {"ocidir:///a/b", "/a/b", NULL, "", "oci:/a/b"},
        {"oci:.", ".", NULL, "", "oci:."},
        {"oci:../x y:t", "../x y", "t", "", "oci:../x y:t"},
        {"oci:/a:b/c", "/a:b/c", NULL, "", "oci:/a:b/c"},
        {"oci:/a:b/c:t", "/a:b/c", "t", "", "oci:/a:b/c:t"},
        {"oci:/a@b/c", "/a@b/c", NULL, "", "oci:/a@b/c"},
        {"oci:/a@b:c/d", "/a@b:c/d", NULL, "", "oci:/a@b:c/d"},
        {"oci:/a@b", "/a@b", NULL, "", "oci:/a@b"},
        {"oci:/a@" DIGEST, "/a", NULL, DIGEST, "oci:/a@" DIGEST},
        {"oci:/a:t@" DIGEST, "/a", "t", DIGEST, "oci:/a:t@" DIGEST},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref ref;
        struct error err = ERROR_INIT;
        if (ref_parse(rows[i].text, &ref, &err) != 0)
            fail_msg("%s", err.text);
        assert_int_equal(ref.kind, REF_LAYOUT);
        assert_same(ref.path, rows[i].path, rows[i].text);
        assert_same(ref.tag, rows[i].tag, rows[i].text);
        assert_same(ref.digest.text, rows[i].digest, rows[i].text);
        assert_null(ref.host);
        assert_null(ref.repository);
        _cleanup_free_ char *whole = ref_text(&ref);
        assert_same(whole, rows[i].whole, rows[i].text);
        ref_done(&ref);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "repository is missing"},
        {"docker://", "repository is missing"},
        {"h.io/", "repository is missing"},
        {":tag", "repository is missing"},
        {"@" DIGEST, "repository is missing"},
        {"/x", "repository name"},
        {"h.io//x", "repository name"},
        {"h.io/x/", "repository name"},
        {"h.io/X", "lower-case"},
        {"nginX", "lower-case"},
        {"h.io/../x", "repository name"},
        {"h.io/a b", "repository name"},
        {"h.io/a\nb", "repository name"},
        {"h.io/a%2fb", "repository name"},
        {"a/b?x=1", "repository name"},
        {"nginx:", "tag"},
        {"nginx:.x", "tag"},
        {"nginx:a:b", "repository name"},
        {"nginx:a b", "tag"},
        {"nginx@", "digest"},
        {"nginx@latest", "digest"},
        {"nginx@sha256:abc", "digest"},
        {"nginx@" DIGEST "@" DIGEST, "repository name"},
        {"user:pw@h.io/x", "digest"},
        {"h.io:0/x", "host"},
        {"h.io:65536/x", "host"},
        {"h.io:/x", "host"},
        {"h.io:80x/x", "host"},
        {"-h.io/x", "host"},
        {"h..io/x", "host"},
        {"h.io./x", "host"},
        {"[::1/x", "host"},
        {"[zz]/x", "host"},
        {"127.1/x", "host"},
        {"https://h.io/x", "leave out"},
        {"http://h.io/x", "leave out"},
        {"oci://h.io/x", "for a registry"},
        {"oci:", "directory is missing"},
        {"oci::t", "directory is missing"},
        {"ocidir://", "directory is missing"},
        {"oci:dir:", "tag"},
        {"oci:dir:a b", "tag"},
        {"oci:dir@sha256:abc", "digest"},
        {"oci:dir@foo:bar", "digest"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref ref = {.kind = REF_LAYOUT};
        struct error err = ERROR_INIT;
        int rc = ref_parse(rows[i].text, &ref, &err);
        if (rc != ERR_USAGE || err.class != ERR_USAGE || !strstr(err.text, rows[i].says))
            fail_msg("%s: %d, \"%s\"", rows[i].text, rc, err.text);
        assert_null(ref.host);
    }
}

static void repository_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool valid;
    } rows[] = {
        {"a", true},       {"0", true},     {"a/b/c/d", true},   {"a.b", true},
        {"a_b", true},     {"a__b", true},  {"a-b", true},       {"a---b", true},
        {"a-b.c_d", true}, {"", false},     {"a___b", false},    {"a..b", false},
        {"a._b", false},   {"a-_b", false}, {"-a", false},       {"a-", false},
        {".", false},      {"..", false},   {"a/../b", false},   {"a//b", false},
        {"/a", false},     {"a/", false},   {"A", false},        {"a:b", false},
        {"a@b", false},    {"a%b", false},  {"\xc3\xa4", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(repository_name_is_valid(rows[i].name), rows[i].valid);
    char name[300];
    memset(name, 'a', sizeof(name));
    name[255] = '\0';
    assert_true(repository_name_is_valid(name));
    name[255] = 'a';
    name[256] = '\0';
    assert_false(repository_name_is_valid(name));
}

static void tags(void **state)
{
    (void)state;
    static const struct {
        const char *tag;
        bool valid;
    } rows[] = {
        {"a", true},    {"_", true},   {"1.0", true},  {"A-b_c.d", true}, {"", false},
        {".a", false},  {"-a", false}, {"a/b", false}, {"a:b", false},    {"a b", false},
        {"a+b", false}, {"a%", false}, {"..", false},  {"a\n", false},    {"\xc3\xa4", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(tag_is_valid(rows[i].tag), rows[i].valid);
    char tag[200];
    memset(tag, 'a', sizeof(tag));
    tag[128] = '\0';
    assert_true(tag_is_valid(tag));
    tag[128] = 'a';
    tag[129] = '\0';
    assert_false(tag_is_valid(tag));
}

static void hosts(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool valid;
    } rows[] = {
        {"h", true},
        {"h.io", true},
        {"H-1.Io:443", true},
        {"xn--bcher-kva.example", true},
        {"1and1.example", true},
        {"1.2.3.4", true},
        {"1.2.3.4:1", true},
        {"[::1]", true},
        {"[2001:db8::1]:65535", true},
        {"[::ffff:1.2.3.4]", true},
        {"", false},
        {":80", false},
        {"h:", false},
        {"h:00080", false},
        {"h:080", false},
        {"h:65536", false},
        {"h:-1", false},
        {"h:1:2", false},
        {"::1", false},
        {"[", false},
        {"[]", false},
        {"[::1", false},
        {"[::1]x", false},
        {"[::1]:", false},
        {"[1.2.3.4]", false},
        {"[fe80::1%eth0]", false},
        {"1.2.3", false},
        {"1.2.3.4.5", false},
        {"256.1.1.1", false},
        {"2130706433", false},
        {"0x7f.1", false},
        {"h.0x7f000001", false},
        {".h", false},
        {"h.", false},
        {"a..b", false},
        {"-a", false},
        {"a-.b", false},
        {"a_b", false},
        {"a b", false},
        {"a/b", false},
        {"u@h", false},
        {"h?x", false},
        {"h#x", false},
        {"h%41", false},
        {"m\xc3\xbcnster.example", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (host_is_valid(rows[i].host) != rows[i].valid)
            fail_msg("%s", rows[i].host);
    }
    char label[70];
    memset(label, 'a', sizeof(label));
    label[63] = '\0';
    assert_true(host_is_valid(label));
    label[63] = 'a';
    label[64] = '\0';
    assert_false(host_is_valid(label));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registries),       cmocka_unit_test(layouts), cmocka_unit_test(refuses),
        cmocka_unit_test(repository_names), cmocka_unit_test(tags),    cmocka_unit_test(hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
