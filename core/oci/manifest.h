/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and indexes, read strictly; their bytes are kept as they came and never written anew.
 */
#pragma once

#include "oci/digest.h"
#include "oci/platform.h"

#include <stdint.h>

#define MANIFEST_MAX ((size_t)4 * 1024 * 1024)
#define MANIFEST_DESCRIPTORS_MAX 10000

/* For Accept headers: every type that we read, comma-separated. */
extern const char manifest_accept[];

enum manifest_kind {
    MANIFEST_IMAGE, /* config and layers (images and artifacts) */
    MANIFEST_INDEX, /* manifests: OCI index, Docker list */
};

struct descriptor {
    char *media_type;
    struct digest digest;
    int64_t size;
    char *artifact_type;      /* NULL: none */
    struct platform platform; /* all NULL: none */
    bool has_urls;            /* a list of foreign locations that is not empty */
    bool is_attestation;      /* annotation vnd.docker.reference.type */
    struct digest attests;    /* annotation vnd.docker.reference.digest; not set: none */
};

struct manifest {
    enum manifest_kind kind;
    char *media_type; /* of the whole, without parameters */
    struct digest digest;
    char *bytes; /* exactly as received; NUL-terminated for convenience */
    size_t len;
    struct descriptor config;  /* MANIFEST_IMAGE; media_type NULL: none */
    struct descriptor *layers; /* MANIFEST_IMAGE */
    size_t n_layers;
    struct descriptor *children; /* MANIFEST_INDEX */
    size_t n_children;
    bool has_subject;
    struct descriptor subject;
    char *artifact_type; /* NULL: none */
};

/*
 * Reads `len` bytes (copied). `content_type` is what the peer or the parent descriptor called it
 * (NULL: not said; parameters are ignored); `expected` may be NULL, else the bytes must have that
 * digest, which also chooses the algorithm of ret->digest (default sha256).
 *
 * Refused with ERR_PROTOCOL: malformed JSON, duplicate or case-variant keys, wrong types, both
 * config/layers and manifests, a mediaType that contradicts content_type, bad digests, negative
 * sizes, too many descriptors, JSON deeper than 64. ERR_UNSUPPORTED: schema 1 (with a sentence
 * that says what to do) and unknown manifest types. ERR_DIGEST: other bytes than expected.
 */
int manifest_parse(const void *bytes, size_t len, const char *content_type,
                   const struct digest *expected, struct manifest **ret, struct error *err);
void manifest_free(struct manifest *manifest);
DEFINE_CLEANUP(struct manifest *, manifest_free)

/* By its media type: a manifest or index of any kind that we read. */
bool media_type_is_manifest(const char *media_type);
bool media_type_is_index(const char *media_type);
/* Layers that registries do not have to hold ("foreign", "nondistributable"). */
bool media_type_is_foreign(const char *media_type);
/* A foreign media type that is safe to put into a header: RFC 6838 characters only. */
bool media_type_is_valid(const char *media_type);
