/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that only read one reference share. */
#pragma once

#include "cmd/endpoint.h"

struct query {
    struct context ctx;
    struct side_options side;
    struct net_options net;
    struct endpoint endpoint;
};

/* Parses, opens the reference that is the only operand, runs `body`, and cleans up. `extra` is
 * the command's own table. Returns the exit code. */
int query_run(const struct command *self, struct globals *globals, enum endpoint_use use,
              const struct option_group *extra, int argc, char **argv,
              int (*body)(struct query *query, void *arg), void *arg);
/* Runs an operation to its end; its failure is said. 0 or the exit code. */
int query_wait(struct query *query, struct store_op *op);
