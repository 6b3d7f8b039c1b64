/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP request from its first line to the last byte of its answer on the wire. */
#ifndef REGISTRY_REQUEST_H
#define REGISTRY_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "conn.h"
#include "registry.h"
#include "reply.h"

struct route;

/* Where the request body goes. */
enum sink { SINK_DROP, SINK_MEMORY, SINK_UPLOAD };

struct request {
    struct registry *registry;
    struct MHD_Connection *mhd; /* NULL once libmicrohttpd has finished with it */
    struct conn *conn;          /* NULL once libmicrohttpd has finished with it */
    struct exchange exchange;
    unsigned refs; /* libmicrohttpd's and the wire's */

    char *method;
    char *target;  /* path and query as they were sent */
    bool is_admin; /* one of our own paths: no faults, no log */
    uint64_t number;
    const struct route *route; /* NULL if no route fits */
    char *name;                /* repository; NULL if the route has none */
    char *reference;           /* tag, digest or upload id; NULL if the route has none */
    struct fault *fault;

    bool may_pull_source; /* a mount's source may be read with these credentials */
    bool begun;
    bool has_body;
    bool body_complete;
    enum sink sink;
    char *upload_id;     /* SINK_UPLOAD */
    size_t memory_limit; /* SINK_MEMORY */
    bool too_large;      /* the body went over memory_limit */
    struct buf body;     /* SINK_MEMORY */
    int64_t received;    /* body bytes */

    struct reply *reply;
    json_t *log; /* the part of the log line which is known at the beginning */
};

/* NULL if the header, or the query parameter, is absent. */
const char *request_header(const struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);
/* Calls back for every parameter or header of this name. */
void request_each(const struct request *request, enum MHD_ValueKind kind, const char *name,
                  void (*call)(void *cls, const char *value), void *cls);
bool request_is(const struct request *request, const char *method);
/* "https://name:port" as the client addressed us; the caller frees it. */
char *request_base(const struct request *request);
/* The URL of the last listener, which plays the other host; the caller frees it. */
char *request_other_base(const struct request *request);
/* The repository of the route; NULL if there is none yet. */
struct repo *request_repo(const struct request *request);

/* Sets the answer; an earlier one is dropped. */
void request_answer(struct request *request, struct reply *reply);
/* Shorthand for the answer in the usual error form. */
void request_fail(struct request *request, unsigned status, const char *code, const char *message);

/* Lets the body go to memory, at most so many bytes of it. */
void request_collect(struct request *request, size_t limit);

/* The request whose exchange this is. */
struct request *request_of(const struct exchange *exchange);

/* Makes the request; called when its first line has been read. */
struct request *request_new(struct registry *registry, struct MHD_Connection *mhd,
                            const char *target);
/* Writes the log line when the last reference goes. */
void request_unref(struct request *request);
/* Fills what the log wants to know about the headers. */
void request_describe(struct request *request);

#endif
