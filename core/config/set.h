/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --set KEY=VALUE: puts one value into the tree, before anything in it is checked.
 *
 * KEY: words joined by dots; an item of a list as [N] or .N, where N may be the first that is not
 * there yet; a word with dots or other signs in quotes ("a.b", 'a.b') or with a backslash before
 * each. VALUE: YAML if it begins with [ { " or ', else a plain text as it stands.
 */
#pragma once

#include "config/problems.h"

/* `label` ("--set KEY", no value: it may be secret) becomes the origin of what is put; it must
 * outlive the tree. False, with a problem added, when it can't be done. */
bool set_value(struct node *root, const char *text, const char *label,
               struct config_problems *problems);
/* Free it. */
char *set_label(const char *text);
