/* SPDX-License-Identifier: Apache-2.0 */
#include "net/address.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct {
    const char *address;
    bool private;
} rows[] = {
    {"0.0.0.0", true},
    {"0.1.2.3", true},
    {"1.0.0.0", false},
    {"8.8.8.8", false},
    {"9.255.255.255", false},
    {"10.0.0.0", true},
    {"10.255.255.255", true},
    {"11.0.0.0", false},
    {"100.63.255.255", false},
    {"100.64.0.0", true},
    {"100.127.255.255", true},
    {"100.128.0.0", false},
    {"126.255.255.255", false},
    {"127.0.0.1", true},
    {"127.255.255.255", true},
    {"128.0.0.0", false},
    {"169.253.255.255", false},
    {"169.254.169.254", true},
    {"169.255.0.0", false},
    {"172.15.255.255", false},
    {"172.16.0.0", true},
    {"172.31.255.255", true},
    {"172.32.0.0", false},
    {"192.0.0.8", true},
    {"192.0.1.0", false},
    {"192.167.255.255", false},
    {"192.168.0.0", true},
    {"192.168.255.255", true},
    {"192.169.0.0", false},
    {"198.17.255.255", false},
    {"198.18.0.0", true},
    {"198.19.255.255", true},
    {"198.20.0.0", false},
    {"223.255.255.255", false},
    {"224.0.0.1", true},
    {"240.0.0.1", true},
    {"255.255.255.255", true},
    {"::", true},
    {"::1", true},
    {"::2", true},
    {"::10.0.0.1", true},
    {"::ffff:8.8.8.8", false},
    {"::ffff:127.0.0.1", true},
    {"::ffff:169.254.169.254", true},
    {"::ffff:0:10.0.0.1", true},
    {"64:ff9b::8.8.8.8", false},
    {"64:ff9b::10.0.0.1", true},
    {"64:ff9b:1::8.8.8.8", true},
    {"2001::1", true},
    {"2001:4860:4860::8888", false},
    {"2002:808:808::1", false},
    {"2002:a01:102::1", true},
    {"2002:7f00:1::1", true},
    {"2606:4700::1", false},
    {"fbff::1", false},
    {"fc00::1", true},
    {"fdff:ffff::1", true},
    {"fe00::1", false},
    {"fe80::1", true},
    {"febf::1", true},
    {"fec0::1", true},
    {"ff02::1", true},
};

static void private_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sockaddr_storage storage = {0};
        struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
        if (inet_pton(AF_INET, rows[i].address, &v4->sin_addr) == 1)
            storage.ss_family = AF_INET;
        else if (inet_pton(AF_INET6, rows[i].address, &v6->sin6_addr) == 1)
            storage.ss_family = AF_INET6;
        if (address_is_private((struct sockaddr *)&storage) != rows[i].private)
            fail_msg("%s", rows[i].address);
    }
}

static void unknown_families_are_private(void **state)
{
    (void)state;
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_true(address_is_private((struct sockaddr *)&local));
    struct sockaddr_storage nothing = {0};
    assert_true(address_is_private((struct sockaddr *)&nothing));
}

static void private_addresses_in_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[64];
        assert_int_equal(host_is_private_ip(rows[i].address), rows[i].private);
        snprintf(text, sizeof(text), "[%s]", rows[i].address);
        if (strchr(rows[i].address, ':'))
            assert_int_equal(host_is_private_ip(text), rows[i].private);
    }
    assert_false(host_is_private_ip("localhost"));
    assert_false(host_is_private_ip("10.example"));
    assert_false(host_is_private_ip(""));
}

static void hosts(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool loopback, ip;
    } names[] = {
        {"127.0.0.1", true, true},
        {"127.9.9.9", true, true},
        {"128.0.0.1", false, true},
        {"[::1]", true, true},
        {"::1", true, true},
        {"[::ffff:127.0.0.1]", true, true},
        {"[::ffff:10.0.0.1]", false, true},
        {"[::2]", false, true},
        {"[fe80::1]", false, true},
        {"localhost", true, false},
        {"LocalHost", true, false},
        {"localhost.", false, false},
        {"localhost.example", false, false},
        {"x.localhost", false, false},
        {"127.0.0.1.example", false, false},
        {"127.1", false, false},
        {"[127.0.0.1]", false, false},
        {"[]", false, false},
        {"[", false, false},
        {"", false, false},
        {"h.io", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(host_is_loopback(names[i].host), names[i].loopback);
        assert_int_equal(host_is_ip(names[i].host), names[i].ip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_addresses),
        cmocka_unit_test(unknown_families_are_private),
        cmocka_unit_test(private_addresses_in_text),
        cmocka_unit_test(hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
