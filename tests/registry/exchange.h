/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer as the wire sees them: which of the bytes which libmicrohttpd has
 * written may go to the client now, changed how, and when the connection must end. It does no
 * I/O; conn.c asks it before every write. */
#ifndef REGISTRY_EXCHANGE_H
#define REGISTRY_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* The faults below HTTP. Byte offsets count the body; -1 means never. */
struct wire_plan {
    int64_t delay_ms;           /* hold the answer back */
    int64_t cut_after;          /* end the connection after so many body bytes */
    bool reset;                 /* end it by RST instead of FIN */
    int64_t stall_after;        /* send nothing more, stay connected */
    int64_t corrupt_at;         /* flip the bits of this byte */
    int64_t drip_bytes;         /* so many bytes of the body ... */
    int64_t drip_ms;            /* ... in every interval */
    int64_t lie_content_length; /* added to the Content-Length */
    bool strip_content_length;  /* the end of the connection is the end of the body */
    bool lose_answer;           /* end the connection where the answer would begin */
    bool hang;                  /* never send the answer */
    const char *raw;            /* send this instead of the answer, then end the connection */
};

enum exchange_end {
    EXCHANGE_OPEN,
    EXCHANGE_COMPLETE,
    EXCHANGE_CUT,
    EXCHANGE_LOST,
    EXCHANGE_RAW,
    EXCHANGE_SERVER_CLOSED, /* a fault ended the request before there was an answer */
    EXCHANGE_CLIENT_CLOSED,
};

enum exchange_verdict { VERDICT_GO_ON, VERDICT_FINISHED, VERDICT_CLOSE };

struct exchange {
    struct wire_plan plan;
    bool head_seen;   /* the final head has been found, edited and released */
    size_t head_left; /* bytes of it still to be sent */
    int64_t body_sent;
    int64_t drip_left;   /* body bytes which this interval still has */
    uint64_t not_before; /* monotonic time before which nothing may go */
    bool corrupted;
    bool answered; /* all bytes of the answer are in the buffer */
    enum exchange_end end;
    void (*on_end)(struct exchange *exchange);
};

void wire_plan_init(struct wire_plan *plan);

/* How many bytes at the front of `out` may be sent now. */
size_t exchange_allow(struct exchange *exchange, struct buf *out, uint64_t now);
void exchange_sent(struct exchange *exchange, size_t count);
enum exchange_verdict exchange_verdict(struct exchange *exchange, const struct buf *out);
/* Whether the exchange waits for nothing but its client to leave. */
bool exchange_is_stuck(const struct exchange *exchange);
/* When something may happen without an event on a socket; UINT64_MAX for never. */
uint64_t exchange_deadline(const struct exchange *exchange, const struct buf *out);
/* For the wire log. */
const char *exchange_end_name(enum exchange_end end);

#endif
