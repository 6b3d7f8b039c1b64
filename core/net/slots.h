/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded pools of permits with waiters in order of arrival. A claim over several pools gets all
 * it needs at once or nothing, so nobody waits for a slot while holding one.
 */
#pragma once

#include "net/task.h"

struct slots;
struct slots *slots_new(int limit);
void slots_free(struct slots *slots);
int slots_in_use(const struct slots *slots);

#define SLOTS_PER_CLAIM 4

/* Embed it, zeroed. */
struct slot_claim {
    struct slots *pools[SLOTS_PER_CLAIM];
    int n_pools;
    bool held;
    struct task *waiter;
    struct slot_claim *next; /* in the list of waiting claims */
    bool waiting;
};

/* Names a pool before taking; NULL pools are ignored; naming one twice takes two permits. */
void slot_claim_add(struct slot_claim *claim, struct slots *pool);
/* True: held now. False: queued; `waiter` is woken once it is held (check claim->held). */
bool slot_claim_take(struct slot_claim *claim, struct task *waiter);
/* One permit of that pool goes from a claim that holds it to another one, which holds then. */
void slot_claim_move(struct slot_claim *from, struct slots *pool, struct slot_claim *to);
/* Gives back or leaves the queue, and forgets the pools. */
void slot_claim_drop(struct slot_claim *claim);
