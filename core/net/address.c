/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question, asked of the address that a connection really has: could a server out there make
 * us reach something that only we can reach? In doubt the answer is yes, private.
 */
#include "net/address.h"

#include "base/alloc.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
    uint32_t network;
    int bits;
} private_v4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* RFC 1918 */
    {0x64400000, 10}, /* carrier-grade NAT */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, clouds' metadata */
    {0xac100000, 12}, /* RFC 1918 */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0a80000, 16}, /* RFC 1918 */
    {0xc6120000, 15}, /* benchmarks */
    {0xe0000000, 3},  /* multicast, reserved, broadcast */
};

static bool v4_is_private(uint32_t address)
{
    for (size_t i = 0; i < ARRAY_LEN(private_v4); i++) {
        if ((address ^ private_v4[i].network) >> (32 - private_v4[i].bits) == 0)
            return true;
    }
    return false;
}

static const struct {
    uint8_t network[16];
    int bits;
    int embedded_at; /* byte where an IPv4 address that decides lies; -1: private as it is */
} special_v6[] = {
    {{[15] = 1}, 128, -1},                 /* loopback */
    {{0}, 96, 12},                         /* IPv4-compatible, unspecified */
    {{[10] = 0xff, [11] = 0xff}, 96, 12},  /* IPv4-mapped */
    {{[8] = 0xff, [9] = 0xff}, 96, 12},    /* IPv4-translated */
    {{0, 0x64, 0xff, 0x9b}, 96, 12},       /* NAT64 */
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, -1}, /* NAT64 of a local network */
    {{0x20, 0x02}, 16, 2},                 /* 6to4 */
    {{0x20, 0x01}, 32, -1},                /* Teredo: hides an IPv4 address */
    {{0xfc}, 7, -1},                       /* unique local */
    {{0xfe, 0x80}, 10, -1},                /* link-local */
    {{0xfe, 0xc0}, 10, -1},                /* site-local */
    {{0xff}, 8, -1},                       /* multicast */
};

static bool v6_is_within(const uint8_t *address, const uint8_t *network, int bits)
{
    size_t whole = (size_t)bits / 8;
    int rest = bits % 8;
    if (memcmp(address, network, whole) != 0)
        return false;
    return !rest || (address[whole] ^ network[whole]) >> (8 - rest) == 0;
}

static bool v6_is_private(const uint8_t *address)
{
    for (size_t i = 0; i < ARRAY_LEN(special_v6); i++) {
        if (!v6_is_within(address, special_v6[i].network, special_v6[i].bits))
            continue;
        if (special_v6[i].embedded_at < 0)
            return true;
        uint32_t v4;
        memcpy(&v4, address + special_v6[i].embedded_at, sizeof(v4));
        return v4_is_private(ntohl(v4));
    }
    return false;
}

bool address_is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof(v4));
        return v4_is_private(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof(v6));
        return v6_is_private(v6.sin6_addr.s6_addr);
    }
    return true; /* a local socket, or something that we don't know */
}

/* Reads an address, IPv6 with or without brackets; the family, or AF_UNSPEC for names. */
static int parse_ip(const char *host, struct in_addr *v4, struct in6_addr *v6)
{
    size_t len = strlen(host);
    bool bracketed = len > 2 && host[0] == '[' && host[len - 1] == ']';
    _cleanup_free_ char *bare = bracketed ? xstrndup(host + 1, len - 2) : xstrdup(host);
    if (!bracketed && inet_pton(AF_INET, bare, v4) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, bare, v6) == 1 ? AF_INET6 : AF_UNSPEC;
}

bool host_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    int family = parse_ip(host, &v4, &v6);
    if (family == AF_INET)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
    return str_ieq(host, "localhost");
}

bool host_is_ip(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    return parse_ip(host, &v4, &v6) != AF_UNSPEC;
}

bool host_is_private_ip(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    int family = parse_ip(host, &v4, &v6);
    if (family == AF_INET)
        return v4_is_private(ntohl(v4.s_addr));
    return family == AF_INET6 && v6_is_private(v6.s6_addr);
}
