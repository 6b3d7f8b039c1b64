/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are more than one value, rules between keys, and the structs that only reading needs.
 */
#pragma once

#include "config/keys.h"

/* Words of auth_type that stand for others, or for what only a driver can do. */
enum auth_word {
    AUTH_WORD_TOKEN = CONFIG_AUTH_DOCKER_CONFIG + 1,
    AUTH_WORD_GHCR,
    AUTH_WORD_ECR,
    AUTH_WORD_GAR,
    AUTH_WORD_GCR,
    AUTH_WORD_ACR,
};

/* A mapping, or the defaults, before names are resolved. */
struct mapping_draft {
    struct config_mapping mapping;
    char *source;
    struct text_list targets;
};

struct config_draft {
    struct config_global global;
    struct config_plugins plugins;
    struct mapping_draft defaults;
};

void read_registries(struct read *r, const struct key *key, struct node *node, void *at);
void read_driver_options(struct read *r, const struct key *key, struct node *node, void *at);
void read_target_groups(struct read *r, const struct key *key, struct node *node, void *at);
void read_mappings(struct read *r, const struct key *key, struct node *node, void *at);
/* A map of rules, or a plain list: literals and digests are `exact`, the others `globs`. */
void read_tags(struct read *r, const struct key *key, struct node *node, void *at);
void read_platforms(struct read *r, const struct key *key, struct node *node, void *at);

void check_plugins(struct read *r, struct node *node, void *values);
void check_registry(struct read *r, struct node *node, void *values);
void check_rename(struct read *r, struct node *node, void *values);
void check_tags(struct read *r, struct node *node, void *values);
void check_artifacts(struct read *r, struct node *node, void *values);

/* ---- The document as a whole --------------------------------------------------------------- */

/* Takes out every key that begins with x-. */
void fill_strip(struct node *node);
/* Writes defaults, those of the file and then those of the tables, into what lacks them. */
void fill_document(struct node *root);
void fill_section(const struct section *section, struct node *node);

/* Resolves the names of registries and groups; config->mappings are in the order of the file. */
void references_resolve(struct read *r, struct node *root);
