/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI image layout on disk as a store: oci-layout, index.json, blobs/ALGORITHM/HEX.
 * docs/layout.md says what is written, when, and under which lock.
 *
 * The store outlives its operations. An operation that reads or writes a blob detaches from its
 * bridge when it is done or freed: free it before the bridge.
 */
#pragma once

#include "oci/store.h"

enum layout_mode {
    LAYOUT_READ, /* it must be there */
    /* Made by the first write when it is missing, parents too: until then nothing is touched. An
     * existing folder must be empty or a layout. Everything can be read as well. */
    LAYOUT_WRITE,
};

/* ERR_NOT_FOUND: no such folder, or no layout in it. ERR_IO, ERR_PROTOCOL: unreadable or damaged,
 * of another version, or (LAYOUT_WRITE) a folder that holds something else. `max_bodies`: blobs
 * open at once; 0: 16. */
int layout_open(struct loop *loop, const char *dir, enum layout_mode mode, int max_bodies,
                struct store **ret, struct error *err);

/*
 * What to read when only the folder was named: the tag of the only entry of index.json, or its
 * digest when it has no tag. Always a valid tag or digest; free it. ERR_NOT_FOUND: empty.
 * ERR_USAGE: more than one entry; the sentence lists them (10 at most).
 */
int layout_default_reference(struct store *store, char **ret, struct error *err);

/*
 * Says that this digest is an image of its own, not only a part of one: its `put` by digest adds
 * an entry without a tag to index.json unless one names that digest already, and its `head` by
 * digest finds it only if an entry does. Any other `put` by digest writes the blob alone.
 */
void layout_set_root(struct store *store, const struct digest *digest);
