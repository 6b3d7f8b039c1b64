/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a file is walked by hand, one name at a time, so that a folder that only a symbolic
 * link leads through is looked at too. What the walk ends at must be the very file that was
 * opened; with every step safe from others, it stays so until it is loaded.
 */
#include "driver/trust.h"

#include "base/str.h"
#include "base/vec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40
#define WAY_MAX 16384 /* bytes of path, links resolved */

struct trust_caller trust_self(void)
{
    return (struct trust_caller){.uid = geteuid(), .gid = getegid()};
}

const char *trust_objection(const struct stat *st, enum trust_kind kind,
                            const struct trust_caller *caller)
{
    if (st->st_uid != 0 && st->st_uid != caller->uid)
        return "it belongs to another user";
    if (kind == TRUST_LINK || (kind == TRUST_FOLDER && (st->st_mode & S_ISVTX)))
        return NULL;
    if (st->st_mode & S_IWOTH)
        return "everyone may write it";
    if ((st->st_mode & S_IWGRP) && st->st_gid != caller->gid)
        return "a group that is not yours may write it";
    return NULL;
}

struct walk {
    const char *file; /* as named, for sentences */
    struct trust_caller caller;
    struct buf done;  /* the folder we are in, links resolved; "" is the root */
    struct buf ahead; /* what is left to walk */
    int links;
};

static int refuse(const struct walk *walk, const char *object, const char *why, struct error *err)
{
    return error_set(err, ERR_PLUGIN,
                     "driver %s is not loaded: %s%s%s. Make it yours or root's and writable by you "
                     "alone (chmod go-w), or allow its folder with --plugin-trust-dir",
                     walk->file, str_eq(object, walk->file) ? "" : object,
                     str_eq(object, walk->file) ? "" : ": ", why);
}

static int too_long(const struct walk *walk, struct error *err)
{
    return refuse(walk, walk->file, "the way to it is too long", err);
}

/* Takes the next name off what is ahead; NULL at the end. */
static char *next_name(struct walk *walk)
{
    const char *rest = buf_str(&walk->ahead);
    rest += strspn(rest, "/");
    size_t len = strcspn(rest, "/");
    char *name = len ? xstrndup(rest, len) : NULL;
    _cleanup_free_ char *left = xstrdup(rest + len);
    buf_clear(&walk->ahead);
    buf_add_str(&walk->ahead, left);
    return name;
}

static void leave_folder(struct walk *walk)
{
    const char *text = buf_str(&walk->done);
    const char *slash = strrchr(text, '/');
    _cleanup_free_ char *parent = xstrndup(text, slash ? (size_t)(slash - text) : 0);
    buf_clear(&walk->done);
    buf_add_str(&walk->done, parent);
}

/* Puts the target of a link in front of what is left. */
static int follow_link(struct walk *walk, const char *link, struct error *err)
{
    char target[4096];
    ssize_t len = readlink(link, target, sizeof(target));
    if (len <= 0 || (size_t)len >= sizeof(target) || ++walk->links > LINKS_MAX)
        return refuse(walk, link, "the symbolic link can't be followed", err);
    _cleanup_free_ char *left = buf_take(&walk->ahead);
    walk->ahead = BUF_INIT(WAY_MAX);
    if (target[0] == '/')
        buf_clear(&walk->done);
    if (buf_add(&walk->ahead, target, (size_t)len) || buf_add_char(&walk->ahead, '/') ||
        buf_add_str(&walk->ahead, left))
        return too_long(walk, err);
    return 0;
}

static int check_object(struct walk *walk, const char *path, struct stat *st, struct error *err)
{
    if (lstat(path, st))
        return refuse(walk, path, strerror(errno), err);
    enum trust_kind kind = S_ISLNK(st->st_mode)   ? TRUST_LINK
                           : S_ISDIR(st->st_mode) ? TRUST_FOLDER
                                                  : TRUST_FILE;
    const char *why = trust_objection(st, kind, &walk->caller);
    return why ? refuse(walk, path, why, err) : 0;
}

static int walk_step(struct walk *walk, const char *name, struct stat *st, struct error *err)
{
    if (str_eq(name, "."))
        return 0;
    if (str_eq(name, "..")) {
        leave_folder(walk);
        return 0;
    }
    _cleanup_free_ char *path = xasprintf("%s/%s", buf_str(&walk->done), name);
    int r = check_object(walk, path, st, err);
    if (r)
        return r;
    if (S_ISLNK(st->st_mode))
        return follow_link(walk, path, err);
    buf_clear(&walk->done);
    return buf_add_str(&walk->done, path) ? too_long(walk, err) : 0;
}

static int start_walk(struct walk *walk, struct error *err)
{
    char cwd[4096] = "";
    if (walk->file[0] != '/' && !getcwd(cwd, sizeof(cwd)))
        return refuse(walk, walk->file, strerror(errno), err);
    if (buf_printf(&walk->ahead, "%s/%s", cwd, walk->file))
        return too_long(walk, err);
    struct stat root;
    return check_object(walk, "/", &root, err);
}

static int walk_to_end(struct walk *walk, const struct stat *opened, struct error *err)
{
    struct stat st = {0};
    int r = start_walk(walk, err);
    while (r == 0) {
        _cleanup_free_ char *name = next_name(walk);
        if (!name)
            break;
        r = walk_step(walk, name, &st, err);
    }
    if (r == 0 && (st.st_dev != opened->st_dev || st.st_ino != opened->st_ino))
        return refuse(walk, walk->file, "it was replaced while it was looked at", err);
    return r;
}

/* Does the file lie in one of the folders, as it is named? */
static bool in_trusted_folder(const char *path, const char *const *trusted, size_t n_trusted)
{
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *folder =
        slash ? xstrndup(path, slash == path ? 1 : (size_t)(slash - path)) : xstrdup(".");
    struct stat own, other;
    if (stat(folder, &own))
        return false;
    for (size_t i = 0; i < n_trusted; i++) {
        if (!stat(trusted[i], &other) && own.st_dev == other.st_dev && own.st_ino == other.st_ino)
            return true;
    }
    return false;
}

int trust_check(int fd, const char *path, const char *const *trusted, size_t n_trusted,
                struct error *err)
{
    struct walk walk = {.file = path,
                        .caller = trust_self(),
                        .done = BUF_INIT(WAY_MAX),
                        .ahead = BUF_INIT(WAY_MAX)};
    struct stat st;
    if (fstat(fd, &st))
        return refuse(&walk, path, strerror(errno), err);
    if (!S_ISREG(st.st_mode))
        return refuse(&walk, path, "it is not a regular file", err);
    if (in_trusted_folder(path, trusted, n_trusted))
        return 0;
    const char *why = trust_objection(&st, TRUST_FILE, &walk.caller);
    int r = why ? refuse(&walk, path, why, err) : walk_to_end(&walk, &st, err);
    buf_done(&walk.done);
    buf_done(&walk.ahead);
    return r;
}
