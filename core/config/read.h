/* SPDX-License-Identifier: Apache-2.0 */
/* From the tree to structs, going by the tables; what is wrong is noted and skipped. */
#pragma once

#include "base/arena.h"
#include "config/problems.h"

struct key;
struct section;

struct read {
    struct config *config;
    struct arena *arena;
    struct config_problems *problems;
    const char *folder; /* that relative paths count from */
    char path[512];     /* where we are: "mappings[0].tags" */
    size_t path_len;
};

/* Goes one step down; give what it returns to read_leave. */
size_t read_enter(struct read *r, const char *fmt, ...) _printf_(2, 3);
void read_leave(struct read *r, size_t mark);
/* A sentence about the value, behind the path of where we are. */
void read_complain(struct read *r, const struct node *node, const char *fmt, ...) _printf_(3, 4);
/* The same from the error of a check, with the value where it may be shown. */
void read_complain_value(struct read *r, const struct node *node, const struct error *err);

/* `node` NULL or null: nothing given. */
void read_section(struct read *r, const struct section *section, struct node *node, void *values);
/* One scalar or a list of them, each checked; null: none. */
void read_list(struct read *r, const struct key *key, struct node *node, struct text_list *ret);
/* A text that is not empty, in the arena; NULL with the problem noted. */
char *read_text(struct read *r, const struct node *node);
/* False, with the problem noted, unless it is of that kind. */
bool read_expects(struct read *r, const struct node *node, enum node_kind kind, const char *what);
