/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In certs.d/HOST, FILE.crt is a CA to trust besides the system's, and FILE.cert with FILE.key is
 * a client certificate. Of several the first by name counts, so that the choice never depends on
 * the order of a folder. A host that is no plain name never becomes a path.
 */
#include "registry/certs.h"

#include "base/str.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void cleanup_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

void certs_done(struct certs *certs)
{
    free(certs->ca_file);
    free(certs->client_cert);
    free(certs->client_key);
    *certs = (struct certs){0};
}

static void keep_first(char **name, const char *candidate)
{
    if (!*name || strcmp(candidate, *name) < 0)
        str_replace(name, candidate);
}

static char *path_of(const char *folder, const char *name)
{
    return name ? xasprintf("%s/%s", folder, name) : NULL;
}

static int find_key(struct certs *certs, struct error *err)
{
    if (!certs->client_cert)
        return 0;
    size_t stem = strlen(certs->client_cert) - strlen(".cert");
    certs->client_key = xasprintf("%.*s.key", (int)stem, certs->client_cert);
    if (access(certs->client_key, F_OK) == 0)
        return 0;
    return error_set(err, ERR_CONFIG, "client certificate %s: its key, %s, is missing",
                     certs->client_cert, certs->client_key);
}

/* 1: the folder is there; 0: it is not (or not for us). */
static int look_in(const char *folder, struct certs *ret, struct error *err)
{
    _cleanup_(cleanup_dir) DIR *dir = opendir(folder);
    _cleanup_free_ char *ca = NULL, *cert = NULL;
    const struct dirent *entry;
    if (!dir)
        return 0;
    while ((entry = readdir(dir))) {
        if (str_has_suffix(entry->d_name, ".crt"))
            keep_first(&ca, entry->d_name);
        else if (str_has_suffix(entry->d_name, ".cert"))
            keep_first(&cert, entry->d_name);
    }
    struct certs certs = {.ca_file = path_of(folder, ca), .client_cert = path_of(folder, cert)};
    int result = find_key(&certs, err);
    if (result < 0) {
        certs_done(&certs);
        return result;
    }
    *ret = certs;
    return 1;
}

int certs_find(const char *host, const char *home, struct certs *ret, bool *ret_known,
               struct error *err)
{
    _cleanup_free_ char *own = home ? xasprintf("%s/.config/containers/certs.d", home) : NULL;
    const char *const folders[] = {own, "/etc/containers/certs.d", "/etc/docker/certs.d"};
    *ret = (struct certs){0};
    *ret_known = false;
    if (str_empty(host) || host[0] == '.' || strchr(host, '/'))
        return 0;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        _cleanup_free_ char *folder = folders[i] ? path_of(folders[i], host) : NULL;
        int result = folder ? look_in(folder, ret, err) : 0;
        *ret_known = result > 0;
        if (result)
            return result < 0 ? result : 0;
    }
    return 0;
}
