/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors name content by digest and size, and both end up in URLs and limits: everything is
 * checked here, once, so that nobody behind has to. Unknown members pass.
 */
#include "oci/descriptor.h"

#include "base/str.h"
#include "oci/fields.h"

#include <stdlib.h>
#include <string.h>

#define MEDIA_TYPE_MAX 255

/* Any type is welcome that could stand in a header and on a terminal: printable ASCII. */
static bool type_is_harmless(const char *type)
{
    size_t len = 0;
    while (type[len] >= 0x20 && type[len] < 0x7f)
        len++;
    return len && !type[len] && len <= MEDIA_TYPE_MAX;
}

static int read_type(const json_t *json, const char *key, bool required, char **ret,
                     struct error *err)
{
    const char *type;
    int rc = fields_string(json, key, &type, err);
    if (rc < 0)
        return rc;
    if (!required && str_empty(type))
        return 0;
    if (!type || !type_is_harmless(type))
        return error_set(err, ERR_PROTOCOL, "\"%s\" must be a media type", key);
    *ret = xstrdup(type);
    return 0;
}

static int read_digest(const json_t *json, struct digest *ret, struct error *err)
{
    const char *text;
    int rc = fields_string(json, "digest", &text, err);
    if (rc < 0)
        return rc;
    if (!text)
        return error_set(err, ERR_PROTOCOL, "\"digest\" is missing");
    return digest_parse(text, ret, err);
}

static int read_size(const json_t *json, int64_t *ret, struct error *err)
{
    const json_t *size = json_object_get(json, "size");
    if (!json_is_integer(size) || json_integer_value(size) < 0)
        return error_set(err, ERR_PROTOCOL, "\"size\" must be a whole number, zero or more");
    *ret = json_integer_value(size);
    return 0;
}

static int read_urls(const json_t *json, bool *ret, struct error *err)
{
    const json_t *urls;
    int rc = fields_array(json, "urls", &urls, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < json_array_size(urls); i++) {
        if (!json_is_string(json_array_get(urls, i)))
            return error_set(err, ERR_PROTOCOL, "\"urls\" must hold strings only");
    }
    *ret = json_array_size(urls) > 0;
    return 0;
}

static int read_platform(const json_t *json, struct platform *ret, struct error *err)
{
    static const char *const known[] = {"architecture", "os",      "os.version",
                                        "os.features",  "variant", NULL};
    const json_t *platform;
    int rc = fields_object(json, "platform", &platform, err);
    if (rc < 0 || !platform)
        return rc;
    const struct {
        const char *key;
        char **slot;
    } members[] = {{"os", &ret->os},
                   {"architecture", &ret->architecture},
                   {"variant", &ret->variant},
                   {"os.version", &ret->os_version}};
    rc = fields_check_case(platform, known, err);
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(members); i++) {
        const char *text = NULL;
        rc = fields_string(platform, members[i].key, &text, err);
        if (rc == 0 && !str_empty(text))
            *members[i].slot = xstrdup(text);
    }
    return rc;
}

/* BuildKit hangs provenance into the index, beside the image that it speaks of. */
static int read_annotations(const json_t *json, struct descriptor *d, struct error *err)
{
    const json_t *map;
    int rc = fields_string_map(json, "annotations", &map, err);
    if (rc < 0)
        return rc;
    d->is_attestation =
        str_eq(json_member_string(map, "vnd.docker.reference.type"), "attestation-manifest");
    const char *attests = json_member_string(map, "vnd.docker.reference.digest");
    if (!d->is_attestation || !attests)
        return 0;
    return digest_parse(attests, &d->attests, err);
}

static int read_members(const json_t *json, struct descriptor *d, struct error *err)
{
    static const char *const known[] = {"mediaType",    "digest",      "size",
                                        "urls",         "annotations", "data",
                                        "artifactType", "platform",    NULL};
    const char *data;
    int rc = fields_check_case(json, known, err);
    if (rc == 0)
        rc = read_type(json, "mediaType", true, &d->media_type, err);
    if (rc == 0)
        rc = read_type(json, "artifactType", false, &d->artifact_type, err);
    if (rc == 0)
        rc = read_digest(json, &d->digest, err);
    if (rc == 0)
        rc = read_size(json, &d->size, err);
    if (rc == 0)
        rc = read_urls(json, &d->has_urls, err);
    if (rc == 0)
        rc = fields_string(json, "data", &data, err);
    if (rc == 0)
        rc = read_platform(json, &d->platform, err);
    if (rc == 0)
        rc = read_annotations(json, d, err);
    return rc;
}

int descriptor_parse(const json_t *json, struct descriptor *ret, struct error *err)
{
    if (!json_is_object(json))
        return error_set(err, ERR_PROTOCOL, "a descriptor must be an object");
    struct descriptor d = {0};
    int rc = read_members(json, &d, err);
    if (rc < 0)
        descriptor_done(&d);
    else
        *ret = d;
    return rc;
}

void descriptor_done(struct descriptor *descriptor)
{
    free(descriptor->media_type);
    free(descriptor->artifact_type);
    platform_done(&descriptor->platform);
    *descriptor = (struct descriptor){0};
}
