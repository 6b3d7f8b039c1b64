/* SPDX-License-Identifier: Apache-2.0 */
/* Environment by URL: which proxy serves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/str.h"
#include "net/proxy.h"
#include "net/url.h"

#include <string.h>

#define P1 "http://p1:3128"
#define P2 "http://p2:3128"
#define P3 "socks5://p3:1080"

struct variable {
    const char *name, *value;
};

static const struct {
    struct variable env[4];
    const char *url, *proxy; /* NULL: direct */
} choices[] = {
    {{{0}}, "http://a.example/", NULL},
    {{{0}}, "https://a.example/", NULL},
    /* each scheme has its own */
    {{{"http_proxy", P1}, {"https_proxy", P2}}, "http://a.example/", P1},
    {{{"http_proxy", P1}, {"https_proxy", P2}}, "https://a.example/", P2},
    {{{"http_proxy", P1}}, "https://a.example/", NULL},
    {{{"https_proxy", P1}}, "http://a.example/", NULL},
    {{{"all_proxy", P3}}, "http://a.example/", P3},
    {{{"all_proxy", P3}}, "https://a.example/", P3},
    {{{"ALL_PROXY", P3}}, "https://a.example/", P3},
    {{{"all_proxy", P3}, {"https_proxy", P1}}, "https://a.example/", P1},
    {{{"all_proxy", P3}, {"https_proxy", P1}}, "http://a.example/", P3},
    /* lower case wins; an empty one says nothing */
    {{{"https_proxy", P1}, {"HTTPS_PROXY", P2}}, "https://a.example/", P1},
    {{{"https_proxy", ""}, {"HTTPS_PROXY", P2}}, "https://a.example/", P2},
    {{{"HTTPS_PROXY", P2}}, "https://a.example/", P2},
    {{{"HTTP_PROXY", P2}}, "http://a.example/", P2},
    {{{"http_proxy", P1}, {"HTTP_PROXY", P2}}, "http://a.example/", P1},
    {{{"https_proxy", ""}, {"all_proxy", P3}}, "https://a.example/", P3},
    /* a header "Proxy:" becomes HTTP_PROXY in a CGI process */
    {{{"HTTP_PROXY", P2}, {"REQUEST_METHOD", "GET"}}, "http://a.example/", NULL},
    {{{"HTTP_PROXY", P2}, {"REQUEST_METHOD", "GET"}, {"all_proxy", P3}}, "http://a.example/", P3},
    {{{"http_proxy", P1}, {"REQUEST_METHOD", "GET"}}, "http://a.example/", P1},
    {{{"HTTPS_PROXY", P2}, {"REQUEST_METHOD", "GET"}}, "https://a.example/", P2},
    /* both cases of no_proxy */
    {{{"all_proxy", P1}, {"no_proxy", "a.example"}}, "http://a.example/", NULL},
    {{{"all_proxy", P1}, {"NO_PROXY", "a.example"}}, "http://a.example/", NULL},
    {{{"all_proxy", P1}, {"no_proxy", "b"}, {"NO_PROXY", "a.example"}}, "http://a.example/", P1},
    {{{"all_proxy", P1}, {"no_proxy", ""}}, "http://a.example/", P1},
};

/* With a proxy for all: is `url` exempt by `list`? */
static const struct {
    const char *list, *url;
    bool exempt;
} exemptions[] = {
    {"a.example", "https://a.example/", true},
    {"a.example", "https://b.a.example/", true},
    {"a.example", "https://c.b.a.example/", true},
    {"a.example", "https://ba.example/", false},
    {"a.example", "https://example/", false},
    {"a.example", "https://a.example.com/", false},
    {".a.example", "https://a.example/", true},
    {".a.example", "https://b.a.example/", true},
    {".a.example", "https://ba.example/", false},
    {"A.Example", "https://a.EXAMPLE/", true},
    {"b,a.example", "https://a.example/", true},
    {"b, a.example ,c", "https://a.example/", true},
    {"b a.example", "https://a.example/", true},
    {",,", "https://a.example/", false},
    {".", "https://a.example/", false},
    {"*", "https://a.example/", true},
    {"b,*", "https://a.example/", true},
    {"*.example", "https://a.example/", false}, /* no globs but the lone star */
    /* ports */
    {"a.example:5000", "https://a.example:5000/", true},
    {"a.example:5000", "https://b.a.example:5000/", true},
    {"a.example:5000", "https://a.example/", false},
    {"a.example:443", "https://a.example/", true},
    {"a.example:443", "http://a.example/", false},
    {"a.example", "https://a.example:5000/", true},
    {"10.0.0.1:5000", "http://10.0.0.1:5000/", true},
    {"10.0.0.1:5000", "http://10.0.0.1/", false},
    /* addresses and networks */
    {"10.0.0.1", "http://10.0.0.1/", true},
    {"10.0.0.1", "http://10.0.0.11/", false},
    {"10.0.0.0/8", "http://10.9.8.7/", true},
    {"10.0.0.0/8", "http://11.9.8.7/", false},
    {"192.168.16.0/20", "http://192.168.31.255/", true},
    {"192.168.16.0/20", "http://192.168.32.0/", false},
    {"10.0.0.1/32", "http://10.0.0.1/", true},
    {"10.0.0.1/32", "http://10.0.0.2/", false},
    {"0.0.0.0/0", "http://10.0.0.2/", true},
    {"10.0.0.0/8", "http://a.example/", false},
    {"10.0.0.0/33", "http://10.0.0.1/", false},
    {"10.0.0.0/", "http://10.0.0.1/", false},
    {"10.0.0.0/x", "http://10.0.0.1/", false},
    {"0.0.0.0/0", "http://[2001:db8::1]/", false},
    {"::/0", "http://10.0.0.1/", false},
    {"[::1]", "http://[::1]/", true},
    {"[::1]", "http://[::2]/", false},
    {"fd00::/8", "http://[fd12::1]/", true},
    {"fd00::/8", "http://[fe80::1]/", false},
    {"fd00::/129", "http://[fd12::1]/", false},
};

static const struct variable *environment;

static const char *get(const char *name)
{
    for (const struct variable *v = environment; v->name; v++) {
        if (strcmp(v->name, name) == 0)
            return v->value;
    }
    return NULL;
}

static const char *choose(const struct variable *env, const char *text)
{
    struct url url;
    assert_int_equal(url_parse(text, &url, NULL), 0);
    environment = env;
    const char *proxy = proxy_choose(&(struct proxy_env){.get = get}, &url);
    url_done(&url);
    return proxy;
}

static void test_choices(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
        const char *proxy = choose(choices[i].env, choices[i].url);
        if (!str_eq(proxy, choices[i].proxy))
            fail_msg("%zu: %s: %s", i, choices[i].url, proxy ? proxy : "direct");
    }
}

static void test_exemptions(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(exemptions); i++) {
        const struct variable env[] = {
            {"all_proxy", P1}, {"no_proxy", exemptions[i].list}, {NULL, NULL}};
        const char *proxy = choose(env, exemptions[i].url);
        if (exemptions[i].exempt != !proxy)
            fail_msg("%s: %s: %s", exemptions[i].list, exemptions[i].url, proxy ? proxy : "direct");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_exemptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
