/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a layout, and the few questions about it that are no operations. */
#include "layout/internal.h"

#include "layout/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_WAIT_MS 30000
#define BODIES_DEFAULT 16

static void layout_free(struct store *store)
{
    struct layout *layout = layout_of(store);
    if (layout->fd >= 0)
        close(layout->fd);
    free(layout->path);
    slots_free(store->bodies);
    free(store->name);
    free(layout);
}

static bool layout_probe_finds(const struct store *store)
{
    (void)store;
    return true; /* every `begin` looks */
}

static const struct store_ops layout_ops = {
    .free = layout_free,
    .head = layout_head,
    .get = layout_get,
    .put = layout_put,
    .referrers = layout_referrers,
    .tags = layout_tags,
    .stat = layout_stat,
    .read = layout_read,
    .begin = layout_begin,
    .write = layout_write,
};

/* Says early what a copy would find out late. */
static int check(const struct folder *folder, enum layout_mode mode, struct error *err)
{
    _cleanup_(cleanup_json_decref) json_t *index = NULL;
    bool writable = mode == LAYOUT_WRITE;
    int r = writable ? folder_check_usable(folder, err) : folder_check(folder, err);
    return r < 0 ? r : folder_load_index(folder, writable, &index, err);
}

int layout_open(struct loop *loop, const char *dir, enum layout_mode mode, int max_bodies,
                struct store **ret, struct error *err)
{
    _cleanup_close_ int fd = -1;
    struct error found = ERROR_INIT;
    int r = folder_open(dir, &fd, &found);
    bool is_new = r == ERR_NOT_FOUND && mode == LAYOUT_WRITE;
    if (r == 0) {
        struct folder folder = {.fd = fd, .path = dir};
        r = check(&folder, mode, &found);
    }
    if (r < 0 && !is_new) {
        if (err)
            *err = found;
        return r;
    }
    struct layout *layout = xcalloc(1, sizeof(*layout));
    layout->store.ops = &layout_ops;
    layout->store.name = xasprintf("oci:%s", dir);
    layout->store.probe_finds = layout_probe_finds;
    layout->loop = loop;
    layout->path = xstrdup(dir);
    layout->writable = mode == LAYOUT_WRITE;
    layout->store.bodies = slots_new(max_bodies ? max_bodies : BODIES_DEFAULT);
    layout->lock_wait_ms = LOCK_WAIT_MS;
    layout->fd = take_fd(&fd);
    *ret = &layout->store;
    return 0;
}

int layout_default_reference(struct store *store, char **ret, struct error *err)
{
    struct layout *layout = layout_of(store);
    struct folder folder = layout_folder(layout);
    _cleanup_(cleanup_json_decref) json_t *index = NULL;
    if (layout->fd < 0)
        return error_set(err, ERR_NOT_FOUND, "%s does not exist yet", store->name);
    int r = folder_load_index(&folder, layout->writable, &index, err);
    return r < 0 ? r : index_default(index, store->name, ret, err);
}

void layout_set_root(struct store *store, const struct digest *digest)
{
    layout_of(store)->root = *digest;
}
