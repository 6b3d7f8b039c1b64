/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_s(void)
{
    return (int64_t)time(NULL);
}

void clock_iso8601(int64_t wall_s, char *out, size_t size)
{
    time_t when = (time_t)wall_s;
    struct tm parts;
    gmtime_r(&when, &parts);
    strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

void clock_stamp(char *out, size_t size)
{
    struct timespec now;
    char seconds[32];
    clock_gettime(CLOCK_REALTIME, &now);
    clock_iso8601(now.tv_sec, seconds, sizeof(seconds));
    snprintf(out, size, "%.19s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

double clock_random(void)
{
    uint32_t number = 0;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        number = (uint32_t)clock_ms();
    return number / 4294967296.0;
}
