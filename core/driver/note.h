/* SPDX-License-Identifier: Apache-2.0 */
/* The ELF note of a driver, read without running or mapping any of it. The file is not trusted. */
#pragma once

#include "base/error.h"

struct note {
    uint16_t abi_major, abi_minor;
    char *name;    /* [a-z0-9-]+ */
    char *version; /* printable, without spaces */
    char *hosts;   /* globs separated by single spaces */
};

enum note_result {
    NOTE_FOUND, /* *ret_note is filled */
    NOTE_NONE,  /* a sound ELF file without our note, or no ELF file at all */
    NOTE_JUNK   /* damaged, or the note is: *err says how */
};

/* Reads from the start of the file; the descriptor's offset is left alone. */
enum note_result note_read(int fd, struct note *ret_note, struct error *err);
void note_done(struct note *note);
bool note_equal(const struct note *a, const struct note *b);

/* The rules for the strings of a note, which those in the driver's struct obey too. */
bool note_name_is_valid(const char *name);
