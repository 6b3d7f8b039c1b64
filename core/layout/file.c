/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place that opens files of a layout. Every step of a path inside the layout is opened
 * on its own with O_NOFOLLOW, so a link planted in one leads nowhere; names come from digests that
 * were parsed, never from annotations. A file under its final name is always whole: bytes go to a
 * temporary file in the same folder, are synced, and the file is renamed (a plain rename, because
 * linking an unnamed file is not possible on every file system).
 */
#include "layout/file.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMP_TRIES 100

void blob_path(const struct digest *digest, char *out, size_t size)
{
    snprintf(out, size, "blobs/%s/%s", digest_algorithm_name(digest), digest_hex(digest));
}

/* ---- folders ---- */

int folder_sync(int fd)
{
    /* Not every file system knows how to sync a folder; those need none. */
    return fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
}

static int open_folder_at(int dir, const char *name, bool make)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(dir, name, flags);
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    if ((mkdirat(dir, name, 0777) < 0 && errno != EEXIST) || folder_sync(dir) < 0)
        return -1;
    return openat(dir, name, flags);
}

/* blobs/ALGORITHM, or -1 with errno. */
static int open_blobs(const struct folder *folder, const struct digest *digest, bool make)
{
    _cleanup_close_ int blobs = open_folder_at(folder->fd, "blobs", make);
    if (blobs < 0)
        return -1;
    int fd = open_folder_at(blobs, digest_algorithm_name(digest), make);
    int reason = errno;
    close(take_fd(&blobs));
    errno = reason;
    return fd;
}

/* ---- reading ---- */

bool blob_is_present(const struct folder *folder, const struct digest *digest, int64_t size)
{
    struct stat st;
    _cleanup_close_ int dir = open_blobs(folder, digest, false);
    if (dir < 0 || fstatat(dir, digest_hex(digest), &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    return S_ISREG(st.st_mode) && (size < 0 || st.st_size == size);
}

static int explain_open(const struct folder *folder, const char *name, int reason,
                        struct error *err)
{
    switch (reason) {
    case ENOENT:
        return error_set(err, ERR_NOT_FOUND, "there is no file %s/%s", folder->path, name);
    case ELOOP:
    case ENOTDIR:
        return error_set(
            err, ERR_IO,
            "%s/%s is, or lies behind, a symbolic link or something else that is no "
            "folder: links inside a layout are not followed, put the file itself there",
            folder->path, name);
    default:
        return error_set(err, ERR_IO, "can't open %s/%s: %s", folder->path, name, strerror(reason));
    }
}

/* `name` lies in `dir`; `shown` is for people. */
static int open_regular(int dir, const char *name, const struct folder *folder, const char *shown,
                        int *ret_fd, int64_t *ret_size, struct error *err)
{
    struct stat st;
    /* O_NONBLOCK: a named pipe must not stop us; it means nothing for regular files. */
    _cleanup_close_ int fd =
        dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return explain_open(folder, shown, errno, err);
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERR_IO, "%s/%s is not a regular file", folder->path, shown);
    *ret_size = st.st_size;
    *ret_fd = take_fd(&fd);
    return 0;
}

int blob_open(const struct folder *folder, const struct digest *digest, int *ret_fd,
              int64_t *ret_size, struct error *err)
{
    char shown[BLOB_PATH_MAX];
    blob_path(digest, shown, sizeof(shown));
    _cleanup_close_ int dir = open_blobs(folder, digest, false);
    return open_regular(dir, digest_hex(digest), folder, shown, ret_fd, ret_size, err);
}

static int load(int fd, int64_t size, size_t max, const struct folder *folder, const char *shown,
                char **ret, size_t *ret_len, struct error *err)
{
    if (size > (int64_t)max)
        return error_set(err, ERR_TOO_LARGE, "%s/%s has %lld bytes; %zu is the most we read",
                         folder->path, shown, (long long)size, max);
    _cleanup_free_ char *data = xmalloc((size_t)size + 1);
    size_t len = 0;
    while (len < (size_t)size) {
        ssize_t n = read(fd, data + len, (size_t)size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, ERR_IO, "can't read %s/%s: %s", folder->path, shown,
                             strerror(errno));
        if (n == 0)
            break;
        len += (size_t)n;
    }
    data[len] = '\0';
    *ret = take_ptr(&data);
    *ret_len = len;
    return 0;
}

int blob_load(const struct folder *folder, const struct digest *digest, size_t max, char **ret,
              size_t *ret_len, struct error *err)
{
    char shown[BLOB_PATH_MAX];
    int64_t size;
    _cleanup_close_ int fd = -1;
    blob_path(digest, shown, sizeof(shown));
    int r = blob_open(folder, digest, &fd, &size, err);
    return r < 0 ? r : load(fd, size, max, folder, shown, ret, ret_len, err);
}

int file_load(const struct folder *folder, const char *name, size_t max, char **ret,
              size_t *ret_len, struct error *err)
{
    int64_t size;
    _cleanup_close_ int fd = -1;
    int r = open_regular(folder->fd, name, folder, name, &fd, &size, err);
    return r < 0 ? r : load(fd, size, max, folder, name, ret, ret_len, err);
}

/* ---- writing ---- */

static int explain_write(const struct upload *upload, int reason, struct error *err)
{
    error_set(err, ERR_IO, "can't write %s: %s", upload->path, strerror(reason));
    if (reason == ENOSPC || reason == EDQUOT)
        error_append(err, "; free some space there, what is complete is kept");
    else if (reason == ELOOP || reason == ENOTDIR)
        error_append(err, "; links inside a layout are not followed");
    else if (reason == EFBIG)
        error_append(err, "; the file system or a limit (ulimit -f) allows no larger file");
    return ERR_IO;
}

/* Random names, so that no run has to know of another. */
static void name_temp(char *out, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint32_t number = (uint32_t)(clock_random() * 4294967296.0);
    char suffix[7];
    for (size_t i = 0; i < 6; i++, number >>= 5)
        suffix[i] = letters[number & 31];
    suffix[6] = '\0';
    snprintf(out, size, TEMP_PREFIX "%s", suffix);
}

/* Owns `dir` from now on, on failure too. */
static int upload_open(int dir, const char *name, char *path, struct upload *ret, struct error *err)
{
    struct upload upload = {.dir = dir, .fd = -1, .path = path};
    snprintf(upload.name, sizeof(upload.name), "%s", name);
    for (int i = 0; dir >= 0 && i < TEMP_TRIES; i++) {
        name_temp(upload.temp, sizeof(upload.temp));
        upload.fd =
            openat(dir, upload.temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (upload.fd >= 0 || errno != EEXIST)
            break;
    }
    if (upload.fd >= 0) {
        *ret = upload;
        return 0;
    }
    upload.temp[0] = '\0'; /* not ours */
    explain_write(&upload, errno, err);
    upload_done(&upload);
    return ERR_IO;
}

int upload_open_blob(const struct folder *folder, const struct digest *digest, struct upload *ret,
                     struct error *err)
{
    char shown[BLOB_PATH_MAX];
    blob_path(digest, shown, sizeof(shown));
    char *path = xasprintf("%s/%s", folder->path, shown);
    return upload_open(open_blobs(folder, digest, true), digest_hex(digest), path, ret, err);
}

int upload_open_file(const struct folder *folder, const char *name, struct upload *ret,
                     struct error *err)
{
    char *path = xasprintf("%s/%s", folder->path, name);
    return upload_open(fcntl(folder->fd, F_DUPFD_CLOEXEC, 0), name, path, ret, err);
}

int upload_write(struct upload *upload, const void *data, size_t len, struct error *err)
{
    const char *p = data;
    while (len) {
        ssize_t n = write(upload->fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return explain_write(upload, errno, err);
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int commit(struct upload *upload, struct error *err)
{
    if (fsync(upload->fd) < 0)
        return explain_write(upload, errno, err);
    /* Network file systems report late failures here. */
    if (close(take_fd(&upload->fd)) < 0 && errno != EINTR)
        return explain_write(upload, errno, err);
    if (renameat(upload->dir, upload->temp, upload->dir, upload->name) < 0)
        return explain_write(upload, errno, err);
    upload->temp[0] = '\0';
    return folder_sync(upload->dir) < 0 ? explain_write(upload, errno, err) : 0;
}

int upload_commit(struct upload *upload, struct error *err)
{
    int r = commit(upload, err);
    upload_done(upload);
    return r;
}

void upload_done(struct upload *upload)
{
    if (upload->dir >= 0 && upload->temp[0])
        unlinkat(upload->dir, upload->temp, 0);
    if (upload->fd >= 0)
        close(upload->fd);
    if (upload->dir >= 0)
        close(upload->dir);
    free(upload->path);
    *upload = UPLOAD_NONE;
}
