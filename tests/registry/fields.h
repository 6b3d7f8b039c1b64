/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a C struct from a JSON object by a table, and refuses every key that is not in the table:
 * a misspelt switch in a test script must not pass for the default. */
#ifndef REGISTRY_FIELDS_H
#define REGISTRY_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_ENUM, /* int: index into `words`; JSON integers and booleans are read as words */
    FIELD_BOOL,
    FIELD_INT,  /* int64_t */
    FIELD_TEXT, /* char *, owned by the struct; NULL when empty */
    FIELD_JSON, /* json_t *, owned by the struct; NULL when absent */
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    int64_t initial;          /* FIELD_ENUM, FIELD_BOOL, FIELD_INT */
    const char *const *words; /* FIELD_ENUM: ends in NULL */
};

/* Sets every field of the table to its initial value; the struct holds nothing before. */
void fields_init(const struct field *table, size_t count, void *base);
void fields_done(const struct field *table, size_t count, void *base);
/* On a bad key or value: false, and an explanation which the caller frees. */
bool fields_apply(const struct field *table, size_t count, void *base, json_t *object,
                  char **ret_error);
/* The present values as a JSON object. */
json_t *fields_dump(const struct field *table, size_t count, const void *base);

#endif
