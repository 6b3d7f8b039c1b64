/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets count from byte 0 of the blob: `received` is where the next byte goes, `given` where a
 * target reads on, `low` the first byte that somebody still needs. The ring holds the last bytes
 * received, up to its size, and bytes stay in it until overwritten, so a target whose request was
 * lost early can go back to byte 0. Bytes of [low, received) that are not in the ring are in the
 * spool; a byte goes there only when it is about to be overwritten and somebody still needs it, so
 * a lone target, or several that keep pace, never touch the disk.
 */
#include "net/bridge.h"

#include "base/vec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SPILL_MIN ((int64_t)BRIDGE_RING / 4) /* written at once */
#define IDLE_LOOKS 5

struct stream {
    struct digest digest, found;
    int64_t size, received;
    int64_t excess; /* bytes that came after the last one expected */
    enum bridge_proof proof;
    struct hasher *hasher;
    struct bridge_end *source;
    bool source_waits;
    bool keeps_start;
    struct staging *staging; /* NULL: the slowest sets the pace */
    struct spool *spool;     /* NULL: nothing had to go there */
    char *ring;
    size_t ring_size;
    VEC(struct bridge *) ends;
};

struct bridge {
    struct stream *stream;
    struct task *owner;
    bool drains;
    bool left_behind;
    int64_t given;
    struct bridge_end *target;
    bool target_waits;
    int64_t given_at_look;
    int idle_looks;
};

/* ---- where everybody is ---- */

static bool reads(const struct bridge *b)
{
    return b->drains && !b->left_behind;
}

static struct bridge *slowest(const struct stream *s)
{
    struct bridge *found = NULL;
    for (size_t i = 0; i < s->ends.len; i++) {
        struct bridge *b = s->ends.items[i];
        if (reads(b) && (!found || b->given < found->given))
            found = b;
    }
    return found;
}

static int64_t slowest_given(const struct stream *s)
{
    const struct bridge *b = slowest(s);
    return b ? b->given : 0;
}

static int64_t fastest_given(const struct stream *s)
{
    int64_t given = 0;
    for (size_t i = 0; i < s->ends.len; i++) {
        const struct bridge *b = s->ends.items[i];
        if (reads(b) && b->given > given)
            given = b->given;
    }
    return given;
}

static int64_t low(const struct stream *s)
{
    return s->keeps_start ? 0 : slowest_given(s);
}

/* How far those are whom the source waits for. Small leads don't matter: half of the ring is left
 * for who has one, and the disk stays out of it. */
static int64_t pace(const struct stream *s)
{
    int64_t slow = slowest_given(s), fast = fastest_given(s);
    return s->staging && fast - slow > (int64_t)(s->ring_size / 2) ? fast : slow;
}

static int64_t ring_begin(const struct stream *s)
{
    return s->received > (int64_t)s->ring_size ? s->received - (int64_t)s->ring_size : 0;
}

static bool holds_start(const struct stream *s)
{
    return ring_begin(s) == 0 || (s->spool && spool_from(s->spool) == 0);
}

/* ---- waking ---- */

static void wake_owners(const struct stream *s)
{
    for (size_t i = 0; i < s->ends.len; i++)
        task_wake(s->ends.items[i]->owner);
}

static void resume_source(struct stream *s)
{
    bool half_free = s->received - pace(s) <= (int64_t)(s->ring_size / 2);
    if (s->source_waits && s->source && half_free) {
        s->source_waits = false;
        s->source->resume(s->source);
    }
}

static void resume_targets(const struct stream *s)
{
    for (size_t i = 0; i < s->ends.len; i++) {
        struct bridge *b = s->ends.items[i];
        if (b->target_waits && b->target) {
            b->target_waits = false;
            b->target->resume(b->target);
        }
    }
}

/* After `low` or the pace may have changed. */
static void moved(struct stream *s)
{
    if (s->spool)
        spool_let_go(s->spool, low(s));
    resume_source(s);
}

static void leave_behind(struct bridge *b)
{
    b->left_behind = true;
    task_wake(b->owner);
}

/* ---- life ---- */

static void prove_if_whole(struct stream *s)
{
    if (s->proof != BRIDGE_UNPROVEN || s->received < s->size)
        return;
    hasher_final(s->hasher, &s->found);
    s->proof = digest_equal(&s->found, &s->digest) ? BRIDGE_PROVEN : BRIDGE_WRONG;
    wake_owners(s);
}

static struct bridge *end_new(struct stream *s, struct task *owner, bool drains)
{
    struct bridge *b = xcalloc(1, sizeof(*b));
    b->stream = s;
    b->owner = owner;
    b->drains = drains;
    vec_add(&s->ends, b);
    return b;
}

static struct stream *stream_new(const struct digest *digest, int64_t size)
{
    struct stream *s = xcalloc(1, sizeof(*s));
    s->digest = *digest;
    s->size = size;
    s->hasher = hasher_new(digest->algorithm);
    s->ring_size = size > 0 && size < (int64_t)BRIDGE_RING ? (size_t)size : BRIDGE_RING;
    s->ring = xmalloc(s->ring_size);
    return s;
}

static void stream_free(struct stream *s)
{
    hasher_free(s->hasher);
    spool_free(s->spool);
    vec_done(&s->ends);
    free(s->ring);
    free(s);
}

struct bridge *bridge_new(struct task *owner, const struct digest *digest, int64_t size)
{
    struct bridge *b = end_new(stream_new(digest, size), owner, true);
    prove_if_whole(b->stream);
    return b;
}

struct bridge *bridge_new_shared(struct task *owner, const struct digest *digest, int64_t size,
                                 struct staging *staging)
{
    struct bridge *b = end_new(stream_new(digest, size), owner, false);
    b->stream->staging = staging_is_on(staging) ? staging : NULL;
    prove_if_whole(b->stream);
    return b;
}

void bridge_free(struct bridge *b)
{
    if (!b)
        return;
    struct stream *s = b->stream;
    for (size_t i = 0; i < s->ends.len; i++) {
        if (s->ends.items[i] == b) {
            vec_remove(&s->ends, i);
            break;
        }
    }
    free(b);
    if (s->ends.len)
        moved(s);
    else
        stream_free(s);
}

void bridge_reset(struct bridge *b)
{
    struct stream *s = b->stream;
    hasher_reset(s->hasher);
    spool_free(take_ptr(&s->spool));
    s->received = s->excess = 0;
    s->proof = BRIDGE_UNPROVEN;
    s->source_waits = false;
    for (size_t i = 0; i < s->ends.len; i++) {
        s->ends.items[i]->given = 0;
        s->ends.items[i]->target_waits = false;
    }
    prove_if_whole(s);
}

/* ---- several targets ---- */

bool bridge_can_be_joined(const struct bridge *feeder)
{
    return feeder->stream->proof != BRIDGE_WRONG && holds_start(feeder->stream);
}

struct bridge *bridge_join(struct bridge *feeder, struct task *owner)
{
    return bridge_can_be_joined(feeder) ? end_new(feeder->stream, owner, true) : NULL;
}

void bridge_keep_start(struct bridge *feeder, bool keep)
{
    struct stream *s = feeder->stream;
    s->keeps_start = keep && holds_start(s);
    moved(s);
}

static bool is_idle(struct bridge *b)
{
    const struct stream *s = b->stream;
    bool holds_up = s->source_waits && b->given < fastest_given(s) &&
                    s->received - b->given > (int64_t)(s->ring_size / 2);
    b->idle_looks = holds_up && b->given == b->given_at_look ? b->idle_looks + 1 : 0;
    b->given_at_look = b->given;
    return b->idle_looks >= IDLE_LOOKS;
}

void bridge_drop_idle(struct bridge *feeder)
{
    struct stream *s = feeder->stream;
    for (size_t i = 0; i < s->ends.len && !s->staging; i++) {
        if (reads(s->ends.items[i]) && is_idle(s->ends.items[i]))
            leave_behind(s->ends.items[i]);
    }
    moved(s);
}

bool bridge_is_left_behind(const struct bridge *b)
{
    return b->left_behind;
}

size_t bridge_memory(const struct bridge *b)
{
    return b->stream->ring_size;
}

int64_t bridge_disk_bytes(const struct bridge *b)
{
    return b->stream->spool ? spool_disk_bytes(b->stream->spool) : 0;
}

/* ---- the source's side ---- */

void bridge_attach_source(struct bridge *b, struct bridge_end *source)
{
    b->stream->source = source;
    b->stream->source_waits = false;
}

static size_t wanted_of(const struct stream *s, size_t len)
{
    return (int64_t)len > s->size - s->received ? (size_t)(s->size - s->received) : len;
}

/* What comes before that is overwritten by a push. */
static int64_t begin_after(const struct stream *s, size_t len)
{
    return s->received + (int64_t)len - (int64_t)s->ring_size;
}

bool bridge_has_room(const struct bridge *b, size_t len)
{
    const struct stream *s = b->stream;
    return len <= s->ring_size && begin_after(s, wanted_of(s, len)) <= pace(s);
}

/* A stretch of the ring goes to the file. */
static bool spill_ring(struct stream *s, int64_t from, int64_t to)
{
    size_t len = (size_t)(to - from), at = (size_t)(from % (int64_t)s->ring_size);
    size_t first = len < s->ring_size - at ? len : s->ring_size - at;
    return spool_put(s->spool, s->ring + at, first) && spool_put(s->spool, s->ring, len - first);
}

/* Brings what is needed of the bytes before `end` into the spool. At most a ring is written at
 * once, into the page cache, which takes the loop no longer than the same bytes took to arrive. */
static bool spill(struct stream *s, int64_t end)
{
    if (!s->spool)
        s->spool = spool_new(s->staging, low(s));
    if (!s->spool)
        return false;
    spool_let_go(s->spool, low(s));
    int64_t from = spool_to(s->spool);
    if (from >= end)
        return true;
    int64_t to = end - from > SPILL_MIN ? end : from + SPILL_MIN;
    if (to > s->received)
        to = s->received;
    return to - from <= spool_room(s->spool) && spill_ring(s, from, to);
}

/* Who may still join goes before who reads already. */
static void give_up_slowest(struct stream *s)
{
    if (s->keeps_start)
        s->keeps_start = false;
    else
        leave_behind(slowest(s));
}

/* The fastest has read all before `end`; the others may need it. */
static void make_room(struct stream *s, int64_t end)
{
    if (!s->staging)
        s->keeps_start = false;
    while (low(s) < end && !spill(s, end))
        give_up_slowest(s);
    if (s->spool)
        spool_let_go(s->spool, low(s));
}

static void ring_store(struct stream *s, const char *data, size_t len)
{
    size_t at = (size_t)(s->received % (int64_t)s->ring_size);
    size_t first = len < s->ring_size - at ? len : s->ring_size - at;
    memcpy(s->ring + at, data, first);
    memcpy(s->ring, data + first, len - first);
}

static void take_in(struct stream *s, const char *data, size_t len)
{
    if (begin_after(s, len) > low(s))
        make_room(s, begin_after(s, len));
    ring_store(s, data, len);
    hasher_update(s->hasher, data, len);
    s->received += (int64_t)len;
}

bool bridge_push(struct bridge *b, const char *data, size_t len)
{
    struct stream *s = b->stream;
    size_t wanted = wanted_of(s, len);
    if (!bridge_has_room(b, wanted)) {
        s->source_waits = true;
        return false;
    }
    bool first = s->received == 0 && wanted;
    if (wanted < len) {
        s->excess += (int64_t)(len - wanted);
        s->proof = BRIDGE_WRONG;
        wake_owners(s);
    }
    if (wanted)
        take_in(s, data, wanted);
    prove_if_whole(s);
    if (first)
        wake_owners(s);
    resume_targets(s);
    return true;
}

int64_t bridge_received(const struct bridge *b)
{
    return b->stream->received;
}

/* ---- the target's side ---- */

void bridge_attach_target(struct bridge *b, struct bridge_end *target)
{
    b->target = target;
    b->target_waits = false;
}

/* How far a target may read. */
static int64_t limit_of(const struct stream *s, bool trusting)
{
    if (s->proof == BRIDGE_PROVEN || trusting)
        return s->received;
    int64_t held = s->size < (int64_t)BRIDGE_HOLD_BACK ? s->size : (int64_t)BRIDGE_HOLD_BACK;
    return s->received < s->size - held ? s->received : s->size - held;
}

static size_t take_from_ring(const struct stream *s, int64_t offset, char *to, size_t len)
{
    size_t at = (size_t)(offset % (int64_t)s->ring_size);
    size_t first = len < s->ring_size - at ? len : s->ring_size - at;
    memcpy(to, s->ring + at, first);
    memcpy(to + first, s->ring, len - first);
    return len;
}

/* 0: the disk gave nothing, and nobody else has it. */
static size_t take_from_spool(struct bridge *b, char *to, size_t len)
{
    struct stream *s = b->stream;
    int64_t there = spool_to(s->spool) - b->given;
    if ((int64_t)len > there)
        len = (size_t)there;
    if (spool_get(s->spool, b->given, to, len))
        return len;
    leave_behind(b);
    return 0;
}

enum bridge_pull bridge_pull(struct bridge *b, char *to, size_t size, bool trusting,
                             size_t *ret_len)
{
    struct stream *s = b->stream;
    if (b->given == s->size && s->proof == BRIDGE_PROVEN)
        return BRIDGE_END;
    int64_t ready = limit_of(s, trusting) - b->given;
    size_t len = (int64_t)size < ready ? size : (size_t)(ready > 0 ? ready : 0);
    if (len && !b->left_behind)
        len = b->given < ring_begin(s) ? take_from_spool(b, to, len)
                                       : take_from_ring(s, b->given, to, len);
    if (!len || b->left_behind) {
        b->target_waits = true;
        moved(s);
        return BRIDGE_NOTHING_NOW;
    }
    b->given += (int64_t)len;
    moved(s);
    *ret_len = len;
    return BRIDGE_DATA;
}

bool bridge_rewind_target(struct bridge *b)
{
    if (!holds_start(b->stream) || b->left_behind)
        return false;
    b->given = 0;
    return true;
}

int64_t bridge_given(const struct bridge *b)
{
    return b->given;
}

/* ---- the owner's view ---- */

enum bridge_proof bridge_proof(const struct bridge *b)
{
    return b->stream->proof;
}

void bridge_explain(const struct bridge *b, struct error *err)
{
    const struct stream *s = b->stream;
    if (s->excess)
        error_set(err, ERR_DIGEST, "the source sent more than the %lld bytes of %s",
                  (long long)s->size, s->digest.text);
    else
        error_set(err, ERR_DIGEST, "the source sent other bytes than %s (they have %s)",
                  s->digest.text, s->found.text);
}

int64_t bridge_size(const struct bridge *b)
{
    return b->stream->size;
}

const struct digest *bridge_digest(const struct bridge *b)
{
    return &b->stream->digest;
}
