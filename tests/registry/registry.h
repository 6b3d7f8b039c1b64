/* SPDX-License-Identifier: Apache-2.0 */
/* The one object which ties the parts together: what the registry holds, how it behaves, which
 * faults wait, and what happened so far. */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include <stdint.h>

#include "faults.h"
#include "limits.h"
#include "options.h"
#include "rawfront.h"
#include "store.h"
#include "switches.h"
#include "ticket.h"
#include "users.h"
#include "wirelog.h"

struct registry {
    const struct options *options;
    struct switches switches;
    struct users users;
    struct fault_list faults;
    struct store store;
    struct limits limits;
    struct ticket_key key;
    struct map token_uses; /* ticket -> uint64_t *, for the switch token_max_uses */
    struct wirelog log;
    struct rawfront front;
    uint64_t requests; /* begun so far */
    unsigned open;     /* begun and not yet ended on the wire */
};

#endif
