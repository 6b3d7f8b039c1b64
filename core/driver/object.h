/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a driver calls `struct ocync_object`: its handle on the host. Every registry has one for as
 * long as it is open, every flow and every judged answer one of its own; all of one registry
 * share its options and its short-lived secrets. All memory of an object is wiped when it goes,
 * because drivers build tokens and Authorization headers in it.
 */
#pragma once

#include "base/secret.h"
#include "base/vec.h"
#include "driver/driver.h"

#include <jansson.h>

struct kept_secret {
    char *key;
    struct secret *value;
    int64_t expires_ms;
};

struct object_shared {
    const struct driver *driver;
    char *host;
    VEC(struct driver_setting) settings; /* own copies */
    VEC(struct kept_secret) secrets;
    struct driver_services services;
};

/* `services` may be NULL. */
void object_shared_init(struct object_shared *shared, const struct driver *driver,
                        const struct driver_request *request);
void object_shared_done(struct object_shared *shared);

const char *secrets_get(struct object_shared *shared, const char *key);
/* A NULL value forgets the key. */
void secrets_put(struct object_shared *shared, const char *key, const char *value,
                 int64_t lifetime_ms);

struct arena;

struct object_piece {
    void *data;
    size_t size;
};

struct ocync_object {
    struct object_shared *shared;
    struct arena *arena;
    VEC(struct object_piece) pieces;
    VEC(json_t *) documents;
    int said_class;  /* of host->error in the current callback; 0: nothing said */
    char *said_text; /* in the arena */
};

struct ocync_object *object_new(struct object_shared *shared);
void object_free(struct ocync_object *object); /* NULL is fine */

/* Zeroed, aligned, never NULL; wiped with the object. */
void *object_alloc(struct ocync_object *object, size_t size);
char *object_strdup(struct ocync_object *object, const char *s); /* NULL in, NULL out */
char *object_vprintf(struct ocync_object *object, const char *fmt, va_list args) _printf_(2, 0);

/* Classes of the ABI and ours. 0 stays 0; unknown ones become internal errors. */
enum error_class class_from_abi(int32_t error);
int32_t class_to_abi(int error);

/*
 * A callback of the driver returned `r`, not 0: fills *err from what it said through host->error,
 * or says that `callback` ("open") failed without a reason. Returns the class.
 */
int object_failure(const struct ocync_object *object, const char *callback, int r,
                   struct error *err);
