/* SPDX-License-Identifier: Apache-2.0 */
/* Content digests: sha256 and sha512 by the grammar of the OCI image spec (lower-case hex). */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum digest_algorithm { DIGEST_SHA256, DIGEST_SHA512 };

#define DIGEST_TEXT_MAX (7 + 128 + 1)

struct digest {
    enum digest_algorithm algorithm;
    char text[DIGEST_TEXT_MAX]; /* "sha256:..."; "" means none */
};

/* Whole string. ERR_PROTOCOL with a sentence that names it. */
int digest_parse(const char *text, struct digest *ret, struct error *err);
bool digest_is_set(const struct digest *digest);
bool digest_equal(const struct digest *a, const struct digest *b); /* unset ones never are */
const char *digest_algorithm_name(const struct digest *digest);    /* "sha256" */
const char *digest_hex(const struct digest *digest);               /* inside digest->text */
/* "sha256:ab12cd34ef56", for people. */
void digest_short(const struct digest *digest, char *out, size_t size);

void digest_compute(enum digest_algorithm algorithm, const void *data, size_t len,
                    struct digest *ret);

/* Hashing on the fly. */
struct hasher;
struct hasher *hasher_new(enum digest_algorithm algorithm);
void hasher_free(struct hasher *hasher);
void hasher_update(struct hasher *hasher, const void *data, size_t len);
/* Ends it; only hasher_reset and hasher_free may follow. */
void hasher_final(struct hasher *hasher, struct digest *ret);
void hasher_reset(struct hasher *hasher);
