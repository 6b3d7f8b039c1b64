/* SPDX-License-Identifier: Apache-2.0 */
#include "net/proxy.h"

#include "base/str.h"
#include "net/address.h"
#include "net/url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const char *either_case(const struct proxy_env *env, const char *lower, const char *upper)
{
    const char *value = env->get(lower);
    return !str_empty(value) ? value : env->get(upper);
}

/* Bytes of the address behind `text` (brackets allowed); returns their number, 0 for a name. */
static size_t address_bytes(const char *text, unsigned char out[16])
{
    char bare[64];
    size_t len = strlen(text);
    if (text[0] == '[' && len > 2) {
        text++;
        len -= 2;
    }
    if (len >= sizeof(bare))
        return 0;
    memcpy(bare, text, len);
    bare[len] = '\0';
    if (inet_pton(AF_INET, bare, out) == 1)
        return 4;
    return inet_pton(AF_INET6, bare, out) == 1 ? 16 : 0;
}

static bool in_network(const char *host, char *entry)
{
    unsigned char address[16], network[16];
    char *slash = strchr(entry, '/');
    size_t len = address_bytes(host, address);
    int64_t bits;
    if (!slash || !len || str_to_int64(slash + 1, 0, (int64_t)len * 8, &bits) < 0)
        return false;
    *slash = '\0';
    if (address_bytes(entry, network) != len)
        return false;
    size_t whole = (size_t)bits / 8, rest = (size_t)bits % 8;
    unsigned char mask = (unsigned char)(0xff00 >> rest);
    return memcmp(address, network, whole) == 0 &&
           (!rest || (address[whole] & mask) == (network[whole] & mask));
}

/* Cuts ":PORT" off "name:PORT" and "[::1]:PORT"; false when it is another port. */
static bool take_port(char *entry, const struct url *url)
{
    char *colon = strrchr(entry, ':');
    bool is_only = colon && (strchr(entry, ':') == colon || (colon > entry && colon[-1] == ']'));
    int64_t port;
    if (!is_only || strchr(entry, '/') || str_to_int64(colon + 1, 1, 65535, &port) < 0)
        return true;
    *colon = '\0';
    return port == url->port;
}

/* Is it the same address, however written? */
static bool same_address(const char *host, const char *entry)
{
    unsigned char a[16], b[16];
    size_t len = address_bytes(host, a);
    return len && address_bytes(entry, b) == len && memcmp(a, b, len) == 0;
}

static bool entry_matches(char *entry, const struct url *url)
{
    if (!take_port(entry, url))
        return false;
    if (same_address(url->host, entry))
        return true;
    if (strchr(entry, '/'))
        return in_network(url->host, entry);
    const char *name = *entry == '.' ? entry + 1 : entry;
    size_t host_len = strlen(url->host), len = strlen(name);
    if (!len || len > host_len || !str_ieq(url->host + host_len - len, name))
        return false;
    return host_len == len || url->host[host_len - len - 1] == '.';
}

static bool is_exempt(const char *list, const struct url *url)
{
    if (str_empty(list))
        return false;
    _cleanup_free_ char *copy = xstrdup(list);
    char *rest = copy;
    for (char *entry; (entry = strsep(&rest, ", "));) {
        if (*entry && (str_eq(entry, "*") || entry_matches(entry, url)))
            return true;
    }
    return false;
}

const char *proxy_choose(const struct proxy_env *env, const struct url *url)
{
    if (host_is_loopback(url->host))
        return NULL; /* as Go programs: this machine is not behind a proxy */
    bool https = str_eq(url->scheme, "https");
    const char *proxy =
        https ? either_case(env, "https_proxy", "HTTPS_PROXY") : env->get("http_proxy");
    if (!https && str_empty(proxy) && !env->get("REQUEST_METHOD"))
        proxy = env->get("HTTP_PROXY");
    if (str_empty(proxy))
        proxy = either_case(env, "all_proxy", "ALL_PROXY");
    if (str_empty(proxy) || is_exempt(either_case(env, "no_proxy", "NO_PROXY"), url))
        return NULL;
    return proxy;
}
