/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the catalogue. Nothing found in a folder can fail a run: a file that is no driver, or a
 * damaged one, is an entry with a reason, and stands in the way only of who names it. The entries
 * are in order of precedence: folders as given, names in byte order within a folder.
 */
#include "driver/search.h"

#include "base/log.h"
#include "base/str.h"
#include "base/vec.h"
#include "driver/load.h"
#include "driver/match.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef OCYNC_PLUGIN_DEFAULT_DIR
#define OCYNC_PLUGIN_DEFAULT_DIR "/usr/local/lib/ocync/plugins"
#endif

#define FILES_PER_FOLDER_MAX 1000

struct folder {
    char *path;
    dev_t dev;
    ino_t ino;
};

struct catalogue {
    VEC(struct folder) folders;
    VEC(struct plugin *) plugins;
    VEC(char *) trusted;
};

static void plugin_free(struct plugin *plugin)
{
    driver_free(plugin->driver);
    note_done(&plugin->note);
    free(plugin->path);
    free(plugin->name);
    free(plugin->why);
    free(plugin);
}

static void strings_done(char **items, size_t len)
{
    for (size_t i = 0; i < len; i++)
        free(items[i]);
}

void catalogue_free(struct catalogue *catalogue)
{
    if (!catalogue)
        return;
    for (size_t i = 0; i < catalogue->plugins.len; i++)
        plugin_free(catalogue->plugins.items[i]);
    for (size_t i = 0; i < catalogue->folders.len; i++)
        free(catalogue->folders.items[i].path);
    strings_done(catalogue->trusted.items, catalogue->trusted.len);
    vec_done(&catalogue->plugins);
    vec_done(&catalogue->folders);
    vec_done(&catalogue->trusted);
    free(catalogue);
}

/* Reads the note of a file into the entry, and says what the file is. */
static void judge_file(struct plugin *plugin)
{
    _cleanup_close_ int fd = open(plugin->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    struct error err = ERROR_INIT;
    plugin->state = PLUGIN_JUNK;
    if (fd < 0 || fstat(fd, &st)) {
        plugin->why = xasprintf("the file can't be read: %s", strerror(errno));
        return;
    }
    enum note_result result = S_ISREG(st.st_mode) ? note_read(fd, &plugin->note, &err) : NOTE_NONE;
    if (result == NOTE_JUNK) {
        plugin->why = xstrdup(err.text);
    } else if (result == NOTE_NONE) {
        plugin->state = PLUGIN_NOT_DRIVER;
        plugin->why = xstrdup("the file has no driver note: it is not a driver");
    } else if (!str_eq(plugin->note.name, plugin->name)) {
        plugin->why = xasprintf("the driver in it calls itself %s: name the file %s.so",
                                plugin->note.name, plugin->note.name);
    } else {
        plugin->state = PLUGIN_DRIVER;
    }
}

static bool is_driver(const struct plugin *plugin)
{
    return plugin->state == PLUGIN_DRIVER || plugin->state == PLUGIN_SHADOWED;
}

static const struct plugin *driver_named(const struct catalogue *catalogue, const char *name)
{
    for (size_t i = 0; i < catalogue->plugins.len; i++) {
        const struct plugin *plugin = catalogue->plugins.items[i];
        if (plugin->state == PLUGIN_DRIVER && str_eq(plugin->name, name))
            return plugin;
    }
    return NULL;
}

static void add_file(struct catalogue *catalogue, const char *file, bool builtin)
{
    size_t index = catalogue->folders.len - 1;
    struct plugin *plugin = xcalloc(1, sizeof(*plugin));
    plugin->path = xasprintf("%s/%s", catalogue->folders.items[index].path, file);
    plugin->name = xstrndup(file, strlen(file) - strlen(".so"));
    plugin->folder = index;
    plugin->builtin = builtin;
    judge_file(plugin);
    const struct plugin *earlier = driver_named(catalogue, plugin->name);
    if (plugin->state == PLUGIN_DRIVER && earlier) {
        plugin->state = PLUGIN_SHADOWED;
        plugin->why = xasprintf("%s comes first", earlier->path);
    }
    vec_add(&catalogue->plugins, plugin);
}

static int is_shared_object(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && str_has_suffix(entry->d_name, ".so");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* False when the same folder was looked into before. */
static bool remember_folder(struct catalogue *catalogue, const char *path, const struct stat *st)
{
    for (size_t i = 0; i < catalogue->folders.len; i++) {
        const struct folder *known = &catalogue->folders.items[i];
        if (known->dev == st->st_dev && known->ino == st->st_ino)
            return false;
    }
    vec_add(&catalogue->folders, (struct folder){xstrdup(path), st->st_dev, st->st_ino});
    return true;
}

/* Returns 0 or a negative errno. */
static int scan_folder(struct catalogue *catalogue, const char *path, bool builtin)
{
    struct stat st;
    struct dirent **entries = NULL;
    if (stat(path, &st))
        return -errno;
    int n = scandir(path, &entries, is_shared_object, by_name);
    if (n < 0)
        return -errno;
    bool is_new = remember_folder(catalogue, path, &st);
    for (int i = 0; i < n; i++) {
        if (is_new && i < FILES_PER_FOLDER_MAX)
            add_file(catalogue, entries[i]->d_name, builtin);
        free(entries[i]);
    }
    free(entries);
    return 0;
}

/* Folders of the environment may be missing: the variable is often set for several machines. */
static void scan_env(struct catalogue *catalogue, const char *list)
{
    while (list && *list) {
        size_t len = strcspn(list, ":");
        _cleanup_free_ char *path = xstrndup(list, len);
        int r = *path ? scan_folder(catalogue, path, false) : 0;
        if (r)
            log_debug("plugin folder %s of OCYNC_PLUGIN_DIR: %s", path, strerror(-r));
        list += len + (list[len] == ':');
    }
}

struct catalogue *catalogue_new(const struct catalogue_sources *sources, struct error *err)
{
    struct catalogue *catalogue = xcalloc(1, sizeof(*catalogue));
    for (size_t i = 0; i < sources->n_trusted; i++)
        vec_add(&catalogue->trusted, xstrdup(sources->trusted[i]));
    for (size_t i = 0; i < sources->n_dirs; i++) {
        int r = scan_folder(catalogue, sources->dirs[i], false);
        if (r) {
            error_set(err, ERR_PLUGIN, "plugin folder %s can't be read: %s; correct --plugin-dir",
                      sources->dirs[i], strerror(-r));
            catalogue_free(catalogue);
            return NULL;
        }
    }
    scan_env(catalogue, sources->env);
    const char *last = sources->default_dir ? sources->default_dir : OCYNC_PLUGIN_DEFAULT_DIR;
    int r = scan_folder(catalogue, last, true);
    if (r)
        log_debug("plugin folder %s: %s", last, strerror(-r));
    return catalogue;
}

struct plugin *catalogue_at(const struct catalogue *catalogue, size_t index)
{
    return index < catalogue->plugins.len ? catalogue->plugins.items[index] : NULL;
}

struct plugin *catalogue_find(const struct catalogue *catalogue, const char *name)
{
    for (size_t i = 0; i < catalogue->plugins.len; i++) {
        if (str_eq(catalogue->plugins.items[i]->name, name))
            return catalogue->plugins.items[i];
    }
    return NULL;
}

/* Says once that a driver of ours was set aside for this one. */
static void say_override(const struct catalogue *catalogue, struct plugin *chosen, const char *glob)
{
    for (size_t i = 0; i < catalogue->plugins.len && !chosen->override_said; i++) {
        const struct plugin *other = catalogue->plugins.items[i];
        if (chosen->builtin || !other->builtin || !is_driver(other) ||
            !match_has_glob(other->note.hosts, glob))
            continue;
        log_info("%s answers for %s instead of the built-in driver %s", chosen->path, glob,
                 other->name);
        chosen->override_said = true;
    }
}

struct plugin *catalogue_match(const struct catalogue *catalogue, const char *host)
{
    size_t n = catalogue->plugins.len;
    struct match_claims *claims = xcalloc(n + 1, sizeof(*claims));
    for (size_t i = 0; i < n; i++) {
        const struct plugin *plugin = catalogue->plugins.items[i];
        claims[i].hosts = plugin->state == PLUGIN_DRIVER ? plugin->note.hosts : NULL;
    }
    _cleanup_free_ char *glob = NULL;
    ptrdiff_t best = match_best(claims, n, host, &glob);
    free(claims);
    if (best < 0)
        return NULL;
    say_override(catalogue, catalogue->plugins.items[best], glob);
    return catalogue->plugins.items[best];
}

const char *const *catalogue_trusted(const struct catalogue *catalogue, size_t *ret_len)
{
    *ret_len = catalogue->trusted.len;
    return (const char *const *)catalogue->trusted.items;
}

char *catalogue_folders(const struct catalogue *catalogue)
{
    struct buf text = BUF_INIT(SIZE_MAX / 2);
    for (size_t i = 0; i < catalogue->folders.len; i++)
        buf_printf(&text, "%s%s", i ? ", " : "", catalogue->folders.items[i].path);
    return buf_take(&text);
}
