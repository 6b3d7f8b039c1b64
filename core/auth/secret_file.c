/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads to the end instead of trusting a size, so that pipes (/dev/fd/N) work. The bytes lie in
 * one block of the largest size, wiped before it goes.
 */
#include "auth/secret_file.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t read_all(int fd, char *to, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t n = read(fd, to + len, size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static int read_descriptor(int fd, const char *name, size_t max, struct secret **ret,
                           struct error *err)
{
    char *bytes = xmalloc(max + 1);
    int result = 0;
    ssize_t len = read_all(fd, bytes, max + 1);
    if (len < 0)
        result = error_set(err, ERR_CONFIG, "can't read %s: %s", name, strerror(errno));
    else if ((size_t)len > max)
        result = error_set(err, ERR_CONFIG, "%s is larger than %zu bytes: is it the right file?",
                           name, max);
    else
        *ret = secret_new_len(bytes, (size_t)len);
    explicit_bzero(bytes, len > 0 ? (size_t)len : 0);
    free(bytes);
    return result;
}

int secret_file_read(const char *path, size_t max, struct secret_file *ret, struct error *err)
{
    struct secret_file file = {0};
    struct stat about;
    if (str_eq(path, "-")) {
        int result = read_descriptor(STDIN_FILENO, "standard input", max, &file.text, err);
        if (result == 0)
            *ret = file;
        return result;
    }
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        *ret = file;
        return 0;
    }
    if (fd < 0 || fstat(fd, &about) < 0)
        return error_set(err, ERR_CONFIG, "can't read %s: %s", path, strerror(errno));
    int result = read_descriptor(fd, path, max, &file.text, err);
    if (result < 0)
        return result;
    file.is_public = S_ISREG(about.st_mode) && (about.st_mode & S_IROTH);
    *ret = file;
    return 0;
}
