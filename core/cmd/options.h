/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command-line options as tables: parsing, --help and the check of the man pages all read them.
 * An option writes into a struct at an offset.
 */
#pragma once

#include "base/error.h"
#include "base/vec.h"

#include <stdio.h>

enum option_type {
    OPTION_FLAG,     /* bool */
    OPTION_COUNT,    /* int: how often it was given */
    OPTION_STRING,   /* const char * */
    OPTION_LIST,     /* struct string_list: may be given again */
    OPTION_INT,      /* int, 0 or more */
    OPTION_DURATION, /* int64_t milliseconds: "15s", "2m", a bare number counts seconds */
};

struct string_list {
    VEC(const char *) list;
};

struct option {
    const char *name; /* without "--" */
    char letter;      /* 0: none */
    const char *arg;  /* what the value is called; NULL for flags */
    enum option_type type;
    size_t offset;
    const char *help;
};

/* A table and the struct it fills. Tables end with a NULL name. */
struct option_group {
    const char *title; /* of its section in --help */
    const struct option *table;
    void *values;
};

/*
 * Takes options out of argv (in any place, up to "--"); what is left are the operands, in
 * *ret_operands (owned by the caller). With `stop_at_operand` the first operand and all behind it
 * are left alone. Unknown options name the nearest known one. ERR_USAGE.
 */
int options_parse(const struct option_group *groups, size_t n_groups, int argc, char **argv,
                  bool stop_at_operand, struct string_list *ret_operands, struct error *err);
void options_print(FILE *out, const struct option_group *groups, size_t n_groups);
