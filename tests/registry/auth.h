/* SPDX-License-Identifier: Apache-2.0 */
/* Who may send a request to the registry itself (the token service is in token.c). */
#ifndef REGISTRY_AUTH_H
#define REGISTRY_AUTH_H

#include "request.h"

/* Whether the request may go on; if not it has been answered. */
bool auth_check(struct request *request);
/* Answers 401 with a challenge; `error` is the bearer error or NULL. */
void auth_challenge(struct request *request, const char *error);
#endif
