/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: a class that drives behaviour and a sentence for people.
 *
 * Every fallible function takes `struct error *err` last, returns a negative class on failure
 * and leaves *err alone on success. Callers add context with error_wrap.
 */
#pragma once

#include "base/alloc.h"

#include <stdbool.h>
#include <stdint.h>

enum error_class {
    ERR_NONE = 0,
    ERR_INTERNAL = -1,      /* a bug of ours */
    ERR_USAGE = -2,         /* the command line is wrong */
    ERR_CONFIG = -3,        /* a configuration or credential file is wrong */
    ERR_PLUGIN = -4,        /* a driver was refused */
    ERR_AUTH = -5,          /* who we are was refused or could not be proven */
    ERR_DENIED = -6,        /* known, but not allowed */
    ERR_NOT_FOUND = -7,     /* no such tag, manifest, blob or repository */
    ERR_THROTTLED = -8,     /* asked to slow down */
    ERR_TRANSIENT = -9,     /* may work when tried again */
    ERR_PROTOCOL = -10,     /* a peer said something it must not say */
    ERR_DIGEST = -11,       /* content does not match its digest or size */
    ERR_TOO_LARGE = -12,    /* over one of our limits */
    ERR_IO = -13,           /* local disk or system */
    ERR_CANCELLED = -14,    /* interrupted */
    ERR_IMMUTABLE = -15,    /* the tag exists and may not change */
    ERR_MISSING_PART = -16, /* a manifest names something the target lacks */
    ERR_UNSUPPORTED = -17,  /* the peer can't do that */
    ERR_REFUSED = -18,      /* a quota, a policy or a read-only mode forbids it, whoever asks */
    ERR_CONFLICT = -19,     /* somebody else changed it meanwhile */
};

#define ERROR_TEXT_MAX 1024

struct error {
    enum error_class class;
    int http_status;        /* 0: none */
    int64_t retry_after_ms; /* what the peer asked for; -1: nothing */
    bool stalled;           /* it was silent for too long: it may still be at work */
    char text[ERROR_TEXT_MAX];
};

#define ERROR_INIT ((struct error){.retry_after_ms = -1})

/* error_set(err, class, fmt, ...) fills *err (may be NULL) and returns `class`. Control characters
 * in the text are escaped. A macro, so that compilers and analyzers see which class comes back,
 * and with it that outputs stay unset. */
#define error_set(err, class_, ...)                                                                \
    __extension__({                                                                                \
        const enum error_class error_set_class_ = (class_);                                        \
        error_fill(err, error_set_class_, __VA_ARGS__);                                            \
        (int)error_set_class_;                                                                     \
    })
void error_fill(struct error *err, enum error_class class, const char *fmt, ...) _printf_(3, 4);

/* Puts "context: " before the text; returns the class. */
int error_wrap(struct error *err, const char *fmt, ...) _printf_(2, 3);

/* Appends a sentence or clause to the text; returns the class. */
int error_append(struct error *err, const char *fmt, ...) _printf_(2, 3);

void error_clear(struct error *err);

/* A stable lower-case word for reports: "auth", "not-found"... */
const char *error_class_name(enum error_class class);
