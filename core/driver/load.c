/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads the one driver that is needed. The order matters: the file is trusted, its note read
 * again from the very descriptor that was checked, its major version compared, and only then does
 * its code run. What it hands out is copied by the smaller of both sizes, so that the rest of the
 * program sees structs of its own version only. Code is never unmapped.
 */
#include "driver/load.h"

#include "base/str.h"
#include "driver/options.h"
#include "driver/search.h"
#include "driver/trust.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRUCT_SIZE_MAX 65536u
#define OPTIONS_MAX 256

/* What the very first header had: less than this can't be a driver. */
#define DRIVER_SIZE_MIN offsetof(struct ocync_driver, license)
#define OPTION_SIZE_MIN (offsetof(struct ocync_option, help) + sizeof(const char *))
#define FLOW_SIZE_MIN offsetof(struct ocync_flow, end)

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int refuse(const struct plugin *plugin, struct error *err, const char *why)
{
    return error_set(err, ERR_PLUGIN, "driver %s is not loaded: %s", plugin->path, why);
}

static int refuse_major(const struct plugin *plugin, unsigned found, struct error *err)
{
    return error_set(err, ERR_PLUGIN,
                     "driver %s is not loaded: it is built for driver ABI %u, and this ocync has "
                     "ABI %d; build it with this ocync's <ocync/driver.h>",
                     plugin->path, found, OCYNC_ABI_MAJOR);
}

static int check_preamble(const struct ocync_driver *theirs, const struct plugin *plugin,
                          struct error *err)
{
    if (!theirs)
        return refuse(plugin, err, "its entry function returns nothing");
    if (theirs->magic != OCYNC_DRIVER_MAGIC)
        return error_set(err, ERR_PLUGIN,
                         "driver %s is not loaded: its struct begins with 0x%08x instead of "
                         "0x%08x; set `magic` to OCYNC_DRIVER_MAGIC",
                         plugin->path, theirs->magic, OCYNC_DRIVER_MAGIC);
    if (theirs->abi_major != OCYNC_ABI_MAJOR)
        return refuse_major(plugin, theirs->abi_major, err);
    if (theirs->struct_size < DRIVER_SIZE_MIN || theirs->struct_size > STRUCT_SIZE_MAX)
        return error_set(err, ERR_PLUGIN,
                         "driver %s is not loaded: it says that its struct has %u bytes, which is "
                         "impossible; set `struct_size` to sizeof(struct ocync_driver)",
                         plugin->path, theirs->struct_size);
    return 0;
}

static int check_agreement(const struct ocync_driver *theirs, const struct plugin *plugin,
                           struct error *err)
{
    const struct {
        const char *what, *in_struct, *in_note;
    } pairs[] = {{"name", theirs->name, plugin->note.name},
                 {"version", theirs->version, plugin->note.version},
                 {"hosts", theirs->hosts, plugin->note.hosts}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (!str_eq(pairs[i].in_struct, pairs[i].in_note))
            return error_set(err, ERR_PLUGIN,
                             "driver %s is not loaded: its note has the %s \"%s\", its struct "
                             "\"%.200s\"; they must be the same",
                             plugin->path, pairs[i].what, pairs[i].in_note,
                             pairs[i].in_struct ? pairs[i].in_struct : "");
    }
    return 0;
}

static int adopt_options(const struct plugin *plugin, struct driver *driver, struct error *err)
{
    struct ocync_driver *api = &driver->api;
    if (!api->options || api->n_options == 0) {
        api->options = NULL;
        api->n_options = 0;
        return 0;
    }
    if (api->option_size < OPTION_SIZE_MIN || api->option_size > STRUCT_SIZE_MAX ||
        api->option_size % _Alignof(struct ocync_option) != 0 || api->n_options > OPTIONS_MAX)
        return refuse(plugin, err,
                      "the size or number of its options is impossible; set `option_size` to "
                      "sizeof(struct ocync_option)");
    driver->options = xcalloc(api->n_options, sizeof(*driver->options));
    for (size_t i = 0; i < api->n_options; i++)
        memcpy(&driver->options[i], (const char *)api->options + i * api->option_size,
               smaller(api->option_size, sizeof(*driver->options)));
    api->options = driver->options;
    return options_check_table(plugin->path, api->options, api->n_options, err);
}

static int adopt_profile(const struct plugin *plugin, struct driver *driver, struct error *err)
{
    const struct ocync_profile *theirs = driver->api.profile;
    if (theirs) {
        if (theirs->struct_size < sizeof(theirs->struct_size) ||
            theirs->struct_size > STRUCT_SIZE_MAX)
            return refuse(plugin, err,
                          "the size of its profile is impossible; set `struct_size` to "
                          "sizeof(struct ocync_profile)");
        memcpy(&driver->profile, theirs, smaller(theirs->struct_size, sizeof(driver->profile)));
    }
    driver->profile.struct_size = sizeof(driver->profile);
    driver->api.profile = &driver->profile;
    return 0;
}

static int adopt_auth(const struct plugin *plugin, struct driver *driver, struct error *err)
{
    const struct ocync_flow *theirs = driver->api.auth;
    if (!theirs)
        return 0;
    if (theirs->struct_size < FLOW_SIZE_MIN || theirs->struct_size > STRUCT_SIZE_MAX)
        return refuse(plugin, err,
                      "the size of its auth flow is impossible; set `struct_size` to "
                      "sizeof(struct ocync_flow)");
    memcpy(&driver->auth, theirs, smaller(theirs->struct_size, sizeof(driver->auth)));
    driver->auth.struct_size = sizeof(driver->auth);
    driver->api.auth = &driver->auth;
    if (!driver->auth.begin || !driver->auth.step)
        return refuse(plugin, err, "its auth flow lacks `begin` or `step`");
    return 0;
}

int driver_adopt(const struct ocync_driver *theirs, const struct plugin *plugin,
                 struct driver *driver, struct error *err)
{
    int r = check_preamble(theirs, plugin, err);
    if (r == 0)
        r = check_agreement(theirs, plugin, err);
    if (r)
        return r;
    memcpy(&driver->api, theirs, smaller(theirs->struct_size, sizeof(driver->api)));
    driver->plugin = plugin;
    r = adopt_options(plugin, driver, err);
    if (r == 0)
        r = adopt_profile(plugin, driver, err);
    if (r == 0)
        r = adopt_auth(plugin, driver, err);
    if (r) {
        free(driver->options);
        driver->options = NULL;
    }
    return r;
}

void driver_free(struct driver *driver)
{
    if (!driver)
        return;
    free(driver->options);
    free(driver);
}

/* The note as it is now must be the one that the choice was made by. */
static int check_note(int fd, const struct plugin *plugin, struct error *err)
{
    struct note now = {0};
    struct error why = ERROR_INIT;
    enum note_result result = note_read(fd, &now, &why);
    bool same = result == NOTE_FOUND && note_equal(&now, &plugin->note);
    note_done(&now);
    if (!same)
        return refuse(plugin, err, "the file changed while the program ran; start it again");
    return plugin->note.abi_major == OCYNC_ABI_MAJOR
               ? 0
               : refuse_major(plugin, plugin->note.abi_major, err);
}

static int check_file(const struct catalogue *catalogue, const struct plugin *plugin,
                      struct error *err)
{
    _cleanup_close_ int fd = open(plugin->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return refuse(plugin, err, strerror(errno));
    size_t n_trusted;
    const char *const *trusted = catalogue_trusted(catalogue, &n_trusted);
    int r = trust_check(fd, plugin->path, trusted, n_trusted, err);
    return r ? r : check_note(fd, plugin, err);
}

static int run_entry(const struct plugin *plugin, const struct ocync_driver **ret,
                     struct error *err)
{
    /* A path without a slash would be searched for in the folders of libraries. */
    _cleanup_free_ char *path =
        strchr(plugin->path, '/') ? xstrdup(plugin->path) : xasprintf("./%s", plugin->path);
    void *code = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!code)
        return refuse(plugin, err, dlerror());
    const struct ocync_driver *(*entry)(void) = NULL;
    *(void **)&entry = dlsym(code, "ocync_driver_entry");
    if (!entry)
        return refuse(plugin, err,
                      "it does not export ocync_driver_entry; end its source with OCYNC_DRIVER");
    *ret = entry();
    return 0;
}

int driver_load(const struct catalogue *catalogue, struct plugin *plugin,
                const struct driver **ret_driver, struct error *err)
{
    if (plugin->state == PLUGIN_JUNK || plugin->state == PLUGIN_NOT_DRIVER)
        return refuse(plugin, err, plugin->why);
    if (!plugin->driver) {
        const struct ocync_driver *theirs = NULL;
        int r = check_file(catalogue, plugin, err);
        if (r == 0)
            r = run_entry(plugin, &theirs, err);
        struct driver *driver = xcalloc(1, sizeof(*driver));
        if (r == 0)
            r = driver_adopt(theirs, plugin, driver, err);
        if (r) {
            driver_free(driver);
            return r;
        }
        plugin->driver = driver;
    }
    *ret_driver = plugin->driver;
    return 0;
}
