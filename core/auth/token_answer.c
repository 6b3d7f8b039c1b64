/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields come in several names and types. Only the token itself must be right: a lifetime that
 * makes no sense is taken as the shortest one, so that the worst outcome is an early renewal.
 */
#include "auth/token_answer.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIFETIME_MIN_S 60
#define LIFETIME_MAX_S 3600
#define LIFETIME_TOLD_MAX_S 1000000000 /* more makes no difference */
#define MESSAGE_MAX 200

/* Fit for a header. */
static bool is_token(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p <= ' ' || *p >= 0x7f)
            return false;
    }
    return *text;
}

/* A JSON number, or a string that holds one. */
static double seconds_of(const struct ocync_host *host, const struct ocync_json *value)
{
    const char *text = host->json_string(value);
    if (!text)
        return host->json_number(value, 0);
    char *end;
    double seconds = strtod(text, &end);
    return end == text || *end ? 0 : seconds;
}

/* RFC 3339; -1 for anything else. */
static int64_t parse_time(const char *text)
{
    struct tm tm = {0};
    const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!p)
        return -1;
    if (*p == '.')
        p += 1 + strspn(p + 1, "0123456789");
    int64_t offset_s = 0;
    if (*p == '+' || *p == '-') {
        struct tm offset = {0};
        const char *end = strptime(p + 1, "%H:%M", &offset);
        if (!end || *end)
            return -1;
        offset_s =
            (*p == '-' ? -1 : 1) * (offset.tm_hour * INT64_C(3600) + offset.tm_min * INT64_C(60));
    } else if (!str_eq(p, "Z") && !str_eq(p, "z")) {
        return -1;
    }
    return timegm(&tm) - offset_s;
}

/* Servers that keep tokens hand out used ones. A time in the future, or one that leaves nothing,
 * tells of a wrong clock and is ignored. */
static int64_t age_s(const struct ocync_host *host, struct ocync_object *object,
                     const struct ocync_json *answer, int64_t lifetime_s)
{
    const char *issued_at = host->json_string(host->json_member(answer, "issued_at"));
    int64_t issued = issued_at ? parse_time(issued_at) : -1;
    int64_t age = issued < 0 ? 0 : host->wall_clock_s(object) - issued;
    return age > 0 && age < lifetime_s ? age : 0;
}

static int64_t lifetime_ms(const struct ocync_host *host, struct ocync_object *object,
                           const struct ocync_json *answer)
{
    double told = seconds_of(host, host->json_member(answer, "expires_in"));
    int64_t seconds = told >= LIFETIME_TOLD_MAX_S ? LIFETIME_TOLD_MAX_S
                      : told > LIFETIME_MIN_S     ? (int64_t)told
                                                  : LIFETIME_MIN_S;
    seconds -= age_s(host, object, answer, seconds);
    return (seconds < LIFETIME_MAX_S ? seconds : LIFETIME_MAX_S) * 1000;
}

static const char *member_text(const struct ocync_host *host, const struct ocync_json *answer,
                               const char *key)
{
    const char *text = host->json_string(host->json_member(answer, key));
    return str_empty(text) ? NULL : text;
}

const char *token_answer_read(const struct ocync_host *host, struct ocync_object *object,
                              const struct ocync_result *result, struct token_answer *ret)
{
    const struct ocync_json *answer =
        result->text_len ? host->json_parse(object, result->text, result->text_len) : NULL;
    if (host->json_type(answer) != OCYNC_JSON_OBJECT)
        return "answered something that is no JSON object; expected one with a token";
    const char *token = member_text(host, answer, "token");
    if (!token)
        token = member_text(host, answer, "access_token");
    if (!token)
        return "answered without a token";
    const char *refresh = member_text(host, answer, "refresh_token");
    if (!is_token(token))
        return "answered with a token that no header can carry";
    *ret = (struct token_answer){.token = token,
                                 .refresh_token = refresh && is_token(refresh) ? refresh : NULL,
                                 .lifetime_ms = lifetime_ms(host, object, answer)};
    return NULL;
}

static bool repeats(const char *text, const char *secret)
{
    return !str_empty(secret) && strstr(text, secret);
}

const char *token_answer_message(const struct ocync_host *host, struct ocync_object *object,
                                 const struct ocync_token_args *args,
                                 const struct ocync_result *result)
{
    const struct ocync_json *answer =
        result->text_len ? host->json_parse(object, result->text, result->text_len) : NULL;
    const struct ocync_json *first = host->json_item(host->json_member(answer, "errors"), 0);
    const char *text = member_text(host, first, "message");
    static const char *const keys[] = {"error_description", "details", "message", "error"};
    for (size_t i = 0; !text && i < ARRAY_LEN(keys); i++)
        text = member_text(host, answer, keys[i]);
    if (!text || repeats(text, args->password) || repeats(text, args->identity_token))
        return "";
    return host->printf(object, ": %.*s", MESSAGE_MAX, text);
}
