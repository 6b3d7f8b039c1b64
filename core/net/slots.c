/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All waiting claims stand in one line, whatever pools they want; whenever permits come back the
 * line is walked from the front and every claim that fits gets all it asked for. A large claim
 * can't be starved by small ones behind it for the same pool: once it waits, its pools serve
 * nobody further back.
 */
#include "net/slots.h"

#include <assert.h>
#include <stdlib.h>

struct slots {
    int limit, used;
    int wanted; /* scratch of the walk: permits that claims further ahead wait for */
    struct slots *next;
};

static struct slots *all_pools;
static struct slot_claim *line;

struct slots *slots_new(int limit)
{
    struct slots *slots = xcalloc(1, sizeof(*slots));
    slots->limit = limit;
    slots->next = all_pools;
    all_pools = slots;
    return slots;
}

void slots_free(struct slots *slots)
{
    if (!slots)
        return;
    assert(!slots->used);
    for (struct slots **p = &all_pools; *p; p = &(*p)->next) {
        if (*p == slots) {
            *p = slots->next;
            break;
        }
    }
    free(slots);
}

int slots_in_use(const struct slots *slots)
{
    return slots->used;
}

void slot_claim_add(struct slot_claim *claim, struct slots *pool)
{
    if (!pool)
        return;
    assert(claim->n_pools < SLOTS_PER_CLAIM && !claim->held && !claim->waiting);
    claim->pools[claim->n_pools++] = pool;
}

/* A pool smaller than the claim still serves it, alone. */
static bool fits(const struct slot_claim *claim)
{
    for (int i = 0; i < claim->n_pools; i++) {
        const struct slots *pool = claim->pools[i];
        int need = 0;
        for (int k = 0; k < claim->n_pools; k++)
            need += claim->pools[k] == pool;
        int limit = need > pool->limit ? need : pool->limit;
        if (pool->used + pool->wanted + need > limit)
            return false;
    }
    return true;
}

static void count(const struct slot_claim *claim, int step)
{
    for (int i = 0; i < claim->n_pools; i++)
        claim->pools[i]->used += step;
}

static void serve_line(void)
{
    for (struct slots *pool = all_pools; pool; pool = pool->next)
        pool->wanted = 0;
    for (struct slot_claim **p = &line; *p;) {
        struct slot_claim *claim = *p;
        if (!fits(claim)) {
            for (int i = 0; i < claim->n_pools; i++)
                claim->pools[i]->wanted++;
            p = &claim->next;
            continue;
        }
        *p = claim->next;
        claim->waiting = false;
        claim->held = true;
        count(claim, 1);
        task_wake(claim->waiter);
    }
}

bool slot_claim_take(struct slot_claim *claim, struct task *waiter)
{
    assert(!claim->held && !claim->waiting);
    struct slot_claim **end = &line;
    while (*end)
        end = &(*end)->next;
    *end = claim;
    claim->next = NULL;
    claim->waiter = NULL;
    claim->waiting = true;
    serve_line();
    claim->waiter = waiter;
    return claim->held;
}

static void leave_line(struct slot_claim *claim)
{
    for (struct slot_claim **p = &line; *p; p = &(*p)->next) {
        if (*p == claim) {
            *p = claim->next;
            return;
        }
    }
}

void slot_claim_move(struct slot_claim *from, struct slots *pool, struct slot_claim *to)
{
    assert(from->held && !to->waiting);
    for (int i = 0; i < from->n_pools; i++) {
        if (from->pools[i] != pool)
            continue;
        from->pools[i] = from->pools[--from->n_pools];
        to->pools[to->n_pools++] = pool;
        to->held = true;
        return;
    }
}

void slot_claim_drop(struct slot_claim *claim)
{
    if (claim->held)
        count(claim, -1);
    if (claim->waiting)
        leave_line(claim);
    *claim = (struct slot_claim){0};
    serve_line();
}
