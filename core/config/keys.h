/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The language as tables: which keys a section has, of what type, with what default. Reading,
 * filling in defaults and the tests of schema and documentation all go by them.
 */
#pragma once

#include "config/read.h"

enum key_type {
    KEY_TEXT,     /* char *, not empty */
    KEY_PATH,     /* char *; relative ones count from the folder of the file */
    KEY_SECRET,   /* struct secret *; empty ones pass with a warning */
    KEY_LOGIN,    /* char *; an empty one passes with a warning */
    KEY_BOOL,     /* bool */
    KEY_NUMBER,   /* int64_t */
    KEY_DURATION, /* int64_t, milliseconds */
    KEY_SIZE,     /* int64_t, bytes */
    KEY_WORD,     /* int: the index in `words` */
    KEY_LIST,     /* struct text_list; one text stands for a list of one */
    KEY_PATHS,    /* struct text_list of paths */
    KEY_SECTION,  /* the struct of `section`, embedded */
    KEY_CUSTOM,   /* whatever `read` makes of it */
};

struct key {
    const char *name;
    enum key_type type;
    size_t offset;        /* in the struct of the section */
    const char *fallback; /* the default as one would write it; NULL: none */
    int64_t min, max;     /* KEY_NUMBER; KEY_DURATION has a min */
    int64_t unset;        /* KEY_NUMBER: stands for "not set" */
    bool is_required;
    const char *const *words;      /* KEY_WORD, NULL-terminated */
    const struct section *section; /* KEY_SECTION; KEY_CUSTOM: of its items, or NULL */
    int (*check)(const char *text, struct error *err); /* of texts and items; NULL: none */
    void (*read)(struct read *r, const struct key *key, struct node *node, void *at);
};

struct section {
    const char *name;       /* of its definition in the schema */
    const char *place;      /* where in the file, for people */
    const struct key *keys; /* ends with a NULL name */
    /* Rules between its keys, once all are read; NULL: none. */
    void (*check)(struct read *r, struct node *node, void *values);
};

/* Every section that there is, NULL-terminated; the whole document is the first. */
extern const struct section *const config_sections[];
extern const struct section section_config, section_global, section_plugins, section_registry,
    section_credentials, section_defaults, section_mapping, section_tags, section_rename,
    section_artifacts;

/* NULL when there is none. */
const struct key *section_key(const struct section *section, const char *name);
