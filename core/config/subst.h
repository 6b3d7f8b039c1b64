/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables in values. They are filled in after the YAML was read, into texts only, so what they
 * hold can't add a key or change how the file reads.
 *
 *     ${NAME}             the variable of the environment; empty if it is not set
 *     ${NAME:-DEFAULT}    DEFAULT if it is not set or empty
 *     ${NAME:?SENTENCE}   an error with that sentence if it is not set or empty
 *     ${file:PATH}        what the file holds, without the newline at its end
 *     $${                 a literal ${
 *
 * The first } ends it; there is no nesting. A $ before anything else is a $.
 */
#pragma once

#include "config/problems.h"

#define SUBST_FILE_MAX (64u << 10)

/* Relative paths count from `folder`. Texts that a file or a variable with a secret-looking name
 * went into are marked secret. */
void subst_tree(struct node *root, const char *folder, struct config_problems *problems);
/* PASSWORD, github_token, API_KEY...: does what has that name look secret? */
bool name_looks_secret(const char *name);
/* `path` as seen from `folder`; free it. */
char *path_from(const char *folder, const char *path);
