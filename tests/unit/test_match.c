/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/match.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static void picks_the_most_specific(void **state)
{
    (void)state;
    static const struct {
        const char *claims[4]; /* in order of folders */
        const char *host;
        int winner;
        const char *glob;
    } cases[] = {
        {{"*"}, "registry.example", 0, "*"},
        {{"*"}, "[::1]:5000", 0, "*"},
        {{"other.example"}, "registry.example", -1, NULL},
        /* No wildcard beats any wildcard. */
        {{"a.example", "*.example:5000"}, "a.example:5000", 0, "a.example"},
        {{"*.example:5000", "a.example"}, "a.example:5000", 1, "a.example"},
        {{"*", "registry.example"}, "registry.example", 1, "registry.example"},
        /* More letters beat fewer. */
        {{"*.example", "*", "*.b.example"}, "a.b.example", 2, "*.b.example"},
        {{"*.example", "r?gistry.example"}, "registry.example", 1, "r?gistry.example"},
        {{"registry.example", "registry.example:5000"},
         "registry.example:5000",
         1,
         "registry.example:5000"},
        /* The earlier folder among equals. */
        {{"x.example", "x.example"}, "x.example", 0, "x.example"},
        {{"a*.example", "*a.example"}, "a.example", 0, "a*.example"},
        /* Several globs in one claim. */
        {{"*.y z.example *.example", "*"}, "a.example", 0, "*.example"},
        {{"docker.io *.docker.io", "*"}, "registry-1.docker.io", 0, "*.docker.io"},
        /* Ports: a glob without one takes all, a glob with one takes that. */
        {{"x.example"}, "x.example:5000", 0, "x.example"},
        {{"x.example:5000"}, "x.example", -1, NULL},
        {{"x.example:5000"}, "x.example:5001", -1, NULL},
        {{"*.example:50??"}, "x.example:5001", 0, "*.example:50??"},
        {{"*.example"}, "x.example:5000.example", 0, "*.example"},
        {{"[::1]"}, "[::1]:5000", 0, "[::1]"},
        {{"[::1]:5000"}, "[::1]:5000", 0, "[::1]:5000"},
        {{"[::1]:5000"}, "[::1]", -1, NULL},
        /* Names are the same in any case; a look-alike is not. */
        {{"Registry.Example"}, "registry.EXAMPLE", 0, "Registry.Example"},
        {{"registry.example"}, "registry.example.evil", -1, NULL},
        {{"*.registry.example"}, "registry.example", -1, NULL},
        {{NULL, "*"}, "x", 1, "*"},
        {{""}, "x", -1, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct match_claims claims[4];
        for (size_t j = 0; j < 4; j++)
            claims[j].hosts = cases[i].claims[j];
        char *glob = NULL;
        assert_int_equal(match_best(claims, 4, cases[i].host, &glob), cases[i].winner);
        if (cases[i].glob)
            assert_string_equal(glob, cases[i].glob);
        else
            assert_null(glob);
        assert_int_equal(match_best(claims, 4, cases[i].host, NULL), cases[i].winner);
        free(glob);
    }
    assert_int_equal(match_best(NULL, 0, "x", NULL), -1);
}

static void finds_a_glob_among_claims(void **state)
{
    (void)state;
    assert_true(match_has_glob("a.example *.b.example", "*.B.example"));
    assert_true(match_has_glob("a.example", "a.example"));
    assert_false(match_has_glob("a.example *.b.example", "b.example"));
    assert_false(match_has_glob("*", "a.example"));
    assert_false(match_has_glob("", "a.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picks_the_most_specific),
        cmocka_unit_test(finds_a_glob_among_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
