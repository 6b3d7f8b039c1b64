/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/referrers.h"

#include "base/str.h"
#include "oci/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char index_type[] = "application/vnd.oci.image.index.v1+json";

void referrers_tag(const struct digest *subject, char out[REFERRERS_TAG_MAX])
{
    snprintf(out, REFERRERS_TAG_MAX, "%s-%s", digest_algorithm_name(subject), digest_hex(subject));
}

static bool lists(const struct manifest *index, const struct digest *digest)
{
    for (size_t i = 0; index && i < index->n_children; i++) {
        if (digest_equal(&index->children[i].digest, digest))
            return true;
    }
    return false;
}

/* As the spec wants it: the type of the artifact, else of its config; annotations as they are. */
static json_t *entry(const struct manifest *m)
{
    json_t *o = json_pack("{s:s, s:s, s:I}", "mediaType", m->media_type, "digest", m->digest.text,
                          "size", (json_int_t)m->len);
    const char *type = m->artifact_type ? m->artifact_type : m->config.media_type;
    if (type)
        json_object_set_new(o, "artifactType", json_string(type));
    json_t *document = json_loadb(m->bytes, m->len, 0, NULL);
    json_t *annotations = json_object_get(document, "annotations");
    if (json_is_object(annotations) && json_object_size(annotations))
        json_object_set(o, "annotations", annotations);
    json_decref(document);
    return o;
}

static json_t *open_document(const struct manifest *index)
{
    json_t *document = index ? json_loadb(index->bytes, index->len, 0, NULL) : NULL;
    if (json_is_object(document) && json_is_array(json_object_get(document, "manifests")))
        return document;
    json_decref(document);
    return json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", index_type, "manifests");
}

int referrers_merge(const struct manifest *index, const struct manifest *const *additions,
                    size_t n_additions, struct manifest **ret, struct error *err)
{
    size_t n_added = 0;
    json_t *document = open_document(index);
    for (size_t i = 0; i < n_additions; i++) {
        if (lists(index, &additions[i]->digest))
            continue;
        json_array_append_new(json_object_get(document, "manifests"), entry(additions[i]));
        n_added++;
    }
    int result = 0;
    if (n_added) {
        _cleanup_free_ char *text = json_dumps(document, JSON_COMPACT);
        result = manifest_parse(text, strlen(text), index_type, NULL, ret, err);
    }
    json_decref(document);
    return result;
}
