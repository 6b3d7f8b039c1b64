/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers out of range and unknown enumeration values become the nearest sound value or the
 * default: enumerations are open. Strings that will be part of a URL must be what they claim to
 * be, because a host name with a slash in it would send requests somewhere else.
 */
#include "driver/profile.h"

#include "base/str.h"
#include "net/url.h"

#include <string.h>

#define TAG_PAGE_MAX 10000
#define SCOPES_MAX 10
#define HOST_MAX_LEN 261 /* a name of 255 and a port */

static bool made_of(const char *s, const char *letters, size_t max)
{
    size_t len = strlen(s);
    return len > 0 && len <= max && strspn(s, letters) == len;
}

static bool is_host(const char *s)
{
    _cleanup_free_ char *url = xasprintf("https://%s/", s);
    struct url parsed = {0};
    bool sound = made_of(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]",
                         HOST_MAX_LEN) &&
                 url_parse(url, &parsed, NULL) == 0;
    url_done(&parsed);
    return sound;
}

static bool is_scheme(const char *s)
{
    return str_eq(s, "https") || str_eq(s, "http");
}

static bool is_prefix(const char *s)
{
    return made_of(s, "abcdefghijklmnopqrstuvwxyz0123456789._-/", 255) && s[0] != '/' &&
           str_has_suffix(s, "/") && !strstr(s, "//") && !strstr(s, "..");
}

static bool is_url(const char *s)
{
    struct url parsed = {0};
    bool sound = url_parse(s, &parsed, NULL) == 0;
    url_done(&parsed);
    return sound;
}

static bool is_text(const char *s)
{
    for (const char *p = s; *p; p++) {
        if (*p < ' ' || *p == 0x7f)
            return false;
    }
    return *s != '\0' && strlen(s) <= 1024;
}

static int check_string(const struct ocync_object *object, const char *field, const char *value,
                        bool (*is_sound)(const char *), const char *expected, struct error *err)
{
    if (!value || is_sound(value))
        return 0;
    return error_set(err, ERR_PLUGIN,
                     "driver %s is of no use for %s: the %s of its profile is \"%.100s\", which "
                     "is not %s",
                     object->shared->driver->api.name, object->shared->host, field, value,
                     expected);
}

static int check_strings(const struct ocync_profile *p, const struct ocync_object *object,
                         struct error *err)
{
    const struct {
        const char *field, *value;
        bool (*is_sound)(const char *);
        const char *expected;
    } checks[] = {
        {"canonical_host", p->canonical_host, is_host, "a host name"},
        {"api_host", p->api_host, is_host, "a host name"},
        {"api_scheme", p->api_scheme, is_scheme, "https or http"},
        {"repository_prefix", p->repository_prefix, is_prefix, "a path that ends in a slash"},
        {"credential_keys", p->credential_keys, is_text, "text"},
        {"token_realm", p->token_realm, is_url, "an http or https URL"},
        {"token_service", p->token_service, is_text, "text"},
    };
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(checks) && r == 0; i++)
        r = check_string(object, checks[i].field, checks[i].value, checks[i].is_sound,
                         checks[i].expected, err);
    return r;
}

static uint32_t within(uint32_t value, uint32_t otherwise, uint32_t max)
{
    return value == 0 ? otherwise : value < max ? value : max;
}

int profile_settle(const struct ocync_profile *profile, struct ocync_object *object,
                   struct ocync_profile *ret_profile, struct error *err)
{
    int r = check_strings(profile, object, err);
    if (r)
        return r;
    struct ocync_profile p = *profile;
    p.struct_size = sizeof(p);
    p.scopes_per_token = within(p.scopes_per_token, 1, SCOPES_MAX);
    p.tag_page_size = within(p.tag_page_size, 1000, TAG_PAGE_MAX);
    if (p.upload != OCYNC_UPLOAD_PATCH)
        p.upload = OCYNC_UPLOAD_PUT;
    if (p.mount != OCYNC_MOUNT_NEVER && p.mount != OCYNC_MOUNT_SAME_OWNER)
        p.mount = OCYNC_MOUNT_ANY;
    if (p.mount_self_probes > OCYNC_YES)
        p.mount_self_probes = OCYNC_UNSET;
    p.canonical_host =
        object_strdup(object, p.canonical_host ? p.canonical_host : object->shared->host);
    p.api_host = object_strdup(object, p.api_host ? p.api_host : p.canonical_host);
    p.api_scheme = object_strdup(object, p.api_scheme);
    p.repository_prefix = object_strdup(object, p.repository_prefix);
    p.credential_keys = object_strdup(object, p.credential_keys);
    p.token_realm = object_strdup(object, p.token_realm);
    p.token_service = object_strdup(object, p.token_service);
    *ret_profile = p;
    return 0;
}
