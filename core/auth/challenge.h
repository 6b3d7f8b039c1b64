/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry asks for in WWW-Authenticate: a pure and lenient parser. */
#pragma once

#include "base/vec.h"

#define CHALLENGES_MAX 16

enum challenge_scheme { CHALLENGE_OTHER, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
    enum challenge_scheme scheme;
    char *realm;   /* NULL: not given; as are the others */
    char *service; /* verbatim */
    char *scope;   /* may be "" or something that is no resource scope ("aws") */
};

struct challenges {
    VEC(struct challenge) list;
};

/* Adds the challenges of one header value (there may be several of both). What can't be read is
 * left out; more than CHALLENGES_MAX in all are ignored. */
void challenges_add(struct challenges *all, const char *value);
void challenges_done(struct challenges *all);
/* The one to answer: Bearer with a realm before Basic; NULL when there is neither. */
const struct challenge *challenges_pick(const struct challenges *all);
