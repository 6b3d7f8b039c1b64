/* SPDX-License-Identifier: Apache-2.0 */
/* Media types by name: what is a manifest, what is an index, what may go into a header. */
#include "oci/media_type.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

const char manifest_accept[] = OCI_INDEX ", " OCI_MANIFEST ", " DOCKER_LIST ", " DOCKER_MANIFEST;

static const struct {
    const char *name;
    enum media_type_role role;
} known[] = {
    {OCI_INDEX, MEDIA_TYPE_INDEX},
    {OCI_MANIFEST, MEDIA_TYPE_IMAGE},
    {DOCKER_LIST, MEDIA_TYPE_INDEX},
    {DOCKER_MANIFEST, MEDIA_TYPE_IMAGE},
    {"application/vnd.docker.distribution.manifest.v1+json", MEDIA_TYPE_SCHEMA1},
    {"application/vnd.docker.distribution.manifest.v1+prettyjws", MEDIA_TYPE_SCHEMA1},
    {"application/vnd.oci.artifact.manifest.v1+json", MEDIA_TYPE_WITHDRAWN},
    /* What servers say that know no better: as good as saying nothing. */
    {"application/json", MEDIA_TYPE_GENERIC},
    {"application/octet-stream", MEDIA_TYPE_GENERIC},
    {"binary/octet-stream", MEDIA_TYPE_GENERIC},
    {"text/plain", MEDIA_TYPE_GENERIC},
    {"", MEDIA_TYPE_GENERIC},
};

enum media_type_role media_type_role(const char *media_type)
{
    for (size_t i = 0; media_type && i < ARRAY_LEN(known); i++) {
        if (str_ieq(media_type, known[i].name))
            return known[i].role;
    }
    return media_type ? MEDIA_TYPE_OTHER : MEDIA_TYPE_GENERIC;
}

const char *media_type_inferred(enum media_type_role role)
{
    return role == MEDIA_TYPE_INDEX ? OCI_INDEX : OCI_MANIFEST;
}

char *media_type_without_parameters(const char *media_type)
{
    _cleanup_free_ char *name = xstrndup(media_type, strcspn(media_type, ";"));
    return str_lower(str_trim(name));
}

bool media_type_is_manifest(const char *media_type)
{
    enum media_type_role role = media_type_role(media_type);
    return role == MEDIA_TYPE_IMAGE || role == MEDIA_TYPE_INDEX;
}

bool media_type_is_index(const char *media_type)
{
    return media_type_role(media_type) == MEDIA_TYPE_INDEX;
}

bool media_type_is_foreign(const char *media_type)
{
    return media_type &&
           (str_has_prefix(media_type, "application/vnd.docker.image.rootfs.foreign.diff.tar") ||
            str_has_prefix(media_type, "application/vnd.oci.image.layer.nondistributable.v1.tar"));
}

/* RFC 6838, restricted-name. Returns its length, 0 when there is none. */
static size_t restricted_name_len(const char *s)
{
    const size_t longest = 127;
    size_t len = 0;
    while (isalnum((unsigned char)s[len]) || (len && s[len] && strchr("!#$&-^_.+", s[len])))
        len++;
    return len <= longest ? len : 0;
}

bool media_type_is_valid(const char *media_type)
{
    size_t type = media_type ? restricted_name_len(media_type) : 0;
    if (!type || media_type[type] != '/')
        return false;
    const char *subtype = media_type + type + 1;
    size_t len = restricted_name_len(subtype);
    return len && !subtype[len];
}
