/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again, and after how long: pure functions. */
#pragma once

#include "base/error.h"

struct retry_policy {
    int retries;          /* tries after the first; default 5 */
    int64_t base_ms;      /* first pause; default 1 s */
    int64_t max_ms;       /* longest pause of our own; default 60 s */
    int64_t max_asked_ms; /* longest Retry-After that is obeyed; default 300 s */
};

#define RETRY_DEFAULTS                                                                             \
    ((struct retry_policy){.retries = 5, .base_ms = 1000, .max_ms = 60000, .max_asked_ms = 300000})

/* Does the class of this failure ever go away by itself? */
bool retry_class_is_temporary(enum error_class class);

/* The class of an HTTP status, by the plain rules (RFC 9110, distribution-spec). 0 for 2xx. */
enum error_class retry_classify_status(int status);

/*
 * How long to wait before try `attempt` + 1 (attempt counts from 0), or -1 to stop. Doubles from
 * base_ms up to max_ms; `random` in [0,1) takes up to half of it off. What the peer asked for
 * (err->retry_after_ms) is the least; longer than max_asked_ms: stop.
 */
int64_t retry_delay_ms(const struct retry_policy *policy, const struct error *err, int attempt,
                       double random);

/* "120", an HTTP date, or seconds since 1970 (values over 10^9): milliseconds from now, -1 for
 * nonsense. */
int64_t retry_after_parse(const char *value, int64_t wall_now_s);
