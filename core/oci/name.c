/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammars of hosts, repositories and tags. Whatever passes here may be put into a URL or a
 * path as it is: no dots that climb, no percent signs, no user info, no control characters.
 */
#include "oci/ref.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define REPOSITORY_MAX 255
#define TAG_MAX 128
#define HOST_MAX 253
#define LABEL_MAX 63
#define LOWER_ALNUM "abcdefghijklmnopqrstuvwxyz0123456789"
#define ALNUM LOWER_ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* One of "." "_" "__" or any run of "-"; 0: none. */
static size_t separator_len(const char *s)
{
    if (*s == '.')
        return 1;
    if (*s == '_')
        return s[1] == '_' ? 2 : 1;
    return strspn(s, "-");
}

bool repository_name_is_valid(const char *name)
{
    if (strlen(name) > REPOSITORY_MAX)
        return false;
    for (;;) {
        size_t len = strspn(name, LOWER_ALNUM);
        if (!len)
            return false;
        name += len;
        if (!*name)
            return true;
        size_t gap = *name == '/' ? 1 : separator_len(name);
        if (!gap)
            return false;
        name += gap;
    }
}

bool tag_is_valid(const char *tag)
{
    size_t len = strspn(tag, ALNUM "_.-");
    return len && !tag[len] && len <= TAG_MAX && *tag != '.' && *tag != '-';
}

static bool port_is_valid(const char *port)
{
    int64_t number;
    return *port != '0' && strlen(port) <= 5 && str_to_int64(port, 1, 65535, &number) == 0;
}

/* A name that ends in a number is an IPv4 address or nothing: "127.1" means different hosts to
 * different programs. */
static bool last_label_is_number(const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *label = dot ? dot + 1 : name;
    return label[strspn(label, "0123456789")] == '\0' ||
           (label[0] == '0' && tolower((unsigned char)label[1]) == 'x');
}

static bool name_is_valid(const char *name)
{
    size_t total = strlen(name);
    struct in_addr v4;
    if (!total || total > HOST_MAX)
        return false;
    if (inet_pton(AF_INET, name, &v4) == 1)
        return true;
    for (const char *label = name;;) {
        size_t len = strspn(label, ALNUM "-");
        if (!len || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
            return false;
        if (!label[len])
            return !last_label_is_number(name);
        if (label[len] != '.')
            return false;
        label += len + 1;
    }
}

bool host_is_valid(const char *host)
{
    size_t name_len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (strlen(host) < name_len)
        return false;
    const char *rest = host + name_len;
    if (*rest && (*rest != ':' || !port_is_valid(rest + 1)))
        return false;
    if (*host != '[') {
        _cleanup_free_ char *name = xstrndup(host, name_len);
        return name_is_valid(name);
    }
    struct in6_addr v6;
    _cleanup_free_ char *address = xstrndup(host + 1, name_len - 2);
    return inet_pton(AF_INET6, address, &v6) == 1;
}
