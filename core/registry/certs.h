/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of one registry, where docker and the containers tools keep them: certs.d/HOST. */
#pragma once

#include "base/error.h"

#include <stdbool.h>

struct certs {
    char *ca_file;     /* NULL: none */
    char *client_cert; /* NULL: none; else with its key */
    char *client_key;
};

/* What lies for `host` ("registry.example:5000") in the first of these folders that knows it:
 * HOME/.config/containers/certs.d, /etc/containers/certs.d, /etc/docker/certs.d. `home` may be
 * NULL. *ret is empty when none does; *ret_known tells the difference from an empty one. */
int certs_find(const char *host, const char *home, struct certs *ret, bool *ret_known,
               struct error *err);
void certs_done(struct certs *certs);
