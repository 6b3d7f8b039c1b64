/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bridge: one blob on its way from a source to one or more targets, through a ring of 256 KiB.
 *
 * It is passive. The source's side pushes bytes in, the targets' sides pull them out; either is
 * told to pause when it can't go on and its `resume` is called when it can. Hash and count run
 * over what comes in, and the last bytes are not given out before they are proven, so a target
 * can never commit a damaged blob. Owner tasks are woken at the first byte, when the content is
 * proven or proven wrong, and when their target is left behind.
 *
 * A struct bridge is one end of the stream of bytes: with bridge_new the only one, which feeds and
 * drains; with bridge_new_shared the one that feeds, which others join to drain.
 */
#pragma once

#include "net/spool.h"
#include "net/task.h"
#include "oci/digest.h"

#define BRIDGE_RING ((size_t)256 * 1024)
#define BRIDGE_HOLD_BACK ((size_t)64 * 1024)

struct bridge;

/* One side, embedded by whoever feeds or drains. `resume` only sets flags or queues work. */
struct bridge_end {
    void (*resume)(struct bridge_end *end);
};

/* What is to come: exactly `size` bytes of that digest. */
struct bridge *bridge_new(struct task *owner, const struct digest *digest, int64_t size);
void bridge_free(struct bridge *bridge); /* NULL is fine */

/* Starts over with nothing received and nothing given out. */
void bridge_reset(struct bridge *bridge);

/*
 * Several targets. The source goes at the pace of the fastest, and what the others have not read
 * goes into a spool; who falls further behind than the spool has room for is left behind. Without
 * staging the source goes at the pace of the slowest.
 */
struct bridge *bridge_new_shared(struct task *owner, const struct digest *digest, int64_t size,
                                 struct staging *staging);
/* Another target, which begins at byte 0. NULL: that is gone. */
struct bridge *bridge_join(struct bridge *feeder, struct task *owner);
bool bridge_can_be_joined(const struct bridge *feeder);
/* Keeps byte 0 for who will join, as long as there is room for all that follows it. */
void bridge_keep_start(struct bridge *feeder, bool keep);
/* Asked once a second: a target that holds up the others and took nothing in five looks is left
 * behind. */
void bridge_drop_idle(struct bridge *feeder);
bool bridge_is_left_behind(const struct bridge *bridge);
size_t bridge_memory(const struct bridge *bridge);
int64_t bridge_disk_bytes(const struct bridge *bridge);

/* --- the source's side --- */

/* NULL: no source at the moment. */
void bridge_attach_source(struct bridge *bridge, struct bridge_end *source);
/* True: taken whole. False: nothing was taken; `resume` follows. More bytes than `size` are
 * swallowed and make the content wrong. */
bool bridge_push(struct bridge *bridge, const char *data, size_t len);
/* Room for a push of that many bytes? */
bool bridge_has_room(const struct bridge *bridge, size_t len);
int64_t bridge_received(const struct bridge *bridge); /* where a reopened source must go on */

/* --- the target's side --- */

void bridge_attach_target(struct bridge *bridge, struct bridge_end *target);
enum bridge_pull { BRIDGE_DATA, BRIDGE_NOTHING_NOW, BRIDGE_END };
/* Copies up to `size` bytes out. BRIDGE_NOTHING_NOW: `resume` follows. With `trusting`, nothing
 * is held back (where another request commits, after the proof). */
enum bridge_pull bridge_pull(struct bridge *bridge, char *to, size_t size, bool trusting,
                             size_t *ret_len);
/* Goes back to byte 0 if it is still there. */
bool bridge_rewind_target(struct bridge *bridge);
int64_t bridge_given(const struct bridge *bridge);

/* --- the owner's view --- */

enum bridge_proof { BRIDGE_UNPROVEN, BRIDGE_PROVEN, BRIDGE_WRONG };
enum bridge_proof bridge_proof(const struct bridge *bridge);
/* The sentence for BRIDGE_WRONG. */
void bridge_explain(const struct bridge *bridge, struct error *err);
int64_t bridge_size(const struct bridge *bridge);
const struct digest *bridge_digest(const struct bridge *bridge);
