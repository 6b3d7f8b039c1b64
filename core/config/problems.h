/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting what is wrong with a configuration, each with its place. */
#pragma once

#include "config/config.h"
#include "config/node.h"

/* At the value; nothing happens when the node is inherited. */
void problem_at(struct config_problems *problems, const struct node *node, const char *fmt, ...)
    _printf_(3, 4);
/* At the key of the value. */
void problem_at_key(struct config_problems *problems, const struct node *node, const char *fmt, ...)
    _printf_(3, 4);
/* At a place; line 0: of the file as a whole. */
void problem_at_place(struct config_problems *problems, const char *origin, size_t line,
                      size_t column, const char *fmt, ...) _printf_(5, 6);
void warning_at(struct config_problems *problems, const struct node *node, const char *fmt, ...)
    _printf_(3, 4);
/* Brings both lists into the order of the file; what came by --set goes last. */
void problems_sort(struct config_problems *problems);
/* The value for a message: "text" in quotes and cut to a bearable length, or *** if it is secret.
 * Free it. */
char *node_quoted(const struct node *node);
