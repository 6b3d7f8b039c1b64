/* SPDX-License-Identifier: Apache-2.0 */
/* From method and path to the functions which serve them. */
#ifndef REGISTRY_ROUTER_H
#define REGISTRY_ROUTER_H

#include "request.h"

/* Who may come in. */
enum access {
    ACCESS_ROOT,       /* GET /v2/ */
    ACCESS_REPOSITORY, /* rights in the repository, by the method */
    ACCESS_LINK,       /* the URL carries its own right, and a credential is refused */
    ACCESS_FREE,       /* token service */
    ACCESS_ADMIN,      /* our own paths */
};

struct route {
    const char *methods; /* separated by spaces */
    const char *pattern; /* first group: repository, second: reference */
    enum access access;
    /* Looks at the head; may answer at once, or say where the body goes. May be NULL. */
    void (*prepare)(struct request *request);
    /* Answers when the body is complete. */
    void (*finish)(struct request *request);
};

void router_init(void);
void router_done(void);
/* Sets route, name and reference of the request; `path` is without query, and decoded. */
void router_find(struct request *request, const char *path);

#endif
