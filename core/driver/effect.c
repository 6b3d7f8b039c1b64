/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/effect.h"

#include "base/str.h"
#include "driver/flow_machine.h"
#include "net/url.h"

#include <string.h>

const char *effect_name(uint32_t kind)
{
    static const char *const names[] = {
        [OCYNC_EFFECT_DONE] = "DONE",   [OCYNC_EFFECT_FAIL] = "FAIL", [OCYNC_EFFECT_HTTP] = "HTTP",
        [OCYNC_EFFECT_FILE] = "FILE",   [OCYNC_EFFECT_ENV] = "ENV",   [OCYNC_EFFECT_EXEC] = "EXEC",
        [OCYNC_EFFECT_SLEEP] = "SLEEP", [OCYNC_EFFECT_ROW] = "ROW",
    };
    return kind < ARRAY_LEN(names) ? names[kind] : NULL;
}

static bool is_method(const char *s)
{
    size_t len = strlen(s);
    return len > 0 && len <= 16 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

/* RFC 9110 token, and a value that can't end its line. */
static bool is_header(const struct ocync_header *header)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-.^_`|~";
    if (str_empty(header->name) || !header->value)
        return false;
    return strspn(header->name, token) == strlen(header->name) &&
           strcspn(header->value, "\r\n") == strlen(header->value);
}

static bool is_http_url(const char *text)
{
    struct url url = {0};
    bool sound = url_parse(text, &url, NULL) == 0;
    url_done(&url);
    return sound;
}

static const char *settle_body(const struct ocync_effect *effect)
{
    if (effect->body_len > FLOW_BODY_MAX)
        return "its body is larger than 1 MiB";
    if (!effect->body && effect->body_len > 0)
        return "it has a body length but no body";
    return NULL;
}

static const char *settle_http(struct ocync_effect *effect)
{
    if (!effect->method)
        effect->method = "GET";
    if (!is_method(effect->method))
        return "its method is not a word in capitals";
    if (!effect->url || !is_http_url(effect->url))
        return "its url is not an absolute http or https URL";
    if (effect->n_headers > FLOW_LIST_MAX)
        return "it has more than 64 headers";
    for (size_t i = 0; i < effect->n_headers; i++) {
        if (!is_header(&effect->headers[i]))
            return "one of its headers has a malformed name or value";
    }
    if (effect->credential > OCYNC_CREDENTIAL_BEARER)
        return "it wants a kind of credential that this ocync does not know";
    return settle_body(effect);
}

static const char *settle_exec(struct ocync_effect *effect)
{
    if (!effect->argv || str_empty(effect->argv[0]))
        return "it names no program in argv";
    for (size_t n = 0; effect->argv[n]; n++) {
        if (n == FLOW_LIST_MAX)
            return "it has more than 64 arguments";
    }
    if (effect->duration_ms <= 0)
        effect->duration_ms = FLOW_EXEC_DEFAULT_MS;
    if (effect->duration_ms > FLOW_EXEC_MAX_MS)
        effect->duration_ms = FLOW_EXEC_MAX_MS;
    return settle_body(effect);
}

static const char *settle_row(const struct ocync_effect *effect)
{
    if (effect->n_row == 0 || effect->n_row > FLOW_LIST_MAX || !effect->row)
        return "it has no columns, or more than 64";
    return NULL;
}

const char *effect_settle(struct ocync_effect *effect)
{
    if (effect->cap == 0)
        effect->cap = FLOW_CAP_DEFAULT;
    if (effect->cap > FLOW_CAP_MAX)
        effect->cap = FLOW_CAP_MAX;
    switch (effect->kind) {
    case OCYNC_EFFECT_HTTP:
        return settle_http(effect);
    case OCYNC_EFFECT_FILE:
        return str_empty(effect->text) ? "it names no path in text" : NULL;
    case OCYNC_EFFECT_ENV:
        return str_empty(effect->text) || strchr(effect->text, '=')
                   ? "text is not the name of a variable"
                   : NULL;
    case OCYNC_EFFECT_EXEC:
        return settle_exec(effect);
    case OCYNC_EFFECT_SLEEP:
        return effect->duration_ms < 0 ? "its duration is negative" : NULL;
    case OCYNC_EFFECT_ROW:
        return settle_row(effect);
    default:
        return NULL;
    }
}
