/* SPDX-License-Identifier: Apache-2.0 */
/* Between libmicrohttpd and the handlers: the life of a request, and the faults on its way. */
#ifndef REGISTRY_SERVER_H
#define REGISTRY_SERVER_H

#include "registry.h"

/* Starts libmicrohttpd without a socket of its own; connections come from the raw front. */
struct MHD_Daemon *server_start(struct registry *registry);
/* For the raw front: faults which hit connections. */
void server_on_accept(void *cls, struct conn *conn);

#endif
