/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker's credential helpers: docker-credential-NAME get. A configured helper that is missing or
 * fails is an error: going on without it would use credentials that were not meant.
 */
#pragma once

#include "auth/credential.h"
#include "net/task.h"

struct helper_request {
    const char *name;   /* [A-Za-z0-9._-]+ */
    const char *server; /* what to ask for */
    const char *host;   /* for messages: the registry */
    const char *origin; /* for messages: who configured it */
    int64_t timeout_ms; /* 0: 30 s */
};

/*
 * A task. Fails with ERR_CONFIG (bad name, no such program) or ERR_AUTH (anything else but "not
 * found").
 */
struct helper_op;
struct helper_op *helper_start(struct loop *loop, struct task *parent,
                               const struct helper_request *request);
struct task *helper_task(struct helper_op *op);
/* Once done with result 0: true and the credential, or false when the helper has none. */
bool helper_take(struct helper_op *op, struct credential *ret);
