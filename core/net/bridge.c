/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets count from byte 0 of the blob: `received` is where the next byte goes, `given` where the
 * target reads on. given <= received <= given + BRIDGE_RING. Bytes stay in the ring until
 * overwritten, so a target whose request was lost early can go back to byte 0.
 */
#include "net/bridge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct bridge {
    struct task *owner;
    struct digest digest, found;
    int64_t size, received, given;
    int64_t excess; /* bytes that came after the last one expected */
    enum bridge_proof proof;
    struct hasher *hasher;
    struct bridge_end *source, *target;
    bool source_waits, target_waits;
    char *ring;
};

static void prove_if_whole(struct bridge *b)
{
    if (b->proof != BRIDGE_UNPROVEN || b->received < b->size)
        return;
    hasher_final(b->hasher, &b->found);
    b->proof = digest_equal(&b->found, &b->digest) ? BRIDGE_PROVEN : BRIDGE_WRONG;
    task_wake(b->owner);
}

struct bridge *bridge_new(struct task *owner, const struct digest *digest, int64_t size)
{
    struct bridge *b = xcalloc(1, sizeof(*b));
    b->owner = owner;
    b->digest = *digest;
    b->size = size;
    b->hasher = hasher_new(digest->algorithm);
    b->ring = xmalloc(BRIDGE_RING);
    prove_if_whole(b);
    return b;
}

void bridge_free(struct bridge *b)
{
    if (!b)
        return;
    hasher_free(b->hasher);
    free(b->ring);
    free(b);
}

void bridge_reset(struct bridge *b)
{
    hasher_reset(b->hasher);
    b->received = b->given = b->excess = 0;
    b->proof = BRIDGE_UNPROVEN;
    b->source_waits = b->target_waits = false;
    prove_if_whole(b);
}

static void resume_source(struct bridge *b)
{
    bool half_free = b->received - b->given <= (int64_t)(BRIDGE_RING / 2);
    if (b->source_waits && b->source && half_free) {
        b->source_waits = false;
        b->source->resume(b->source);
    }
}

static void resume_target(struct bridge *b)
{
    if (b->target_waits && b->target) {
        b->target_waits = false;
        b->target->resume(b->target);
    }
}

void bridge_attach_source(struct bridge *b, struct bridge_end *source)
{
    b->source = source;
    b->source_waits = false;
}

void bridge_attach_target(struct bridge *b, struct bridge_end *target)
{
    b->target = target;
    b->target_waits = false;
}

bool bridge_has_room(const struct bridge *b, size_t len)
{
    return (int64_t)len <= (int64_t)BRIDGE_RING - (b->received - b->given);
}

static void ring_store(struct bridge *b, const char *data, size_t len)
{
    size_t at = (size_t)b->received % BRIDGE_RING;
    size_t first = len < BRIDGE_RING - at ? len : BRIDGE_RING - at;
    memcpy(b->ring + at, data, first);
    memcpy(b->ring, data + first, len - first);
}

bool bridge_push(struct bridge *b, const char *data, size_t len)
{
    size_t wanted = len;
    if ((int64_t)len > b->size - b->received)
        wanted = (size_t)(b->size - b->received);
    if (!bridge_has_room(b, wanted)) {
        b->source_waits = true;
        return false;
    }
    bool first = b->received == 0 && wanted;
    if (wanted < len) {
        b->excess += (int64_t)(len - wanted);
        b->proof = BRIDGE_WRONG;
        task_wake(b->owner);
    }
    if (wanted) {
        ring_store(b, data, wanted);
        hasher_update(b->hasher, data, wanted);
    }
    b->received += (int64_t)wanted;
    prove_if_whole(b);
    if (first)
        task_wake(b->owner);
    resume_target(b);
    return true;
}

int64_t bridge_received(const struct bridge *b)
{
    return b->received;
}

/* How far the target may read. */
static int64_t limit_of(const struct bridge *b, bool trusting)
{
    if (b->proof == BRIDGE_PROVEN || trusting)
        return b->received;
    int64_t held = b->size < (int64_t)BRIDGE_HOLD_BACK ? b->size : (int64_t)BRIDGE_HOLD_BACK;
    return b->received < b->size - held ? b->received : b->size - held;
}

enum bridge_pull bridge_pull(struct bridge *b, char *to, size_t size, bool trusting,
                             size_t *ret_len)
{
    if (b->given == b->size && b->proof == BRIDGE_PROVEN)
        return BRIDGE_END;
    int64_t ready = limit_of(b, trusting) - b->given;
    if (ready <= 0) {
        b->target_waits = true;
        return BRIDGE_NOTHING_NOW;
    }
    size_t at = (size_t)b->given % BRIDGE_RING;
    size_t len = (int64_t)size < ready ? size : (size_t)ready;
    size_t first = len < BRIDGE_RING - at ? len : BRIDGE_RING - at;
    memcpy(to, b->ring + at, first);
    memcpy(to + first, b->ring, len - first);
    b->given += (int64_t)len;
    resume_source(b);
    *ret_len = len;
    return BRIDGE_DATA;
}

bool bridge_rewind_target(struct bridge *b)
{
    if (b->received > (int64_t)BRIDGE_RING)
        return false;
    b->given = 0;
    return true;
}

int64_t bridge_given(const struct bridge *b)
{
    return b->given;
}

enum bridge_proof bridge_proof(const struct bridge *b)
{
    return b->proof;
}

void bridge_explain(const struct bridge *b, struct error *err)
{
    if (b->excess)
        error_set(err, ERR_DIGEST, "the source sent more than the %lld bytes of %s",
                  (long long)b->size, b->digest.text);
    else
        error_set(err, ERR_DIGEST, "the source sent other bytes than %s (they have %s)",
                  b->digest.text, b->found.text);
}

int64_t bridge_size(const struct bridge *b)
{
    return b->size;
}

const struct digest *bridge_digest(const struct bridge *b)
{
    return &b->digest;
}
