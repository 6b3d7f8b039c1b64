/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May code from this file run as us? Only when nobody but us and root could have put it there:
 * the file and every folder and symbolic link on the way to it belong to us or root, and nobody
 * else may write them. Sticky folders may be writable: others can't replace what is ours in them.
 */
#pragma once

#include "base/error.h"

#include <sys/stat.h>

struct trust_caller {
    uid_t uid;
    gid_t gid;
};

struct trust_caller trust_self(void);

enum trust_kind { TRUST_FILE, TRUST_FOLDER, TRUST_LINK };

/* The rule for one object: NULL, or what is wrong with it ("others may write it"). */
const char *trust_objection(const struct stat *st, enum trust_kind kind,
                            const struct trust_caller *caller);

/*
 * Checks the opened file and the way to it. `trusted` are folders whose files are taken as they
 * are. Returns 0 or ERR_PLUGIN.
 */
int trust_check(int fd, const char *path, const char *const *trusted, size_t n_trusted,
                struct error *err);
