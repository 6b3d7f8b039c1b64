/* SPDX-License-Identifier: Apache-2.0 */
/* The WWW-Authenticate header in the shapes which are met in the field. */
#ifndef REGISTRY_CHALLENGE_H
#define REGISTRY_CHALLENGE_H

#include "request.h"

/* Adds the challenge for this request; `error` is the bearer error or NULL. */
void challenge_add(const struct request *request, struct reply *reply, const char *error);
/* The repository which a mount wants to read, if this registry asks for a right on it. */
const char *challenge_mount_source(const struct request *request);

#endif
