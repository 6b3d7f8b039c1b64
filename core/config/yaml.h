/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text to a document tree. One document; anchors, aliases and merge keys are resolved (each
 * alias becomes a copy, all within the bounds below); keys are text, and none comes twice.
 */
#pragma once

#include "config/problems.h"

#define YAML_BYTES_MAX (4u << 20) /* of the text */
#define YAML_NODES_MAX 100000     /* of the tree, aliases resolved */
#define YAML_TEXT_MAX (16u << 20) /* bytes in the tree, aliases resolved */
#define YAML_DEPTH_MAX 64

/* `origin` marks every node when the text is not the file ("--set KEY"; NULL: the file). NULL, with
 * a problem added, when it can't be read to its end; problems that leave it readable (a key that
 * stands twice: the first one holds) are only added. An empty text is an empty map. */
struct node *yaml_read(const char *text, size_t len, const char *origin,
                       struct config_problems *problems);
