/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a layout: opened without following links, written under a temporary name and renamed
 * when they are whole. Nothing here touches the loop: all of it may run in the helper thread.
 */
#pragma once

#include "oci/digest.h"

#include <stdint.h>

#define TEMP_PREFIX ".ocync-"

/* A folder by descriptor; the path is for people only. */
struct folder {
    int fd;
    const char *path;
};

/* The descriptor moves out of a variable: it is -1 afterwards. */
static inline int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

/* Makes new names in a folder last; -1 with errno. */
int folder_sync(int fd);

/* Relative to the layout: "blobs/sha256/ab12...". */
#define BLOB_PATH_MAX (sizeof("blobs/sha512/") + 128)
void blob_path(const struct digest *digest, char *out, size_t size);

/* A regular file of that size is there; -1: of any size. */
bool blob_is_present(const struct folder *folder, const struct digest *digest, int64_t size);
/* A regular file, for reading. ERR_NOT_FOUND, ERR_IO. */
int blob_open(const struct folder *folder, const struct digest *digest, int *ret_fd,
              int64_t *ret_size, struct error *err);
/* The whole blob, NUL-terminated; free it. ERR_TOO_LARGE over `max`. */
int blob_load(const struct folder *folder, const struct digest *digest, size_t max, char **ret,
              size_t *ret_len, struct error *err);
/* The same for a file in the layout's own folder. */
int file_load(const struct folder *folder, const char *name, size_t max, char **ret,
              size_t *ret_len, struct error *err);

/* A file that is being written. */
struct upload {
    int dir; /* the folder it lies in; -1: not open */
    int fd;
    char temp[sizeof(TEMP_PREFIX) + 6];
    char name[130]; /* what it will be called */
    char *path;     /* where it will be, for people */
};

#define UPLOAD_NONE ((struct upload){.dir = -1, .fd = -1})

/* Makes blobs/ALGORITHM when missing. */
int upload_open_blob(const struct folder *folder, const struct digest *digest, struct upload *ret,
                     struct error *err);
int upload_open_file(const struct folder *folder, const char *name, struct upload *ret,
                     struct error *err);
int upload_write(struct upload *upload, const void *data, size_t len, struct error *err);
/* Blocks until the file is on disk under its name. Frees the upload, also on failure. */
int upload_commit(struct upload *upload, struct error *err);
/* Removes what was not committed and frees; may be called twice. */
void upload_done(struct upload *upload);
