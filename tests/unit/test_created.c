/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/sync_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void times_of_configs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", true, 0},
        {"2026-03-01T12:00:00Z", true, 1772366400000},
        {"2026-03-01T12:00:00.5Z", true, 1772366400500},
        {"2026-03-01T12:00:00.123456789Z", true, 1772366400123},
        {"2026-03-01T13:00:00+01:00", true, 1772366400000},
        {"2026-03-01T06:30:00-05:30", true, 1772366400000},
        {"0001-01-01T00:00:00Z", true, -62135596800000},
        {"2026-03-01", false, 0},
        {"2026-03-01T12:00:00", false, 0},
        {"2026-03-01T12:00:00X", false, 0},
        {"2026-03-01T12:00:00+0100", false, 0},
        {"2026-03-01T12:00:00+01:00x", false, 0},
        {"yesterday", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms = 0;
        bool ok = created_parse(rows[i].text, &ms);
        if (ok != rows[i].ok || (ok && ms != rows[i].ms))
            fail_msg("%s: %d %lld", rows[i].text, ok, (long long)ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times_of_configs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
