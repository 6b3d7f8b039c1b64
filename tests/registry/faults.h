/* SPDX-License-Identifier: Apache-2.0 */
/* Faults: which requests they hit, and what they do to them. */
#ifndef REGISTRY_FAULTS_H
#define REGISTRY_FAULTS_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"
#include "reply.h"

enum framing { FRAMING_NORMAL, FRAMING_CLOSE, FRAMING_CHUNKED };

struct fault_action {
    /* instead of performing the request (or after it, with `perform`) */
    int64_t status; /* 0: none */
    json_t *headers;
    json_t *body;
    bool perform;
    bool early; /* answer before the request body was read */
    /* to the request */
    bool ignore_range;
    bool close_on_reuse;
    int64_t reset_request_after;
    /* to the answer */
    char *wrong_body;
    bool no_digest_header;
    char *wrong_digest_header;
    int no_content_length; /* enum framing */
    char *raw;
    struct wire_plan wire;
    /* to the connection, when it is accepted */
    int64_t slow_accept_ms;
    bool refuse;
};

struct fault {
    unsigned refs;
    json_t *source; /* as it came, for GET /_state */
    char *method;   /* NULL: any */
    regex_t path;
    bool has_path;
    json_t *headers;  /* name -> regex; null: the header must be absent */
    int64_t listener; /* index; -1: any */
    int64_t nth;
    int64_t count; /* 0: for ever */
    int64_t seen;  /* requests which matched */
    int64_t fired;
    struct fault_action action;
};

struct fault_list {
    struct fault **items;
    size_t count;
};

/* What a fault looks at. */
struct fault_subject {
    const char *method;
    const char *target; /* path and query as they were sent */
    const char *(*header)(void *cls, const char *name);
    void *cls;
    bool reused; /* not the first request of its connection */
    size_t listener;
};

void fault_list_done(struct fault_list *list);
/* Appends the faults of a JSON array. On a mistake nothing is appended, false is returned, and the
 * caller frees the explanation. */
bool fault_list_add(struct fault_list *list, json_t *array, char **ret_error);
/* Appends all faults of `from`, which is empty then. */
void fault_list_move(struct fault_list *list, struct fault_list *from);
json_t *fault_list_dump(const struct fault_list *list);

/* The fault which hits this request; NULL for none. The caller owns a reference. Every fault which
 * matches counts the request as seen; the first which is due fires. */
struct fault *fault_list_match(struct fault_list *list, const struct fault_subject *subject);
/* The same for a connection that was just accepted: only slow_accept_ms and refuse. */
struct fault *fault_list_match_accept(struct fault_list *list, size_t listener);
void fault_unref(struct fault *fault);

/* Whether the request is answered without being performed. */
bool fault_replaces_request(const struct fault *fault);
/* The answer of a fault that replaces the request; "{target}" in a header becomes `target`. */
struct reply *fault_reply(const struct fault *fault, const char *target);
/* Changes the answer of a request that was performed. */
void fault_change_reply(const struct fault *fault, struct reply *reply, const char *target);

#endif
