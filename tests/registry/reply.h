/* SPDX-License-Identifier: Apache-2.0 */
/* An answer before it is given to libmicrohttpd: faults can still change every part of it. */
#ifndef REGISTRY_REPLY_H
#define REGISTRY_REPLY_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "store.h"

struct reply_header {
    char *name;
    char *value;
};

struct reply {
    unsigned status;
    struct reply_header *headers;
    size_t header_count;
    struct buf body;
    struct blob *blob; /* if set the body is a part of it, and `body` is unused */
    uint64_t blob_offset;
    uint64_t blob_len;
    bool chunked; /* send without a Content-Length */
    int64_t lie;  /* a Content-Length which is wrong by so much */
};

struct reply *reply_new(unsigned status);
void reply_free(struct reply *reply);

void reply_add(struct reply *reply, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Replaces all headers of this name. */
void reply_set(struct reply *reply, const char *name, const char *value);
void reply_drop(struct reply *reply, const char *name);
void reply_text(struct reply *reply, const char *type, const char *text);
/* Steals `json`; keeps a Content-Type that was set before. */
void reply_json(struct reply *reply, json_t *json);
/* Takes a reference of the blob. */
void reply_blob(struct reply *reply, struct blob *blob, uint64_t offset, uint64_t len);

/* The usual {"errors":[{"code","message"}]}. */
struct reply *reply_error(unsigned status, const char *code, const char *message);
struct reply *reply_plain(unsigned status, const char *text);
/* What CNCF distribution says to an unknown route. */
struct reply *reply_not_found(void);

/* Gives the answer to libmicrohttpd. */
enum MHD_Result reply_queue(const struct reply *reply, struct MHD_Connection *connection);

#endif
