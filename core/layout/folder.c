/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layout is made in an order that a crash can't spoil: first oci-layout, under the lock that
 * lies on that very file, then index.json. An empty oci-layout is therefore a layout that somebody
 * is making or was killed while making; it is completed by whoever comes next. The file is never
 * replaced, so that all processes lock the same inode.
 */
#include "layout/folder.h"

#include "base/clock.h"
#include "base/str.h"
#include "layout/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK "oci-layout"
#define MARK_MAX ((size_t)64 * 1024)
#define LEFTOVER_AGE_S (INT64_C(24) * 60 * 60)

static const char mark_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

static void cleanup_closedir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

int folder_open(const char *path, int *ret_fd, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return error_set(err, ERR_NOT_FOUND,
                         "there is no folder %s; an OCI image layout was expected there", path);
    if (fd < 0 && errno == ENOTDIR)
        return error_set(err, ERR_IO,
                         "%s is no folder; an OCI image layout was expected there (an archive must "
                         "be unpacked first)",
                         path);
    if (fd < 0)
        return error_set(err, ERR_IO, "can't open the folder %s: %s", path, strerror(errno));
    *ret_fd = fd;
    return 0;
}

/* ---- what is there ---- */

static bool has_file(const struct folder *folder, const char *name)
{
    struct stat st;
    return fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int check_mark(const struct folder *folder, const char *text, size_t len, struct error *err)
{
    _cleanup_free_ char *what = xasprintf("%s/" MARK, folder->path);
    _cleanup_(cleanup_json_decref) json_t *mark = json_load_bounded(text, len, what, err);
    if (!mark)
        return ERR_PROTOCOL;
    const char *version = json_member_string(mark, "imageLayoutVersion");
    if (!str_eq(version, "1.0.0"))
        return error_set(err, ERR_IO, "%s: imageLayoutVersion is %s; 1.0.0 was expected", what,
                         version ? version : "missing");
    return 0;
}

int folder_check(const struct folder *folder, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_load(folder, MARK, MARK_MAX, &text, &len, err);
    if (r == ERR_NOT_FOUND)
        return error_set(err, ERR_NOT_FOUND,
                         "%s is no OCI image layout: it holds no file " MARK
                         " with imageLayoutVersion 1.0.0",
                         folder->path);
    return r < 0 ? r : check_mark(folder, text, len, err);
}

static bool is_nothing(const char *name)
{
    return str_eq(name, ".") || str_eq(name, "..") || str_eq(name, "lost+found");
}

static int holds_something(const struct folder *folder, bool *ret, struct error *err)
{
    int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_(cleanup_closedir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return error_set(err, ERR_IO, "can't list the folder %s: %s", folder->path,
                         strerror(errno));
    bool found = false;
    for (struct dirent *entry; !found && (entry = readdir(dir));)
        found = !is_nothing(entry->d_name);
    *ret = found;
    return 0;
}

int folder_check_usable(const struct folder *folder, struct error *err)
{
    bool something = false;
    struct stat st;
    /* Listed first: who makes a layout makes the mark first. */
    int r = holds_something(folder, &something, err);
    if (r < 0 || !something)
        return r;
    if (fstatat(folder->fd, MARK, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set(err, ERR_IO,
                         "%s is neither empty nor an OCI image layout (it holds no file " MARK
                         "): choose a new or empty folder",
                         folder->path);
    if (S_ISREG(st.st_mode) && st.st_size == 0)
        return 0;
    return folder_check(folder, err);
}

/* ---- the lock ---- */

static int open_mark(const struct folder *folder, int more)
{
    const int flags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | more;
    /* For writing, because network file systems lock only such files exclusively. */
    int fd = openat(folder->fd, MARK, O_RDWR | flags, 0666);
    if (fd < 0 && (errno == EACCES || errno == EROFS))
        fd = openat(folder->fd, MARK, O_RDONLY | flags, 0666);
    return fd;
}

static bool is_mark(const struct folder *folder, int fd)
{
    struct stat here, there;
    return fstat(fd, &here) == 0 && fstatat(folder->fd, MARK, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static int lock_mark(const struct folder *folder, int more, int *ret_fd, bool *ret_busy,
                     struct error *err)
{
    _cleanup_close_ int fd = open_mark(folder, more);
    if (fd < 0)
        return error_set(err, ERR_IO, "can't open %s/" MARK " to lock it: %s", folder->path,
                         strerror(errno));
    int r = flock(fd, LOCK_EX | LOCK_NB);
    if (r < 0 && errno != EWOULDBLOCK && errno != EINTR)
        return error_set(err, ERR_IO,
                         "can't lock %s/" MARK ": %s; put the layout on a file system with locks",
                         folder->path, strerror(errno));
    *ret_busy = r < 0 || !is_mark(folder, fd);
    if (!*ret_busy)
        *ret_fd = take_fd(&fd);
    return 0;
}

int folder_lock(const struct folder *folder, int *ret_fd, bool *ret_busy, struct error *err)
{
    return lock_mark(folder, 0, ret_fd, ret_busy, err);
}

/* ---- index.json ---- */

int folder_load_index(const struct folder *folder, bool may_be_missing, json_t **ret,
                      struct error *err)
{
    _cleanup_free_ char *text = NULL, *what = xasprintf("%s/index.json", folder->path);
    size_t len;
    if (may_be_missing && !has_file(folder, "index.json")) {
        *ret = index_new();
        return 0;
    }
    int r = file_load(folder, "index.json", INDEX_MAX, &text, &len, err);
    if (r < 0)
        return r;
    _cleanup_(cleanup_json_decref) json_t *index = json_load_bounded(text, len, what, err);
    if (!index)
        return ERR_PROTOCOL;
    r = index_check(index, what, err);
    if (r == 0)
        *ret = take_ptr(&index);
    return r;
}

static int check_readable(const struct folder *folder, const char *text, struct error *err)
{
    size_t len = strlen(text);
    _cleanup_(cleanup_json_decref) json_t *again =
        len > INDEX_MAX ? NULL : json_load_bounded(text, len, "", NULL);
    if (again)
        return 0;
    return error_set(err, ERR_TOO_LARGE,
                     "%s/index.json would grow over what can be read again: start another layout",
                     folder->path);
}

int folder_save_index(const struct folder *folder, const json_t *index, struct error *err)
{
    struct upload upload = UPLOAD_NONE;
    _cleanup_free_ char *text = json_dumps(index, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (!text)
        return error_set(err, ERR_INTERNAL, "%s/index.json can't be written as JSON", folder->path);
    int r = check_readable(folder, text, err);
    if (r == 0)
        r = upload_open_file(folder, "index.json", &upload, err);
    if (r == 0)
        r = upload_write(&upload, text, strlen(text), err);
    if (r == 0)
        r = upload_commit(&upload, err);
    upload_done(&upload);
    return r;
}

/* ---- making one ---- */

static void sync_parent(const char *path)
{
    _cleanup_free_ char *copy = xstrdup(path);
    char *slash = strrchr(copy, '/');
    if (slash)
        *slash = '\0';
    _cleanup_close_ int fd = open(!slash  ? "."
                                  : *copy ? copy
                                          : "/",
                                  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        folder_sync(fd); /* a parent that can't be read can't be synced either */
}

static int make_folders(const char *path, struct error *err)
{
    _cleanup_free_ char *part = xstrdup(path);
    size_t len = strlen(part);
    while (len > 1 && part[len - 1] == '/')
        part[--len] = '\0';
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];
        part[i] = '\0';
        int reason = mkdir(part, 0777) < 0 ? errno : 0;
        if (reason == 0)
            sync_parent(part);
        else if (reason != EEXIST && access(part, F_OK) < 0)
            return error_set(err, ERR_IO, "can't make the folder %s: %s", part, strerror(reason));
        part[i] = kept;
    }
    return 0;
}

/* The lock is ours. */
static int complete_mark(const struct folder *folder, int fd, struct error *err)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && st.st_size > 0)
        return folder_check(folder, err);
    const ssize_t len = (ssize_t)strlen(mark_text);
    ssize_t n = pwrite(fd, mark_text, (size_t)len, 0);
    if (n != len || fsync(fd) < 0) {
        int reason = n >= 0 && n != len ? ENOSPC : errno;
        if (n > 0 && ftruncate(fd, 0) < 0)
            reason = errno;
        return error_set(err, ERR_IO, "can't write %s/" MARK ": %s", folder->path,
                         strerror(reason));
    }
    return 0;
}

static int make_layout(const struct folder *folder, bool *ret_busy, struct error *err)
{
    _cleanup_close_ int lock = -1;
    int r = lock_mark(folder, O_CREAT, &lock, ret_busy, err);
    if (r < 0 || *ret_busy)
        return r;
    r = complete_mark(folder, lock, err);
    if (r < 0 || has_file(folder, "index.json"))
        return r;
    _cleanup_(cleanup_json_decref) json_t *index = index_new();
    return folder_save_index(folder, index, err);
}

/* Owns the descriptor. What can't be removed is no reason to fail. */
static void remove_leftovers(int fd)
{
    _cleanup_(cleanup_closedir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat st;
        if (str_has_prefix(entry->d_name, TEMP_PREFIX) &&
            fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            clock_wall_s() - st.st_mtime > LEFTOVER_AGE_S)
            unlinkat(fd, entry->d_name, 0);
    }
}

static void remove_all_leftovers(const struct folder *folder)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    static const char *const algorithms[] = {"sha256", "sha512"};
    remove_leftovers(openat(folder->fd, ".", flags));
    _cleanup_close_ int blobs = openat(folder->fd, "blobs", flags);
    for (size_t i = 0; blobs >= 0 && i < ARRAY_LEN(algorithms); i++)
        remove_leftovers(openat(blobs, algorithms[i], flags));
}

int folder_prepare(const char *path, int *ret_fd, bool *ret_busy, struct error *err)
{
    _cleanup_close_ int fd = -1;
    *ret_busy = false;
    int r = make_folders(path, err);
    if (r == 0)
        r = folder_open(path, &fd, err);
    if (r < 0)
        return r;
    struct folder folder = {.fd = fd, .path = path};
    r = folder_check_usable(&folder, err);
    if (r < 0)
        return r;
    if (folder_check(&folder, NULL) < 0 || !has_file(&folder, "index.json"))
        r = make_layout(&folder, ret_busy, err);
    if (r < 0 || *ret_busy)
        return r;
    remove_all_leftovers(&folder);
    *ret_fd = take_fd(&fd);
    return 0;
}
