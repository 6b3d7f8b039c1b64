/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the driver's note through the program headers, as a debugger would. Every offset and
 * length comes from the file, so each is compared with what is left before it is used, nothing is
 * read that is larger than NOTE_BYTES_MAX, and no sum can wrap: all arithmetic is on uint64_t
 * with both sides bounded first.
 */
#include "driver/note.h"

#include "base/str.h"

#include <elf.h>
#include <ocync/driver.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_BYTES_MAX ((uint64_t)64 * 1024)
#define SEGMENTS_MAX 256
#define NAME_MAX_LEN 64
#define HOSTS_MAX_LEN 4096

struct image {
    int fd;
    bool is64, big; /* as the header says */
};

struct segment {
    uint64_t type, offset, size, align;
};

void note_done(struct note *note)
{
    free(note->name);
    free(note->version);
    free(note->hosts);
    *note = (struct note){0};
}

bool note_equal(const struct note *a, const struct note *b)
{
    return a->abi_major == b->abi_major && a->abi_minor == b->abi_minor &&
           str_eq(a->name, b->name) && str_eq(a->version, b->version) && str_eq(a->hosts, b->hosts);
}

bool note_name_is_valid(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MAX_LEN &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool version_is_valid(const char *version)
{
    size_t len = strlen(version);
    if (len == 0 || len > NAME_MAX_LEN)
        return false;
    for (const char *p = version; *p; p++) {
        if (*p <= ' ' || *p >= 0x7f)
            return false;
    }
    return true;
}

/* Globs of host names and ports, one space between two. */
static bool hosts_are_valid(const char *hosts)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ".-_*?:[] ";
    size_t len = strlen(hosts);
    return len > 0 && len <= HOSTS_MAX_LEN && strspn(hosts, allowed) == len && hosts[0] != ' ' &&
           hosts[len - 1] != ' ' && !strstr(hosts, "  ");
}

/* An unsigned number of `size` bytes in the byte order of the file. */
static uint64_t number(const struct image *image, const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[image->big ? i : size - 1 - i];
    return value;
}

/* The whole range or nothing. */
static bool read_at(const struct image *image, uint64_t offset, void *to, size_t size)
{
    if (offset > INT64_MAX - size)
        return false;
    size_t have = 0;
    while (have < size) {
        ssize_t n = pread(image->fd, (char *)to + have, size - have, (off_t)(offset + have));
        if (n <= 0)
            return false;
        have += (size_t)n;
    }
    return true;
}

static enum note_result junk(struct error *err, const char *why)
{
    error_set(err, ERR_PLUGIN, "the file is damaged: %s", why);
    return NOTE_JUNK;
}

static size_t padded(size_t len, size_t align)
{
    return (len + align - 1) / align * align;
}

/* Cuts name, version and hosts out of the description. */
static enum note_result parse_text(const struct image *image, const uint8_t *desc, size_t len,
                                   struct note *ret_note, struct error *err)
{
    const char *parts[3];
    if (len < 4)
        return junk(err, "the driver note is too short");
    size_t at = 4;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (!memchr(desc + at, '\0', len - at))
            return junk(err, "the driver note lacks its name, version or hosts");
        parts[i] = (const char *)desc + at;
        at += strlen(parts[i]) + 1;
    }
    if (!note_name_is_valid(parts[0]))
        return junk(err, "the name in the driver note is not made of a-z, 0-9 and '-'");
    if (!version_is_valid(parts[1]))
        return junk(err, "the version in the driver note is empty, too long or unprintable");
    if (!hosts_are_valid(parts[2]))
        return junk(err, "the hosts in the driver note are not globs of host names");
    *ret_note = (struct note){.abi_major = (uint16_t)number(image, desc, 2),
                              .abi_minor = (uint16_t)number(image, desc + 2, 2),
                              .name = xstrdup(parts[0]),
                              .version = xstrdup(parts[1]),
                              .hosts = xstrdup(parts[2])};
    return NOTE_FOUND;
}

/* Walks the notes of one segment; sizes are below NOTE_BYTES_MAX. */
static enum note_result search_notes(const struct image *image, const uint8_t *data, size_t size,
                                     size_t align, struct note *ret_note, struct error *err)
{
    size_t at = 0;
    while (size - at >= 12) {
        uint64_t name_len = number(image, data + at, 4), desc_len = number(image, data + at + 4, 4);
        uint64_t type = number(image, data + at + 8, 4);
        at += 12;
        if (name_len > size - at || padded(name_len, align) > size - at)
            return junk(err, "the owner of a note reaches past its segment");
        const uint8_t *owner = data + at;
        at += padded(name_len, align);
        if (desc_len > size - at)
            return junk(err, "the text of a note reaches past its segment");
        if (type == OCYNC_NOTE_TYPE && name_len == sizeof(OCYNC_NOTE_OWNER) &&
            memcmp(owner, OCYNC_NOTE_OWNER, sizeof(OCYNC_NOTE_OWNER)) == 0)
            return parse_text(image, data + at, desc_len, ret_note, err);
        size_t step = padded(desc_len, align);
        at += step < size - at ? step : size - at;
    }
    return NOTE_NONE;
}

static enum note_result search_segment(const struct image *image, const struct segment *segment,
                                       struct note *ret_note, struct error *err)
{
    if (segment->size > NOTE_BYTES_MAX)
        return junk(err, "a note segment is larger than 64 KiB");
    _cleanup_free_ uint8_t *data = xmalloc(segment->size + 1);
    if (!read_at(image, segment->offset, data, segment->size))
        return junk(err, "a note segment reaches past the end of the file");
    return search_notes(image, data, segment->size, segment->align == 8 ? 8 : 4, ret_note, err);
}

static bool read_segment(const struct image *image, uint64_t offset, struct segment *ret)
{
    uint8_t raw[sizeof(Elf64_Phdr)];
    if (!read_at(image, offset, raw, image->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
        return false;
#define FIELD(name)                                                                                \
    (image->is64                                                                                   \
         ? number(image, raw + offsetof(Elf64_Phdr, name), sizeof(((Elf64_Phdr *)0)->name))        \
         : number(image, raw + offsetof(Elf32_Phdr, name), sizeof(((Elf32_Phdr *)0)->name)))
    *ret = (struct segment){.type = FIELD(p_type),
                            .offset = FIELD(p_offset),
                            .size = FIELD(p_filesz),
                            .align = FIELD(p_align)};
#undef FIELD
    return true;
}

static enum note_result search_headers(const struct image *image, uint64_t table, uint64_t stride,
                                       uint64_t count, struct note *ret_note, struct error *err)
{
    if (count == 0)
        return NOTE_NONE;
    if (count > SEGMENTS_MAX)
        return junk(err, "it has more than 256 program headers");
    if (stride != (image->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
        return junk(err, "its program headers have an unknown size");
    if (table > INT64_MAX / 2)
        return junk(err, "its program headers lie past the end of the file");
    for (uint64_t i = 0; i < count; i++) {
        struct segment segment;
        if (!read_segment(image, table + i * stride, &segment))
            return junk(err, "its program headers lie past the end of the file");
        if (segment.type != PT_NOTE)
            continue;
        enum note_result result = search_segment(image, &segment, ret_note, err);
        if (result != NOTE_NONE)
            return result;
    }
    return NOTE_NONE;
}

enum note_result note_read(int fd, struct note *ret_note, struct error *err)
{
    struct image image = {.fd = fd};
    uint8_t raw[sizeof(Elf64_Ehdr)] = {0};
    if (!read_at(&image, 0, raw, EI_NIDENT) || memcmp(raw, ELFMAG, SELFMAG) != 0)
        return NOTE_NONE;
    image.is64 = raw[EI_CLASS] == ELFCLASS64;
    image.big = raw[EI_DATA] == ELFDATA2MSB;
    if (!image.is64 && raw[EI_CLASS] != ELFCLASS32)
        return junk(err, "it is neither 32-bit nor 64-bit ELF");
    if (!image.big && raw[EI_DATA] != ELFDATA2LSB)
        return junk(err, "its ELF header names no byte order");
    if (!read_at(&image, 0, raw, image.is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
        return junk(err, "its ELF header is cut short");
#define FIELD(name)                                                                                \
    (image.is64                                                                                    \
         ? number(&image, raw + offsetof(Elf64_Ehdr, name), sizeof(((Elf64_Ehdr *)0)->name))       \
         : number(&image, raw + offsetof(Elf32_Ehdr, name), sizeof(((Elf32_Ehdr *)0)->name)))
    return search_headers(&image, FIELD(e_phoff), FIELD(e_phentsize), FIELD(e_phnum), ret_note,
                          err);
#undef FIELD
}
