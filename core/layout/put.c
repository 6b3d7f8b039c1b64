/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting a manifest: its bytes as a blob, then, if it got a tag or is a root, its entry in
 * index.json. The entry is the commit: it is written last, under the lock, and only when every
 * part that the manifest names is there.
 */
#include "layout/disk.h"

#include "base/str.h"
#include "layout/index.h"
#include "oci/ref.h"

#include <stdlib.h>
#include <string.h>

struct putting {
    struct disk disk; /* first */
    const struct manifest *manifest;
    char *tag;    /* NULL: by digest */
    bool is_root; /* by digest, with an entry */
    bool stored;  /* the blob is there: nothing to do again while waiting for the lock */
};

static struct putting *putting_of(struct disk *disk)
{
    return container_of(disk, struct putting, disk);
}

static void release(struct task *task)
{
    struct putting *putting = putting_of(disk_of(task));
    disk_done(&putting->disk);
    free(putting->tag);
    free(putting);
}

/* ---- in the helper thread ---- */

static bool is_stored(const struct folder *folder, const struct manifest *manifest)
{
    _cleanup_free_ char *bytes = NULL;
    size_t len;
    return blob_load(folder, &manifest->digest, MANIFEST_MAX, &bytes, &len, NULL) == 0 &&
           len == manifest->len && memcmp(bytes, manifest->bytes, len) == 0;
}

static int store_bytes(const struct folder *folder, const struct manifest *manifest,
                       struct error *err)
{
    struct upload upload = UPLOAD_NONE;
    if (is_stored(folder, manifest))
        return 0;
    int r = upload_open_blob(folder, &manifest->digest, &upload, err);
    if (r == 0)
        r = upload_write(&upload, manifest->bytes, manifest->len, err);
    if (r == 0)
        r = upload_commit(&upload, err);
    upload_done(&upload);
    return r;
}

static int check_part(const struct folder *folder, const struct manifest *manifest,
                      const struct descriptor *part, struct error *err)
{
    if (part->has_urls || media_type_is_foreign(part->media_type) ||
        blob_is_present(folder, &part->digest, -1))
        return 0;
    return error_set(err, ERR_MISSING_PART, "%s: %s names %s, which is not there", folder->path,
                     manifest->digest.text, part->digest.text);
}

static int check_parts(const struct folder *folder, const struct manifest *manifest,
                       struct error *err)
{
    int r = 0;
    if (manifest->config.media_type)
        r = check_part(folder, manifest, &manifest->config, err);
    for (size_t i = 0; r == 0 && i < manifest->n_layers; i++)
        r = check_part(folder, manifest, &manifest->layers[i], err);
    for (size_t i = 0; r == 0 && i < manifest->n_children; i++)
        r = check_part(folder, manifest, &manifest->children[i], err);
    return r;
}

static int change_index(struct putting *putting, struct error *err)
{
    const struct folder *folder = &putting->disk.folder;
    _cleanup_(cleanup_json_decref) json_t *index = NULL;
    _cleanup_close_ int lock = -1;
    int r = folder_lock(folder, &lock, &putting->disk.busy, err);
    if (r < 0 || putting->disk.busy)
        return r;
    r = folder_load_index(folder, true, &index, err);
    if (r < 0)
        return r;
    bool changed = putting->tag ? index_set_tag(index, putting->tag, putting->manifest)
                                : index_add_root(index, putting->manifest);
    return changed ? folder_save_index(folder, index, err) : 0;
}

static int put(struct disk *disk, struct error *err)
{
    struct putting *putting = putting_of(disk);
    if (!putting->stored) {
        int r = check_parts(&disk->folder, putting->manifest, err);
        if (r == 0)
            r = store_bytes(&disk->folder, putting->manifest, err);
        if (r < 0)
            return r;
        putting->stored = true;
    }
    return putting->tag || putting->is_root ? change_index(putting, err) : 0;
}

/* ---- in the loop ---- */

static enum step_result check(struct task *task);
static enum step_result store(struct task *task);
static enum step_result end(struct task *task);
static const struct step step_check = {"check", check};
static const struct step step_store = {"store", store};
static const struct step step_end = {"end", end};

static enum step_result check(struct task *task)
{
    struct putting *putting = putting_of(disk_of(task));
    struct error err = ERROR_INIT;
    if (putting->tag && !tag_is_valid(putting->tag)) {
        error_set(&err, ERR_USAGE, "%s: %s is not a valid tag", putting->disk.layout->store.name,
                  putting->tag);
        return task_fail(task, &err);
    }
    return disk_prepare(&putting->disk, &step_store);
}

static enum step_result store(struct task *task)
{
    return disk_run(disk_of(task), put, &step_end);
}

static enum step_result end(struct task *task)
{
    return task_end(task);
}

struct store_op *layout_put(struct store *store_, const char *reference,
                            const struct manifest *manifest, struct task *parent)
{
    static const struct task_type type = {"layout-put", release};
    struct putting *putting = xcalloc(1, sizeof(*putting));
    putting->manifest = manifest;
    if (str_eq(reference, manifest->digest.text))
        putting->is_root = digest_equal(&manifest->digest, &layout_of(store_)->root);
    else
        putting->tag = xstrdup(reference);
    disk_start(&putting->disk, store_, parent, &type, reference, &step_check);
    return &putting->disk.op;
}
