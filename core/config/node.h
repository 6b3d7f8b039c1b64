/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document tree of a YAML file: every value with its place. A map is a list of nodes that
 * have a key, in the order of the file.
 */
#pragma once

#include "base/vec.h"

#include <stdbool.h>

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    bool is_plain;      /* not quoted: an empty one, ~ and null stand for nothing */
    bool is_secret;     /* never to be shown */
    bool is_inherited;  /* what is wrong with it is said elsewhere */
    const char *origin; /* "--set KEY", owned by somebody else; NULL: the file */
    size_t line, column;
    char *key; /* as a child of a map, else NULL */
    size_t key_line, key_column;
    char *text; /* NODE_SCALAR */
    VEC(struct node *) items;
};

struct node *node_new(enum node_kind kind, size_t line, size_t column);
/* At the place of `like`; plain text. */
struct node *node_new_scalar(const char *text, const struct node *like);
void node_free(struct node *node); /* wipes every text; NULL is fine */
/* Without its key. */
struct node *node_copy(const struct node *node);
/* How many nodes, and how many bytes of text, it is made of. */
void node_measure(const struct node *node, size_t *count, size_t *bytes);
/* For every node in it. */
void node_mark_inherited(struct node *node);
void node_set_text(struct node *node, const char *text, size_t len);

/* `child` belongs to the map afterwards; its key counts as standing where `place` says. */
void node_put(struct node *map, const char *key, struct node *child, const struct node *place);
/* NULL when there is none, or `map` is NULL or no map. */
struct node *node_get(const struct node *map, const char *key);
/* Frees the child of that index. */
void node_drop(struct node *parent, size_t index);
/* NULL counts as null. */
bool node_is_null(const struct node *node);
/* Same kinds, keys in any order, same texts; NULL equals null. */
bool node_equal(const struct node *a, const struct node *b);
/* "a list", "text"... */
const char *node_kind_name(const struct node *node);

DEFINE_CLEANUP(struct node *, node_free)
