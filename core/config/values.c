/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences here do not name the key. Those that begin with "expected" are shown with the value
 * behind them, so a value that may hold a password gets another beginning.
 */
#include "config/values.h"

#include "base/nearest.h"
#include "base/str.h"
#include "oci/platform.h"
#include "oci/ref.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int value_bool(const char *text, bool *ret, struct error *err)
{
    if (!str_ieq(text, "true") && !str_ieq(text, "false"))
        return error_set(err, ERR_CONFIG, "expected true or false");
    *ret = str_ieq(text, "true");
    return 0;
}

int value_number(const char *text, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
    if (str_to_int64(text, min, max, ret) == 0)
        return 0;
    if (max == INT64_MAX)
        return error_set(err, ERR_CONFIG, "expected a whole number, %" PRIi64 " or more", min);
    return error_set(err, ERR_CONFIG, "expected a whole number from %" PRIi64 " to %" PRIi64, min,
                     max);
}

int value_duration(const char *text, int64_t min, int64_t *ret, struct error *err)
{
    int64_t value;
    if (str_to_duration_ms(text, &value) < 0)
        return error_set(err, ERR_CONFIG,
                         "expected a duration like 500ms, 30s, 1.5m, 12h or 7d "
                         "(a bare number counts seconds; 366 days at most)");
    if (value < min)
        return error_set(err, ERR_CONFIG, "expected a duration above 0, like 500ms, 30s or 2m");
    *ret = value;
    return 0;
}

int value_size(const char *text, int64_t *ret, struct error *err)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {
        {"B", 1},           {"kB", 1000},          {"MB", 1000000},
        {"GB", 1000000000}, {"TB", 1000000000000}, {"KiB", 1LL << 10},
        {"MiB", 1LL << 20}, {"GiB", 1LL << 30},    {"TiB", 1LL << 40},
    };
    size_t digits = strspn(text, "0123456789");
    _cleanup_free_ char *number = xstrndup(text, digits);
    int64_t value;
    if (str_to_int64(number, 0, INT64_MAX, &value) == 0) {
        const char *unit = text + digits + (text[digits] == ' ');
        for (size_t i = 0; i < ARRAY_LEN(units); i++) {
            if (str_ieq(unit, units[i].unit) &&
                !__builtin_mul_overflow(value, units[i].factor, &value)) {
                *ret = value;
                return 0;
            }
        }
        if (value == 0 && !*unit) {
            *ret = 0;
            return 0;
        }
    }
    return error_set(err, ERR_CONFIG,
                     "expected 0 or a whole number with a unit, like 500MB, 2GB "
                     "or 2GiB");
}

/* "a, b or c". */
static void list_words(const char *const *words, struct buf *out)
{
    for (size_t i = 0; words[i]; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

int value_word(const char *text, const char *const *words, int *ret, struct error *err)
{
    size_t n = 0;
    for (; words[n]; n++) {
        if (str_eq(words[n], text)) {
            *ret = (int)n;
            return 0;
        }
    }
    struct buf list = BUF_INIT(ERROR_TEXT_MAX / 2);
    list_words(words, &list);
    const char *near = nearest_word(text, words, n);
    error_set(err, ERR_CONFIG, "expected %s", buf_str(&list));
    buf_done(&list);
    return near ? error_append(err, "; did you mean %s?", near) : ERR_CONFIG;
}

int value_check_host(const char *text, struct error *err)
{
    if (host_is_valid(text))
        return 0;
    return error_set(err, ERR_CONFIG,
                     "expected a host like registry.example.com or localhost:5000");
}

char *value_host_of_url(const char *text)
{
    if (strncasecmp(text, "https://", 8) == 0)
        text += 8;
    else if (strncasecmp(text, "http://", 7) == 0)
        text += 7;
    char *host = str_lower(text);
    size_t len = strlen(host);
    if (len && host[len - 1] == '/')
        host[len - 1] = '\0';
    return host;
}

int value_check_url(const char *text, struct error *err)
{
    _cleanup_free_ char *host = value_host_of_url(text);
    if (host_is_valid(host))
        return 0;
    if (strchr(host, '@'))
        return error_set(err, ERR_CONFIG,
                         "a host stands without user and password; those belong "
                         "under credentials");
    if (strchr(host, '/'))
        return error_set(err, ERR_CONFIG,
                         "expected a host without a path; what follows the host "
                         "belongs into from and to of the mappings");
    return value_check_host(host, err);
}

int value_check_repository(const char *text, struct error *err)
{
    if (repository_name_is_valid(text))
        return 0;
    if (strchr(text, ':') || strchr(text, '@'))
        return error_set(err, ERR_CONFIG,
                         "expected a repository without tag or digest; those "
                         "belong under tags, like [\"1.25\"]");
    return error_set(err, ERR_CONFIG,
                     "expected a repository like library/nginx: lower-case "
                     "letters and digits, with . _ - between them");
}

int value_check_platform(const char *text, struct error *err)
{
    struct platform platform = {0};
    struct error why = ERROR_INIT;
    if (platform_parse(text, &platform, &why) < 0)
        return error_set(err, ERR_CONFIG,
                         "expected os/arch or os/arch/variant, like linux/amd64 "
                         "or linux/arm/v7");
    platform_done(&platform);
    return 0;
}

int value_check_name(const char *text, struct error *err)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-");
    if (len && !text[len] && len <= 253 && isalnum((unsigned char)*text))
        return 0;
    return error_set(err, ERR_CONFIG,
                     "expected a name of letters, digits and . _ : - that begins "
                     "with a letter or digit");
}

int value_check_artifact_type(const char *text, struct error *err)
{
    for (const char *p = text; *p; p++) {
        if (*p <= ' ' || *p == 0x7f)
            return error_set(err, ERR_CONFIG,
                             "expected an artifact type without blanks, like "
                             "application/spdx+json");
    }
    return 0;
}
