/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void parses_and_normalizes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"linux/amd64", "linux/amd64"},       {"linux/x86_64", "linux/amd64"},
        {"linux/x86-64", "linux/amd64"},      {"Linux/AMD64", "linux/amd64"},
        {"linux/amd64/v1", "linux/amd64"},    {"linux/amd64/v2", "linux/amd64/v2"},
        {"linux/aarch64", "linux/arm64"},     {"linux/arm64/v8", "linux/arm64"},
        {"linux/arm64/8", "linux/arm64"},     {"linux/arm64/v9", "linux/arm64/v9"},
        {"linux/arm", "linux/arm/v7"},        {"linux/arm/v6", "linux/arm/v6"},
        {"linux/arm/6", "linux/arm/v6"},      {"linux/armhf", "linux/arm/v7"},
        {"linux/armel", "linux/arm/v6"},      {"linux/i386", "linux/386"},
        {"macos/arm64", "darwin/arm64"},      {"linux/riscv64", "linux/riscv64"},
        {"linux/mips64le", "linux/mips64le"}, {"unknown/unknown", "unknown/unknown"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct platform p;
        struct error err = ERROR_INIT;
        assert_int_equal(platform_parse(rows[i][0], &p, &err), 0);
        _cleanup_free_ char *text = platform_text(&p);
        assert_string_equal(text, rows[i][1]);
        platform_done(&p);
        assert_null(p.os);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "linux",          "/",           "linux/",       "/amd64",  "linux//v7",
        "linux/arm/", "linux/arm/v7/x", "linux amd64", "linux/amd64 ", "linux/*", "linux,amd64",
        "linux/\x1b", "linux/\xc3\xa4",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char untouched[] = "x";
        struct platform p = {.os = untouched};
        struct error err = ERROR_INIT;
        assert_int_equal(platform_parse(bad[i], &p, &err), ERR_USAGE);
        assert_ptr_equal(p.os, untouched);
        assert_non_null(strstr(err.text, "linux/amd64"));
    }
}

/* Texts "os/architecture/variant" as an index might say them; "-" stands for nothing. */
static char *field(char **rest)
{
    char *part = strsep(rest, "/");
    return part && strcmp(part, "-") != 0 ? part : NULL;
}

static void matches(void **state)
{
    (void)state;
    static const struct {
        const char *asked, *offered;
        bool matches;
    } rows[] = {
        {"linux/amd64", "linux/amd64", true},
        {"linux/amd64", "linux/amd64/v1", true},
        {"linux/amd64", "linux/amd64/v3", true},
        {"linux/amd64/v3", "linux/amd64", false},
        {"linux/amd64/v2", "linux/amd64/v2", true},
        {"linux/amd64", "linux/arm64", false},
        {"linux/amd64", "windows/amd64", false},
        {"linux/amd64", "linux/x86_64", true},
        {"linux/arm64", "linux/arm64/v8", true},
        {"linux/arm64/v8", "linux/arm64", true},
        {"linux/arm64/v9", "linux/arm64/v8", false},
        {"linux/arm64", "linux/aarch64", true},
        {"linux/arm", "linux/arm/v7", true},
        {"linux/arm", "linux/arm/v6", false},
        {"linux/arm", "linux/arm", true},
        {"linux/arm/v7", "linux/arm", true},
        {"linux/arm/v6", "linux/arm/v6", true},
        {"linux/arm/v7", "Linux/ARM/7", true},
        {"linux/amd64", "unknown/unknown", false},
        {"linux/amd64", "-/-", false},
        {"linux/amd64", "linux/-", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct platform asked;
        assert_int_equal(platform_parse(rows[i].asked, &asked, NULL), 0);
        _cleanup_free_ char *copy = xstrdup(rows[i].offered);
        char *rest = copy;
        struct platform offered = {0};
        offered.os = field(&rest);
        offered.architecture = field(&rest);
        offered.variant = field(&rest);
        if (platform_matches(&asked, &offered) != rows[i].matches)
            fail_msg("%s and %s", rows[i].asked, rows[i].offered);
        platform_done(&asked);
    }
}

static void what_is_not_asked_is_free(void **state)
{
    (void)state;
    char os[] = "windows", architecture[] = "amd64", version[] = "10.0.1", other[] = "10.0.2";
    struct platform any = {0}, windows = {.os = os}, versioned = {.os = os, .os_version = version};
    struct platform offered = {.os = os, .architecture = architecture, .os_version = version};
    assert_true(platform_matches(&any, &offered));
    assert_true(platform_matches(&windows, &offered));
    assert_true(platform_matches(&versioned, &offered));
    offered.os_version = other;
    assert_false(platform_matches(&versioned, &offered));
    offered.os_version = NULL;
    assert_false(platform_matches(&versioned, &offered));
    /* Looking does not change what was looked at. */
    char x86[] = "x86_64";
    offered.architecture = x86;
    platform_matches(&any, &offered);
    assert_string_equal(offered.architecture, "x86_64");
}

static void texts_of_parts(void **state)
{
    (void)state;
    char os[] = "linux", variant[] = "v7";
    struct platform p = {.os = os, .variant = variant}, none = {0};
    char *text = platform_text(&p);
    assert_string_equal(text, "linux/unknown/v7");
    free(text);
    text = platform_text(&none);
    assert_string_equal(text, "unknown/unknown");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_normalizes),
        cmocka_unit_test(refuses),
        cmocka_unit_test(matches),
        cmocka_unit_test(what_is_not_asked_is_free),
        cmocka_unit_test(texts_of_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
