/* SPDX-License-Identifier: Apache-2.0 */
#include "net/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void statuses(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum error_class class;
    } rows[] = {
        {200, ERR_NONE},        {201, ERR_NONE},        {206, ERR_NONE},
        {299, ERR_NONE},        {0, ERR_PROTOCOL},      {100, ERR_PROTOCOL},
        {199, ERR_PROTOCOL},    {304, ERR_PROTOCOL},    {307, ERR_PROTOCOL},
        {400, ERR_PROTOCOL},    {401, ERR_AUTH},        {403, ERR_DENIED},
        {404, ERR_NOT_FOUND},   {405, ERR_UNSUPPORTED}, {406, ERR_UNSUPPORTED},
        {407, ERR_AUTH},        {408, ERR_TRANSIENT},   {409, ERR_PROTOCOL},
        {410, ERR_NOT_FOUND},   {413, ERR_TOO_LARGE},   {415, ERR_UNSUPPORTED},
        {416, ERR_PROTOCOL},    {425, ERR_TRANSIENT},   {429, ERR_THROTTLED},
        {499, ERR_TRANSIENT},   {500, ERR_TRANSIENT},   {501, ERR_UNSUPPORTED},
        {502, ERR_TRANSIENT},   {503, ERR_TRANSIENT},   {504, ERR_TRANSIENT},
        {505, ERR_UNSUPPORTED}, {507, ERR_UNSUPPORTED}, {511, ERR_AUTH},
        {520, ERR_TRANSIENT},   {522, ERR_TRANSIENT},   {599, ERR_TRANSIENT},
        {600, ERR_PROTOCOL},    {-1, ERR_PROTOCOL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (retry_classify_status(rows[i].status) != rows[i].class)
            fail_msg("%d", rows[i].status);
    }
}

static void only_two_classes_go_away(void **state)
{
    (void)state;
    for (int class = ERR_UNSUPPORTED; class <= ERR_NONE; class ++)
        assert_int_equal(retry_class_is_temporary((enum error_class) class),
                         class == ERR_THROTTLED || class == ERR_TRANSIENT);
}

static void delays(void **state)
{
    (void)state;
    static const struct {
        enum error_class class;
        int64_t asked;
        int attempt;
        double random;
        int64_t delay;
    } rows[] = {
        /* Doubling, up to the longest. */
        {ERR_TRANSIENT, -1, 0, 0, 1000},
        {ERR_TRANSIENT, -1, 1, 0, 2000},
        {ERR_TRANSIENT, -1, 4, 0, 16000},
        {ERR_TRANSIENT, -1, 6, 0, 60000},
        {ERR_TRANSIENT, -1, 99, 0, 60000},
        /* Up to half of it is taken off. */
        {ERR_TRANSIENT, -1, 0, 0.5, 750},
        {ERR_THROTTLED, -1, 1, 0.999, 1001},
        /* The end of the tries, and what trying does not help. */
        {ERR_TRANSIENT, -1, 100, 0, -1},
        {ERR_TRANSIENT, 0, 100, 0, -1},
        {ERR_DENIED, -1, 0, 0, -1},
        {ERR_DIGEST, 1000, 0, 0, -1},
        {ERR_NONE, -1, 0, 0, -1},
        /* What was asked for is the least, with up to a tenth on top. */
        {ERR_THROTTLED, 30000, 0, 0, 30000},
        {ERR_THROTTLED, 30000, 0, 0.5, 31500},
        {ERR_TRANSIENT, 30000, 0, 0.5, 31500},
        {ERR_THROTTLED, 2000, 0, 0.5, 2100},
        {ERR_THROTTLED, 300000, 0, 0.5, 302500},
        {ERR_THROTTLED, 300000, 0, 0, 300000},
        {ERR_THROTTLED, 300001, 0, 0, -1},
        {ERR_THROTTLED, INT64_MAX, 0, 0.5, -1},
        /* Our own pause still holds when it is the longer one. */
        {ERR_THROTTLED, 0, 2, 0, 4000},
        {ERR_THROTTLED, 3000, 2, 0, 4000},
    };
    struct retry_policy policy = RETRY_DEFAULTS;
    assert_int_equal(policy.retries, 5);
    policy.retries = 100;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {.class = rows[i].class, .retry_after_ms = rows[i].asked};
        int64_t delay = retry_delay_ms(&policy, &err, rows[i].attempt, rows[i].random);
        if (delay != rows[i].delay)
            fail_msg("row %zu: %lld", i, (long long)delay);
    }
}

static void no_retries_means_none(void **state)
{
    (void)state;
    struct retry_policy policy = RETRY_DEFAULTS;
    struct error err = {.class = ERR_TRANSIENT, .retry_after_ms = -1};
    policy.retries = 1;
    assert_int_equal(retry_delay_ms(&policy, &err, 0, 0), 1000);
    assert_int_equal(retry_delay_ms(&policy, &err, 1, 0), -1);
    policy.retries = 0;
    assert_int_equal(retry_delay_ms(&policy, &err, 0, 0), -1);
    policy = (struct retry_policy){.retries = 1, .base_ms = 0, .max_ms = 0, .max_asked_ms = 0};
    assert_int_equal(retry_delay_ms(&policy, &err, 0, 0.5), 0);
}

static void retry_after(void **state)
{
    (void)state;
    const int64_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
    const int64_t later = 1800000000;
    static const struct {
        const char *value;
        bool later;
        int64_t ms;
    } rows[] = {
        {"0", false, 0},
        {"120", false, 120000},
        {" 5 ", false, 5000},
        {"1000000000", false, 1000000000000},
        {"1800000060", true, 60000},
        {"1700000000", true, 0},
        {"Sun, 06 Nov 1994 08:50:37 GMT", false, 60000},
        {"Sunday, 06-Nov-94 08:50:37 GMT", false, 60000},
        {"Sun Nov  6 08:50:37 1994", false, 60000},
        {"Sun, 06 Nov 1994 08:49:36 GMT", false, 0},
        {"Fri, 31 Dec 2099 23:59:59 GMT", true, 2302444799000},
        {"", false, -1},
        {" ", false, -1},
        {"-1", false, -1},
        {"1.5", false, -1},
        {"+5", false, -1},
        {"5s", false, -1},
        {"0x10", false, -1},
        {"soon", false, -1},
        {"06 Nov 1994 08:50:37 GMT", false, -1},
        {"Sun, 99 Nov 1994 08:49:37 GMT", false, -1},
        {"99999999999999999999999999", false, -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms = retry_after_parse(rows[i].value, rows[i].later ? later : now);
        if (ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].value, (long long)ms);
    }
    assert_true(retry_after_parse("1000000000000000", now) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses),    cmocka_unit_test(only_two_classes_go_away),
        cmocka_unit_test(delays),      cmocka_unit_test(no_retries_means_none),
        cmocka_unit_test(retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
