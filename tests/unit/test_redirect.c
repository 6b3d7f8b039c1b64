/* SPDX-License-Identifier: Apache-2.0 */
#include "net/redirect.h"

#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static int follow(const struct redirect *rules, const char *from, char **ret_url, bool *ret_keep,
                  struct error *err)
{
    _cleanup_(url_done) struct url url = {0};
    assert_int_equal(url_parse(from, &url, NULL), 0);
    struct redirect r = *rules;
    r.url = &url;
    return redirect_next(&r, ret_url, ret_keep, err);
}

/* What redirects and upload Locations have in common. */
static const struct {
    const char *from, *location, *next;
    bool same_origin;
} followed[] = {
    {"https://h/v2/x", "/y?z=1", "https://h/y?z=1", true},
    {"https://h/v2/x", "y", "https://h/v2/y", true},
    {"https://h/v2/x?a=b", "?c=d", "https://h/v2/x?c=d", true},
    {"https://h:5000/v2/x", "/y", "https://h:5000/y", true},
    {"https://h/x", "//cdn/y", "https://cdn/y", false},
    {"https://h/x",
     "https://cdn.example/y?sig=%2f+a/../=", "https://cdn.example/y?sig=%2f+a/../=", false},
    {"https://h/x", "https://h:443/y", "https://h:443/y", true},
    {"https://h:443/x", "https://H/y", "https://H/y", true},
    {"https://h/x", "https://h:444/y", "https://h:444/y", false},
    {"https://h/x", "https://h.evil/y", "https://h.evil/y", false},
    {"https://h/x", "https://h/y#frag", "https://h/y", true},
    {"http://h/x", "http://h/y", "http://h/y", true},
    {"http://h/x", "https://h/y", "https://h/y", false},
    {"http://h/x", "http://other/y", "http://other/y", false},
    {"http://[::1]:5000/x", "/y", "http://[::1]:5000/y", true},
    /* The same host speaking http of itself. */
    {"https://h/x", "http://h/y?z=%2f", "https://h/y?z=%2f", true},
    {"https://h/x", "HTTP://H:80/y", "https://h/y", true},
    {"https://h/x", "http://h:080/y", "https://h/y", true},
    {"https://h/x", "http://h?z", "https://h?z", true},
    {"https://h/x", "http://h", "https://h", true},
    {"https://h:5000/x", "http://h:5000/y", "https://h:5000/y", true},
    {"https://h:5000/x", "http://h/y", "https://h/y", false},
    {"https://h/x", "http://h:8080/y", "https://h:8080/y", false},
};

static const struct {
    const char *from, *location, *says;
} refused[] = {
    {"https://h/x", "http://other/y", "unencrypted"},
    {"https://h/x", "http://h.evil/y", "unencrypted"},
    {"https://h/x", "http://169.254.169.254/y", "unencrypted"},
    {"https://h/x", "https://user@h/y", "no user name"},
    {"https://h/x", "https://user:hunter2@h/y?hunter2", "no user name"},
    {"https://h/x", "ftp://h/y", "can't be used"},
    {"https://h/x", "file:///etc/passwd", "can't be used"},
    {"https://h/x", "javascript:alert(1)", "malformed"},
    {"https://h/x", "https://a b/", "malformed"},
    {"https://h/x", "/a\r\nX: y", "malformed"},
    {"https://h/x", "https:///y", "can't be used"},
    {"https://h/x", "http:/h/y", "can't be used"},
    {"https://h/x", "https://h:0/y", "can't be used"},
};

static const struct redirect plain = {.method = "GET", .status = 307};

static void follows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(followed); i++) {
        struct redirect r = plain;
        r.location = followed[i].location;
        struct error err = ERROR_INIT;
        bool keep = !followed[i].same_origin;
        char *next = NULL;
        if (follow(&r, followed[i].from, &next, &keep, &err) != 0)
            fail_msg("%s", err.text);
        assert_string_equal(next, followed[i].next);
        assert_int_equal(keep, followed[i].same_origin);
        free(next);
    }
}

static void does_not_follow(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct redirect r = plain;
        r.location = refused[i].location;
        struct error err = ERROR_INIT;
        bool keep = true;
        char *next = NULL;
        assert_int_equal(follow(&r, refused[i].from, &next, &keep, &err), ERR_PROTOCOL);
        if (!strstr(err.text, refused[i].says) || strstr(err.text, "hunter2"))
            fail_msg("%s: %s", refused[i].location, err.text);
        assert_null(next);
        assert_true(keep);
    }
}

static void statuses_methods_hops(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        int status, hops;
        const char *location, *says; /* NULL: followed */
    } rows[] = {
        {"GET", 301, 0, "/y", NULL},
        {"GET", 302, 0, "/y", NULL},
        {"HEAD", 303, 0, "/y", NULL},
        {"HEAD", 307, 0, "/y", NULL},
        {"GET", 308, 9, "/y", NULL},
        {"GET", 308, 10, "/y", "after 10 redirects"},
        {"GET", 308, 11, "/y", "redirects"},
        {"GET", 200, 0, "/y", "status 200"},
        {"GET", 300, 0, "/y", "status 300"},
        {"GET", 304, 0, "/y", "status 304"},
        {"GET", 305, 0, "/y", "status 305"},
        {"GET", 307, 0, NULL, "no Location"},
        {"GET", 307, 0, "", "no Location"},
        {"PUT", 307, 0, "/y", "a PUT request"},
        {"PATCH", 308, 0, "/y", "a PATCH request"},
        {"POST", 302, 0, "https://other/y", "a POST request"},
        {"DELETE", 307, 0, "/y", "a DELETE request"},
        {"get", 307, 0, "/y", "a get request"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct redirect r = {.method = rows[i].method,
                             .status = rows[i].status,
                             .hops = rows[i].hops,
                             .location = rows[i].location};
        struct error err = ERROR_INIT;
        bool keep;
        _cleanup_free_ char *next = NULL;
        int rc = follow(&r, "https://h/x", &next, &keep, &err);
        assert_int_equal(rc, rows[i].says ? ERR_PROTOCOL : 0);
        if (rows[i].says && !strstr(err.text, rows[i].says))
            fail_msg("row %zu: %s", i, err.text);
    }
}

static void public_never_leads_to_private(void **state)
{
    (void)state;
    static const struct {
        const char *location;
        bool from_public, followed;
    } rows[] = {
        {"https://127.0.0.1/y", true, false},     {"https://169.254.169.254/latest", true, false},
        {"https://2130706433/y", true, false}, /* 127.0.0.1 to libcurl */
        {"https://[::1]/y", true, false},         {"https://[::ffff:10.0.0.1]/y", true, false},
        {"https://localhost/y", true, false},     {"https://8.8.8.8/y", true, true},
        {"https://[2606:4700::1]/y", true, true}, {"https://cdn.example/y", true, true},
        {"https://127.0.0.1/y", false, true},     {"https://10.0.0.1/y", false, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct redirect r = plain;
        r.location = rows[i].location;
        r.peer_is_public = rows[i].from_public;
        struct error err = ERROR_INIT;
        bool keep;
        _cleanup_free_ char *next = NULL;
        int rc = follow(&r, "https://h.example/x", &next, &keep, &err);
        if (rc != (rows[i].followed ? 0 : ERR_PROTOCOL))
            fail_msg("%s: %d", rows[i].location, rc);
        if (rc < 0)
            assert_non_null(strstr(err.text, "private"));
    }
}

static void upload_locations(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(followed); i++) {
        struct error err = ERROR_INIT;
        bool same = !followed[i].same_origin;
        _cleanup_free_ char *next = NULL;
        if (location_next(followed[i].from, followed[i].location, &next, &same, &err) != 0)
            fail_msg("%s", err.text);
        assert_string_equal(next, followed[i].next);
        assert_int_equal(same, followed[i].same_origin);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct error err = ERROR_INIT;
        bool same = true;
        char *next = NULL;
        assert_int_equal(location_next(refused[i].from, refused[i].location, &next, &same, &err),
                         ERR_PROTOCOL);
        assert_non_null(strstr(err.text, refused[i].says));
        assert_null(next);
        assert_true(same);
    }
    char *next = NULL;
    bool same;
    assert_int_equal(location_next("https://h/x", "", &next, &same, NULL), ERR_PROTOCOL);
    assert_int_equal(location_next("nonsense", "/y", &next, &same, NULL), ERR_PROTOCOL);
}

static void length_is_capped(void **state)
{
    (void)state;
    char *location = xmalloc(LOCATION_MAX + 2);
    memset(location, 'a', LOCATION_MAX + 1);
    location[0] = '/';
    location[LOCATION_MAX] = '\0';
    char *next = NULL;
    bool same;
    struct error err = ERROR_INIT;
    assert_int_equal(location_next("https://h/x", location, &next, &same, &err), 0);
    assert_int_equal(strlen(next), strlen("https://h") + LOCATION_MAX);
    free(take_ptr(&next));
    location[LOCATION_MAX] = 'a';
    location[LOCATION_MAX + 1] = '\0';
    assert_int_equal(location_next("https://h/x", location, &next, &same, &err), ERR_PROTOCOL);
    struct redirect r = plain;
    r.location = location;
    assert_int_equal(follow(&r, "https://h/x", &next, &same, &err), ERR_PROTOCOL);
    assert_null(next);
    free(location);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows),
        cmocka_unit_test(does_not_follow),
        cmocka_unit_test(statuses_methods_hops),
        cmocka_unit_test(public_never_leads_to_private),
        cmocka_unit_test(upload_locations),
        cmocka_unit_test(length_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
