/* SPDX-License-Identifier: Apache-2.0 */
#include "layout/whole.h"

#include "layout/file.h"

#define DEPTH_MAX 8

static bool is_whole(const struct folder *folder, const struct digest *digest,
                     const char *media_type, int depth);

static bool has_blob(const struct folder *folder, const struct descriptor *blob)
{
    return blob->has_urls || media_type_is_foreign(blob->media_type) ||
           blob_is_present(folder, &blob->digest, blob->size);
}

static bool has_parts(const struct folder *folder, const struct manifest *m, int depth)
{
    bool whole = !m->config.media_type || has_blob(folder, &m->config);
    for (size_t i = 0; whole && i < m->n_layers; i++)
        whole = has_blob(folder, &m->layers[i]);
    for (size_t i = 0; whole && i < m->n_children; i++) {
        const struct descriptor *child = &m->children[i];
        whole = media_type_is_manifest(child->media_type)
                    ? is_whole(folder, &child->digest, child->media_type, depth + 1)
                    : has_blob(folder, child);
    }
    return whole;
}

static bool is_whole(const struct folder *folder, const struct digest *digest,
                     const char *media_type, int depth)
{
    _cleanup_free_ char *bytes = NULL;
    _cleanup_(cleanup_manifest_free) struct manifest *m = NULL;
    size_t len;
    return depth <= DEPTH_MAX && blob_load(folder, digest, MANIFEST_MAX, &bytes, &len, NULL) == 0 &&
           manifest_parse(bytes, len, media_type, digest, &m, NULL) == 0 &&
           has_parts(folder, m, depth);
}

bool manifest_is_whole(const struct folder *folder, const struct digest *digest)
{
    return is_whole(folder, digest, NULL, 0);
}
