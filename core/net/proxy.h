/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which proxy a request goes through, by the environment: http_proxy, https_proxy, all_proxy and
 * no_proxy in lower or upper case (lower wins), as curl and Go programs read them together.
 */
#pragma once

struct url;

struct proxy_env {
    const char *(*get)(const char *name); /* getenv, or a test's */
};

/* The proxy's URL, or NULL for a direct connection. HTTP_PROXY in upper case is ignored in a CGI
 * process (REQUEST_METHOD is set), where a client could choose it. */
const char *proxy_choose(const struct proxy_env *env, const struct url *url);
