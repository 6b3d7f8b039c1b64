/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are private: loopback, link-local, RFC 1918, CGNAT, ULA, and IPv4 in IPv6. */
#pragma once

#include <stdbool.h>

struct sockaddr;

bool address_is_private(const struct sockaddr *address);
/* "127.0.0.1", "[::1]", "localhost"; names that do not parse as an address are not. */
bool host_is_loopback(const char *host);
bool host_is_ip(const char *host);
/* An address in text that is private; names are not (only their connection tells). */
bool host_is_private_ip(const char *host);
