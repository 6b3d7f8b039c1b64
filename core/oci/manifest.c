/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One document must mean one thing to everybody who reads it: whatever two programs could read
 * differently (twice the same key, keys in another case, two kinds of content in one) is refused.
 * Order: size, then digest, and only then a look inside.
 */
#include "oci/manifest.h"

#include "base/str.h"
#include "oci/descriptor.h"
#include "oci/fields.h"
#include "oci/media_type.h"

#include <stdlib.h>
#include <string.h>

static int refuse_schema1(struct error *err)
{
    return error_set(err, ERR_UNSUPPORTED,
                     "the image is in Docker's schema 1 format, which today's registries refuse: "
                     "rebuild it, or pull it and push it with a current tool, and copy that");
}

static int refuse_role(const char *media_type, enum media_type_role role, struct error *err)
{
    if (role == MEDIA_TYPE_SCHEMA1)
        return refuse_schema1(err);
    if (role == MEDIA_TYPE_WITHDRAWN)
        return error_set(err, ERR_UNSUPPORTED,
                         "the artifact manifest type %s was withdrawn from the OCI specification: "
                         "push the artifact again with a tool that writes OCI image manifests",
                         media_type);
    return error_set(err, ERR_UNSUPPORTED,
                     "\"%.255s\" is no manifest type that can be copied: expected an OCI or "
                     "Docker image manifest or index",
                     media_type);
}

/* A digest proves bytes, so it comes before every look inside. */
static int check_digest(struct manifest *m, const struct digest *expected, struct error *err)
{
    bool known = expected && digest_is_set(expected);
    digest_compute(known ? expected->algorithm : DIGEST_SHA256, m->bytes, m->len, &m->digest);
    if (!known || digest_equal(&m->digest, expected))
        return 0;
    return error_set(err, ERR_DIGEST, "received other content than asked for: it has digest %s",
                     m->digest.text);
}

static bool has(const json_t *json, const char *key)
{
    return json_object_get(json, key) != NULL;
}

static int check_top_level(const json_t *json, struct error *err)
{
    static const char *const known[] = {"schemaVersion", "mediaType", "artifactType", "config",
                                        "layers",        "manifests", "subject",      "annotations",
                                        "fsLayers",      NULL};
    if (!json_is_object(json))
        return error_set(err, ERR_PROTOCOL, "a manifest must be a JSON object");
    int rc = fields_check_case(json, known, err);
    if (rc < 0)
        return rc;
    const json_t *version = json_object_get(json, "schemaVersion");
    if (version && !json_is_integer(version))
        return error_set(err, ERR_PROTOCOL, "\"schemaVersion\" must be a whole number");
    if (json_integer_value(version) == 1 || (!version && has(json, "fsLayers")))
        return refuse_schema1(err);
    if (version && json_integer_value(version) != 2)
        return error_set(err, ERR_UNSUPPORTED, "schemaVersion %lld is unknown: expected 2",
                         (long long)json_integer_value(version));
    if (has(json, "manifests") && (has(json, "config") || has(json, "layers")))
        return error_set(err, ERR_PROTOCOL,
                         "it is an image and an index at once (\"manifests\" beside \"config\" or "
                         "\"layers\")");
    if (has(json, "fsLayers"))
        return error_set(err, ERR_PROTOCOL, "\"fsLayers\" does not belong into schema version 2");
    return 0;
}

/* The type by what the peer called it, by what the document calls itself, or by its content. */
static int find_type(struct manifest *m, const json_t *json, const char *called, struct error *err)
{
    const char *own;
    int rc = fields_string(json, "mediaType", &own, err);
    if (rc < 0)
        return rc;
    if (str_empty(own))
        own = NULL;
    bool is_called = media_type_role(called) != MEDIA_TYPE_GENERIC;
    if (own && is_called && !str_ieq(own, called))
        return error_set(err, ERR_PROTOCOL,
                         "it calls itself \"%.255s\", but was served as \"%.255s\"", own, called);
    const char *inferred =
        media_type_inferred(has(json, "manifests") ? MEDIA_TYPE_INDEX : MEDIA_TYPE_IMAGE);
    const char *type = own ? own : is_called ? called : inferred;
    enum media_type_role role = media_type_role(type);
    if (role != MEDIA_TYPE_IMAGE && role != MEDIA_TYPE_INDEX)
        return refuse_role(type, role, err);
    m->kind = role == MEDIA_TYPE_INDEX ? MANIFEST_INDEX : MANIFEST_IMAGE;
    m->media_type = str_lower(type);
    return 0;
}

static int check_shape(const struct manifest *m, const json_t *json, struct error *err)
{
    if (m->kind == MANIFEST_INDEX && !has(json, "manifests"))
        return error_set(err, ERR_PROTOCOL, "an index must have \"manifests\"");
    if (m->kind == MANIFEST_IMAGE && has(json, "manifests"))
        return error_set(err, ERR_PROTOCOL, "an image manifest must not have \"manifests\"");
    if (m->kind == MANIFEST_IMAGE && !has(json, "config") && !has(json, "layers"))
        return error_set(err, ERR_PROTOCOL, "an image manifest must have \"config\" or \"layers\"");
    return 0;
}

static int read_list(const json_t *json, const char *key, struct descriptor **ret, size_t *ret_len,
                     struct error *err)
{
    const json_t *list;
    int rc = fields_array(json, key, &list, err);
    if (rc < 0)
        return rc;
    size_t len = json_array_size(list);
    if (len > MANIFEST_DESCRIPTORS_MAX)
        return error_set(err, ERR_PROTOCOL, "\"%s\" has %zu entries: at most %d are accepted", key,
                         len, MANIFEST_DESCRIPTORS_MAX);
    if (len)
        *ret = xcalloc(len, sizeof(**ret));
    for (size_t i = 0; i < len; i++) {
        rc = descriptor_parse(json_array_get(list, i), &(*ret)[i], err);
        if (rc < 0) {
            error_wrap(err, "%s[%zu]", key, i);
            return rc;
        }
        *ret_len = i + 1;
    }
    return 0;
}

/* *ret keeps its zeros when there is no such member. */
static int read_single(const json_t *json, const char *key, struct descriptor *ret,
                       struct error *err)
{
    const json_t *member;
    int rc = fields_object(json, key, &member, err);
    if (rc < 0 || !member)
        return rc;
    rc = descriptor_parse(member, ret, err);
    if (rc < 0)
        error_wrap(err, "%s", key);
    return rc;
}

static int read_content(struct manifest *m, const json_t *json, struct error *err)
{
    const char *artifact_type = NULL;
    const json_t *annotations;
    int rc = fields_string(json, "artifactType", &artifact_type, err);
    if (rc == 0)
        rc = fields_string_map(json, "annotations", &annotations, err);
    if (rc == 0)
        rc = read_single(json, "subject", &m->subject, err);
    if (rc == 0 && m->kind == MANIFEST_INDEX)
        rc = read_list(json, "manifests", &m->children, &m->n_children, err);
    if (rc == 0 && m->kind == MANIFEST_IMAGE)
        rc = read_single(json, "config", &m->config, err);
    if (rc == 0 && m->kind == MANIFEST_IMAGE)
        rc = read_list(json, "layers", &m->layers, &m->n_layers, err);
    if (rc < 0)
        return rc;
    m->has_subject = m->subject.media_type != NULL;
    m->artifact_type = str_empty(artifact_type) ? NULL : xstrdup(artifact_type);
    return 0;
}

static int read_document(struct manifest *m, const char *called, struct error *err)
{
    _cleanup_(cleanup_json_decref) json_t *json =
        json_load_bounded(m->bytes, m->len, "its content", err);
    if (!json)
        return ERR_PROTOCOL;
    int rc = check_top_level(json, err);
    if (rc == 0)
        rc = find_type(m, json, called, err);
    if (rc == 0)
        rc = check_shape(m, json, err);
    if (rc == 0)
        rc = read_content(m, json, err);
    return rc;
}

static int read_all(struct manifest *m, const char *content_type, const struct digest *expected,
                    struct error *err)
{
    _cleanup_free_ char *called = content_type ? media_type_without_parameters(content_type) : NULL;
    /* Signed schema 1 never has the digest of its bytes: say what it is, not that it differs. */
    if (media_type_role(called) == MEDIA_TYPE_SCHEMA1)
        return refuse_schema1(err);
    int rc = check_digest(m, expected, err);
    return rc < 0 ? rc : read_document(m, called, err);
}

int manifest_parse(const void *bytes, size_t len, const char *content_type,
                   const struct digest *expected, struct manifest **ret, struct error *err)
{
    if (len > MANIFEST_MAX)
        return error_set(err, ERR_TOO_LARGE, "manifest of %zu bytes: at most %zu are accepted", len,
                         MANIFEST_MAX);
    _cleanup_(cleanup_manifest_free) struct manifest *m = xcalloc(1, sizeof(*m));
    m->bytes = xmalloc(len + 1);
    if (len)
        memcpy(m->bytes, bytes, len);
    m->bytes[len] = '\0';
    m->len = len;
    int rc = read_all(m, content_type, expected, err);
    if (rc < 0) {
        bool known = expected && digest_is_set(expected);
        error_wrap(err, "manifest%s%s", known ? " " : "", known ? expected->text : "");
        return rc;
    }
    *ret = take_ptr(&m);
    return 0;
}

static void list_free(struct descriptor *list, size_t len)
{
    for (size_t i = 0; i < len; i++)
        descriptor_done(&list[i]);
    free(list);
}

void manifest_free(struct manifest *manifest)
{
    if (!manifest)
        return;
    list_free(manifest->layers, manifest->n_layers);
    list_free(manifest->children, manifest->n_children);
    descriptor_done(&manifest->config);
    descriptor_done(&manifest->subject);
    free(manifest->media_type);
    free(manifest->artifact_type);
    free(manifest->bytes);
    free(manifest);
}
