/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a layout as a whole: is it one, making it, its lock, its index.json. All of it
 * may run in the helper thread.
 */
#pragma once

#include "layout/file.h"
#include "oci/json.h"

/* Local and ours, so larger than what a peer may send: some 50 000 tags. */
#define INDEX_MAX ((size_t)16 * 1024 * 1024)

/* Opens the folder. ERR_NOT_FOUND: there is none. */
int folder_open(const char *path, int *ret_fd, struct error *err);

/* oci-layout is there and of version 1.0.0. ERR_NOT_FOUND, ERR_IO, ERR_PROTOCOL. */
int folder_check(const struct folder *folder, struct error *err);
/* It is a layout, or empty, or just being made. */
int folder_check_usable(const struct folder *folder, struct error *err);

/*
 * Makes everything of a layout that is missing, parents too, and removes what killed runs left
 * behind. *ret_busy: another process is at work, nothing was done; try again.
 */
int folder_prepare(const char *path, int *ret_fd, bool *ret_busy, struct error *err);

/* Takes the lock without waiting: *ret_busy when another has it. Closing *ret_fd gives it back. */
int folder_lock(const struct folder *folder, int *ret_fd, bool *ret_busy, struct error *err);

/* index.json, its shape checked; an empty one when `may_be_missing`. */
int folder_load_index(const struct folder *folder, bool may_be_missing, json_t **ret,
                      struct error *err);
/* Replaces it as a whole; the caller has the lock. ERR_TOO_LARGE: nobody could read it again. */
int folder_save_index(const struct folder *folder, const json_t *index, struct error *err);
