/* SPDX-License-Identifier: Apache-2.0 */
#include "net/retry.h"

#include "base/str.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>

/* Above this, a number is a point in time (since 1970) and not a wait: 31 years. */
#define EPOCH_FROM 1000000000

/* Waiting longer than this is as good as for ever; keeps the arithmetic from overflowing. */
#define SECONDS_MAX ((int64_t)1 << 50)

bool retry_class_is_temporary(enum error_class class)
{
    return class == ERR_THROTTLED || class == ERR_TRANSIENT;
}

static enum error_class classify_server_error(int status)
{
    switch (status) {
    case 501: /* not implemented */
    case 505: /* HTTP version not supported */
    case 507: /* insufficient storage */
    case 508: /* loop detected */
    case 510: /* not extended */
        return ERR_UNSUPPORTED;
    case 511: /* network authentication required: a hotel's login page */
        return ERR_AUTH;
    default:
        return ERR_TRANSIENT;
    }
}

enum error_class retry_classify_status(int status)
{
    if (status >= 200 && status < 300)
        return ERR_NONE;
    if (status >= 500 && status < 600)
        return classify_server_error(status);
    switch (status) {
    case 401:
    case 407:
        return ERR_AUTH;
    case 403:
        return ERR_DENIED;
    case 404:
    case 410:
        return ERR_NOT_FOUND;
    case 405:
    case 406:
    case 415:
        return ERR_UNSUPPORTED;
    case 408: /* request timeout */
    case 425: /* too early */
    case 499: /* client closed request, said by proxies that lost their own peer */
        return ERR_TRANSIENT;
    case 413:
        return ERR_TOO_LARGE;
    case 429:
        return ERR_THROTTLED;
    default:
        return ERR_PROTOCOL;
    }
}

static int64_t own_pause(const struct retry_policy *policy, int attempt, double random)
{
    int64_t pause = policy->base_ms;
    for (int i = 0; i < attempt && pause < policy->max_ms; i++)
        pause *= 2;
    if (pause > policy->max_ms)
        pause = policy->max_ms;
    return pause - (int64_t)((double)pause * random / 2);
}

/* Everybody was told the same: up to a tenth more keeps them from coming back at once. */
static int64_t asked_pause(int64_t asked_ms, double random)
{
    const int64_t least = 100, most = 5000;
    int64_t spread = asked_ms / 10;
    spread = spread < least ? least : spread > most ? most : spread;
    return asked_ms + (int64_t)((double)spread * random);
}

int64_t retry_delay_ms(const struct retry_policy *policy, const struct error *err, int attempt,
                       double random)
{
    if (attempt >= policy->retries || !retry_class_is_temporary(err->class))
        return -1;
    int64_t own = own_pause(policy, attempt, random);
    if (err->retry_after_ms < 0)
        return own;
    if (err->retry_after_ms > policy->max_asked_ms)
        return -1;
    int64_t asked = asked_pause(err->retry_after_ms, random);
    return asked > own ? asked : own;
}

static int64_t until_ms(int64_t when_s, int64_t now_s)
{
    return when_s > now_s ? (when_s - now_s) * 1000 : 0;
}

int64_t retry_after_parse(const char *value, int64_t wall_now_s)
{
    _cleanup_free_ char *copy = xstrdup(value);
    const char *text = str_trim(copy);
    int64_t seconds;
    if (str_to_int64(text, 0, SECONDS_MAX, &seconds) == 0)
        return seconds > EPOCH_FROM ? until_ms(seconds, wall_now_s) : seconds * 1000;
    /* Dates begin with the day's name; libcurl would make dates of odd numbers, too. */
    if (!isalpha((unsigned char)*text))
        return -1;
    time_t when = curl_getdate(text, NULL);
    return when < 0 ? -1 : until_ms((int64_t)when, wall_now_s);
}
