/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/host.h"

#include "net/url.h"

#include <string.h>

static const char base64_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Writes the letters of up to three bytes; returns how many. */
static size_t encode_group(const uint8_t *in, size_t len, const char *letters, char *out)
{
    uint32_t bits =
        (uint32_t)in[0] << 16 | (len > 1 ? (uint32_t)in[1] << 8 : 0) | (len > 2 ? in[2] : 0);
    for (size_t i = 0; i <= len; i++)
        out[i] = letters[bits >> (18 - 6 * i) & 63];
    return len + 1;
}

static char *encode(struct ocync_object *object, const void *data, size_t len, const char *letters,
                    bool pad)
{
    char *text = object_alloc(object, (len + 2) / 3 * 4 + 1), *out = text;
    for (size_t at = 0; at < len; at += 3) {
        size_t group = len - at < 3 ? len - at : 3;
        out += encode_group((const uint8_t *)data + at, group, letters, out);
        for (size_t i = group; pad && i < 3; i++)
            *out++ = '=';
    }
    return text;
}

char *host_base64_encode(struct ocync_object *object, const void *data, size_t len)
{
    return encode(object, data, len, base64_letters, true);
}

char *host_base64url_encode(struct ocync_object *object, const void *data, size_t len)
{
    return encode(object, data, len, base64url_letters, false);
}

/* 0 to 63, or -1. */
static int letter_value(char c)
{
    const char *at = c ? strchr(base64_letters, c) : NULL;
    if (at)
        return (int)(at - base64_letters);
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Length of the text without its padding, or SIZE_MAX when the padding is wrong. */
static size_t unpadded_len(const char *text)
{
    size_t len = strlen(text), pad = 0;
    while (pad < 2 && pad < len && text[len - pad - 1] == '=')
        pad++;
    if ((pad > 0 && len % 4 != 0) || (len - pad) % 4 == 1)
        return SIZE_MAX;
    return len - pad;
}

char *host_base64_decode(struct ocync_object *object, const char *text, size_t *ret_len)
{
    size_t len = unpadded_len(text), out = 0;
    if (len == SIZE_MAX)
        return NULL;
    char *data = object_alloc(object, len / 4 * 3 + 3);
    uint32_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        int value = letter_value(text[i]);
        if (value < 0)
            return NULL;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0)
            data[out++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
    }
    if (ret_len)
        *ret_len = out;
    return data;
}

char *host_hex_encode(struct ocync_object *object, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    char *text = object_alloc(object, 2 * len + 1);
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return text;
}

/* Moves a string of our own heap into the object and wipes the original. */
static char *adopt(struct ocync_object *object, char *text)
{
    char *copy = object_strdup(object, text);
    secret_wipe_str(text);
    return copy;
}

char *host_url_encode(struct ocync_object *object, const char *text)
{
    return adopt(object, url_encode(text));
}

char *host_form_encode(struct ocync_object *object, const char *const *pairs)
{
    char *form = object_strdup(object, "");
    for (size_t i = 0; pairs[i]; i += 2) {
        if (!pairs[i + 1])
            continue;
        form = host_table.printf(object, "%s%s%s=%s", form, *form ? "&" : "",
                                 host_url_encode(object, pairs[i]),
                                 host_url_encode(object, pairs[i + 1]));
    }
    return form;
}

char *host_url_add_query(struct ocync_object *object, const char *url, const char *query)
{
    size_t len = strcspn(url, "#");
    const char *mark = memchr(url, '?', len);
    const char *joint = !mark ? "?" : (url[len - 1] == '?' || url[len - 1] == '&') ? "" : "&";
    return host_table.printf(object, "%.*s%s%s", (int)len, url, joint, query);
}
