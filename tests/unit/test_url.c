/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void assert_same(const char *a, const char *b, const char *text)
{
    if (!str_eq(a, b))
        fail_msg("%s: %s instead of %s", text, a ? a : "(none)", b ? b : "(none)");
}

static void parses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *host;
        int port;
        const char *path, *query;
    } rows[] = {
        {"http://a", "http", "a", 80, "/", NULL},
        {"https://a/", "https", "a", 443, "/", NULL},
        {"HTTPS://A.Example:443/X", "https", "a.example", 443, "/X", NULL},
        {"http://a:5000/v2/?n=1&m=%2F#frag", "http", "a", 5000, "/v2/", "n=1&m=%2F"},
        {"http://a?x=1", "http", "a", 80, "/", "x=1"},
        {"http://a#f", "http", "a", 80, "/", NULL},
        {"http://a/b/../c/./d", "http", "a", 80, "/b/../c/./d", NULL},
        {"http://a/%2e%2e/%41", "http", "a", 80, "/%2e%2e/%41", NULL},
        {"http://[::1]:5000/x", "http", "[::1]", 5000, "/x", NULL},
        {"http://[2001:DB8::1]/", "http", "[2001:db8::1]", 80, "/", NULL},
        /* As the library that connects will have it. */
        {"http://127.1/", "http", "127.0.0.1", 80, "/", NULL},
        {"http://2130706433/", "http", "127.0.0.1", 80, "/", NULL},
        {"http://0x7f000001/", "http", "127.0.0.1", 80, "/", NULL},
        {"http://a:65535/", "http", "a", 65535, "/", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct url u;
        struct error err = ERROR_INIT;
        if (url_parse(rows[i].text, &u, &err) != 0)
            fail_msg("%s", err.text);
        assert_same(u.scheme, rows[i].scheme, rows[i].text);
        assert_same(u.host, rows[i].host, rows[i].text);
        assert_int_equal(u.port, rows[i].port);
        assert_same(u.path, rows[i].path, rows[i].text);
        assert_same(u.query, rows[i].query, rows[i].text);
        url_done(&u);
        assert_null(u.host);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a",
        "a/b",
        "/v2/",
        "//a/b",
        "ftp://a/",
        "file:///etc/hosts",
        "gopher://a",
        "mailto:a@b",
        "http:",
        "http://",
        "http:///x",
        "http:/a",
        "https:///a",
        "http:a",
        "http://user@a/",
        "http://user:pass@a/",
        "http://@a/",
        "http://:@a/",
        "http://a:0/",
        "http://a:65536/",
        "http://a:x/",
        "http://a:80:80/",
        "http://a b/",
        "http://a/b c",
        "http://a/\r\nX: y",
        "http://a/\x01",
        "http://a%2fb/",
        "http://a%00b/",
        "http://a\\b/",
        "http://[::1",
        "http://[::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[x]/",
        "http://m\xc3\xbcnster/",
        " http://a/",
        "http://a/ ",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct url u = {.port = 7};
        struct error err = ERROR_INIT;
        if (url_parse(bad[i], &u, &err) != ERR_PROTOCOL)
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(u.port, 7);
        assert_int_equal(err.class, ERR_PROTOCOL);
        assert_null(strstr(err.text, "pass"));
    }
    struct error err = ERROR_INIT;
    struct url u;
    url_parse("ftp://u:hunter2@a/x?token=hunter2", &u, &err);
    assert_null(strstr(err.text, "hunter2"));
    assert_non_null(strstr(err.text, "ftp://a/x"));
}

/* The examples of RFC 3986, section 5.4, whose fragments are dropped here, and Locations. */
static void resolves(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"http://x/a/b/../c?d#e", "http://x/a/b/../c?d"},
        {"https://x:99/%7e?a=%2f+&b", "https://x:99/%7e?a=%2f+&b"},
        {"//h:99/x?y=a%2Fb+c", "http://h:99/x?y=a%2Fb+c"},
        {"/v2/r/blobs/uploads/1?_state=AbC-_%3d%3D&x=a/../b",
         "http://a/v2/r/blobs/uploads/1?_state=AbC-_%3d%3D&x=a/../b"},
        {"/a b", "http://a/a%20b"},
        {"mailto:x", NULL},
        {"javascript:x", NULL},
        {"http://", NULL},
        {"http://a b/", NULL},
        {"/a\tb", NULL},
        {"/a\r\nX: y", NULL},
        {"/a\x01", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        _cleanup_free_ char *url = url_resolve("http://a/b/c/d;p?q", rows[i][0]);
        assert_same(url, rows[i][1], rows[i][0]);
    }
    assert_null(url_resolve("nonsense", "/x"));
    _cleanup_free_ char *url = url_resolve("https://h:5000/v2/", "/x");
    assert_string_equal(url, "https://h:5000/x");
}

static void origins(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"http://a/x", "http://a/y?z", true},
        {"https://a", "https://a:443/", true},
        {"http://A", "http://a:80", true},
        {"http://a", "https://a", false},
        {"http://a:443", "https://a:443", false},
        {"http://a", "http://a:81", false},
        {"http://a", "http://b", false},
        {"http://a", "http://a.", false},
        {"http://127.1", "http://127.0.0.1", true},
        {"http://a", "http://a.evil", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        _cleanup_(url_done) struct url a = {0};
        _cleanup_(url_done) struct url b = {0};
        assert_int_equal(url_parse(rows[i].a, &a, NULL), 0);
        assert_int_equal(url_parse(rows[i].b, &b, NULL), 0);
        if (url_same_origin(&a, &b) != rows[i].same)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
    }
}

static void redacts(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"http://a", "http://a/"},
        {"https://a:5000/v2/x", "https://a:5000/v2/x"},
        {"https://a:443/x", "https://a/x"},
        {"https://u:p@a/x#frag", "https://a/x"},
        {"https://a/x?sig=S&se=", "https://a/x?sig=***&se=***"},
        {"https://a/x?S", "https://a/x?***"},
        {"https://a/x?a=S;b=S=S&&S", "https://a/x?a=***&b=***&***&***"},
        {"https://a/x?", "https://a/x"},
        {"https://a/x?u=http://S?y=S", "https://a/x?u=***"},
        {"socks5h://u:p@a:1080", "socks5h://a:1080/"},
        {"S", "(malformed URL)"},
        {"http://S S/?S", "(malformed URL)"},
        {"", "(malformed URL)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        _cleanup_free_ char *text = url_redact(rows[i][0]);
        assert_same(text, rows[i][1], rows[i][0]);
    }
}

static void encodes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"aZ09-._~", "aZ09-._~"},
        {"a b", "a%20b"},
        {"a+b&c=d", "a%2Bb%26c%3Dd"},
        {"sha256:ab/c", "sha256%3Aab%2Fc"},
        {"\xc3\xa4", "%C3%A4"},
        {"%", "%25"},
        {"\r\n", "%0D%0A"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        _cleanup_free_ char *text = url_encode(rows[i][0]);
        assert_same(text, rows[i][1], rows[i][0]);
    }
}

static void adds_queries_textually(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"http://a/x", "http://a/x?digest=sha256%3Aab"},
        {"http://a", "http://a?digest=sha256%3Aab"},
        {"/x?_state=A%2b+/=&&", "/x?_state=A%2b+/=&&digest=sha256%3Aab"},
        {"http://a/x?", "http://a/x?digest=sha256%3Aab"},
        {"http://a/x?b=%7e/../c", "http://a/x?b=%7e/../c&digest=sha256%3Aab"},
        {"http://a/x#f?g", "http://a/x?digest=sha256%3Aab#f?g"},
        {"http://a/x&", "http://a/x&?digest=sha256%3Aab"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        _cleanup_free_ char *text = url_add_query(rows[i][0], "digest", "sha256:ab");
        assert_same(text, rows[i][1], rows[i][0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(resolves),
        cmocka_unit_test(origins),
        cmocka_unit_test(redacts),
        cmocka_unit_test(encodes),
        cmocka_unit_test(adds_queries_textually),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
