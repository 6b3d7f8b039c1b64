/* SPDX-License-Identifier: Apache-2.0 */
/* The only place that asks what time it is, and the only source of randomness. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int64_t clock_ms(void);     /* monotonic milliseconds */
int64_t clock_wall_s(void); /* seconds since 1970 */
/* "2026-11-20T20:00:00Z"; `out` holds at least 21 bytes. */
void clock_iso8601(int64_t wall_s, char *out, size_t size);
/* Now, with milliseconds: "2026-11-20T20:00:00.123Z"; `out` holds at least 25 bytes. */
void clock_stamp(char *out, size_t size);
/* A uniformly random number in [0, 1), for jitter: not for secrets. */
double clock_random(void);
