/* SPDX-License-Identifier: Apache-2.0 */
/* Cross-repository blob mount. What cannot be mounted becomes an ordinary upload (202). */
#include <string.h>

#include "auth.h"
#include "handlers.h"
#include "util.h"

static struct blob *find_anywhere(const struct store *store, const char *digest)
{
    for (size_t i = 0; i < store->repos.count; i++) {
        struct blob *blob = repo_blob(store->repos.entries[i].value, digest);

        if (blob != NULL)
            return blob;
    }
    return NULL;
}

/* The blob to be mounted, if this registry is willing. */
static struct blob *find_source(const struct request *request, const char *digest)
{
    const struct switches *switches = &request->registry->switches;
    const struct store *store = &request->registry->store;
    const char *from = request_query(request, "from");
    const struct repo *source = from != NULL ? store_repo(store, from) : NULL;

    if (from == NULL)
        return switches->mount_without_from == ANYWHERE_YES ? find_anywhere(store, digest) : NULL;
    if (source == NULL || !request->may_pull_source)
        return NULL;
    if (!switches->mount_self && strcmp(from, request->name) == 0)
        return NULL;
    if (switches->mount == MOUNT_IF_REFERENCED && !repo_references(source, digest))
        return NULL;
    return repo_blob(source, digest);
}

static void answer_mounted(struct request *request, struct blob *blob, const char *digest)
{
    CLEANUP(freep) char *base = request_base(request);

    repo_add_blob(store_create_repo(&request->registry->store, request->name), digest, blob);
    request_answer(request, reply_new(201));
    reply_add(request->reply, "Location", "%s/v2/%s/blobs/%s", base, request->name, digest);
    reply_add(request->reply, "Docker-Content-Digest", "%s", digest);
}

bool mounts_try(struct request *request)
{
    const char *digest = request_query(request, "mount");
    int mode = request->registry->switches.mount;
    struct blob *blob;

    if (digest == NULL || mode == MOUNT_202)
        return false;
    if (mode == MOUNT_405) {
        request_fail(request, 405, "UNSUPPORTED", "The operation is unsupported.");
        return true;
    }
    if (mode == MOUNT_401) {
        auth_challenge(request, "insufficient_scope");
        return true;
    }
    blob = find_source(request, digest);
    if (blob != NULL)
        answer_mounted(request, blob, digest);
    return blob != NULL;
}
