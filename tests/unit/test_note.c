/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/note.h"

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT(name, version, hosts) "\1\0\0\0" name "\0" version "\0" hosts

/* A file under construction: header, program headers, then one note segment. */
struct file {
    bool is64, big;
    uint8_t bytes[200 * 1024];
    size_t len;
    size_t notes_at, table_at;
};

static void put(const struct file *file, uint8_t *at, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++)
        at[file->big ? size - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

#define EHDR(file, field, value)                                                                   \
    ((file)->is64 ? put((file), (file)->bytes + offsetof(Elf64_Ehdr, field),                       \
                        sizeof(((Elf64_Ehdr *)0)->field), (value))                                 \
                  : put((file), (file)->bytes + offsetof(Elf32_Ehdr, field),                       \
                        sizeof(((Elf32_Ehdr *)0)->field), (value)))
#define PHDR(file, index, field, value)                                                            \
    ((file)->is64 ? put((file),                                                                    \
                        (file)->bytes + (file)->table_at + (index) * sizeof(Elf64_Phdr) +          \
                            offsetof(Elf64_Phdr, field),                                           \
                        sizeof(((Elf64_Phdr *)0)->field), (value))                                 \
                  : put((file),                                                                    \
                        (file)->bytes + (file)->table_at + (index) * sizeof(Elf32_Phdr) +          \
                            offsetof(Elf32_Phdr, field),                                           \
                        sizeof(((Elf32_Phdr *)0)->field), (value)))

static void add_note(struct file *file, const char *owner, uint32_t type, const char *text,
                     size_t len, size_t align)
{
    uint8_t *at = file->bytes + file->len;
    size_t owner_len = strlen(owner) + 1;
    put(file, at, 4, owner_len);
    put(file, at + 4, 4, len);
    put(file, at + 8, 4, type);
    memcpy(at + 12, owner, owner_len);
    size_t desc = 12 + (owner_len + align - 1) / align * align;
    memcpy(at + desc, text, len);
    if (file->big && len >= 4) {
        put(file, at + desc, 2, (uint8_t)text[0]);
        put(file, at + desc + 2, 2, (uint8_t)text[2]);
    }
    file->len += desc + (len + align - 1) / align * align;
}

/* A sound driver: a loadable segment, a foreign note, and ours. */
static struct file *new_file(bool is64, bool big, const char *text, size_t len, size_t align)
{
    struct file *file = calloc(1, sizeof(*file));
    file->is64 = is64;
    file->big = big;
    memcpy(file->bytes, ELFMAG, SELFMAG);
    file->bytes[EI_CLASS] = is64 ? ELFCLASS64 : ELFCLASS32;
    file->bytes[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
    file->table_at = is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    file->notes_at = file->table_at + 2 * (is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
    file->len = file->notes_at;
    add_note(file, "GNU", 3, "0123456789", 10, align);
    add_note(file, "ocync", 1, text, len, align);
    EHDR(file, e_phoff, file->table_at);
    EHDR(file, e_phentsize, is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
    EHDR(file, e_phnum, 2);
    PHDR(file, 0, p_type, PT_LOAD);
    PHDR(file, 1, p_type, PT_NOTE);
    PHDR(file, 1, p_offset, file->notes_at);
    PHDR(file, 1, p_filesz, file->len - file->notes_at);
    PHDR(file, 1, p_align, align);
    return file;
}

static enum note_result read_file(const struct file *file, struct note *note, struct error *err)
{
    int fd = memfd_create("note", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file->bytes, file->len), (ssize_t)file->len);
    enum note_result result = note_read(fd, note, err);
    close(fd);
    return result;
}

static const char good[] = TEXT("my-reg2", "1.0~rc1", "registry.example *.registry.example:5000");

static void reads_every_kind_of_elf(void **state)
{
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        struct file *file = new_file(kind & 1, kind & 2, good, sizeof(good), kind & 4 ? 8 : 4);
        struct note note = {0};
        assert_int_equal(read_file(file, &note, NULL), NOTE_FOUND);
        assert_int_equal(note.abi_major, 1);
        assert_int_equal(note.abi_minor, 0);
        assert_string_equal(note.name, "my-reg2");
        assert_string_equal(note.version, "1.0~rc1");
        assert_string_equal(note.hosts, "registry.example *.registry.example:5000");
        note_done(&note);
        free(file);
    }
}

/* Descriptions of our note, and what is said of them. */
static void judges_the_text(void **state)
{
    (void)state;
    static char long_hosts[6000];
    memcpy(long_hosts, TEXT("a", "1", ""), 8);
    memset(long_hosts + 8, 'h', sizeof(long_hosts) - 9);
#define CASE(text, said)                                                                           \
    {                                                                                              \
        text, sizeof(text), said                                                                   \
    }
    const struct {
        const char *text;
        size_t len;
        const char *said; /* NULL: fine */
    } cases[] = {
        CASE(TEXT("a", "1", "h"), NULL),
        CASE(TEXT("a", "1", "h") "\0\0\0", NULL),
        CASE(TEXT("a", "1", "[::1]:5000 h-?_*.x"), NULL),
        CASE(TEXT("", "1", "h"), "name"),
        CASE(TEXT("A", "1", "h"), "name"),
        CASE(TEXT("a/b", "1", "h"), "name"),
        CASE(TEXT("../a", "1", "h"), "name"),
        CASE(TEXT("a123456789a123456789a123456789a123456789a123456789a123456789a1234", "1", "h"),
             "name"),
        CASE(TEXT("a", "", "h"), "version"),
        CASE(TEXT("a", "1 2", "h"), "version"),
        CASE(TEXT("a", "\033[2J", "h"), "version"),
        CASE(TEXT("a", "1", ""), "hosts"),
        CASE(TEXT("a", "1", "h  i"), "hosts"),
        CASE(TEXT("a", "1", " h"), "hosts"),
        CASE(TEXT("a", "1", "h "), "hosts"),
        CASE(TEXT("a", "1", "h/x"), "hosts"),
        CASE(TEXT("a", "1", "h\n"), "hosts"),
        CASE(long_hosts, "hosts"),
        {TEXT("a", "1", "h"), 9, "lacks"},
        {TEXT("a", "1", "h"), 5, "lacks"},
        {TEXT("a", "1", "h"), 4, "lacks"},
        {TEXT("a", "1", "h"), 3, "too short"},
        {TEXT("a", "1", "h"), 0, "too short"},
    };
#undef CASE
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct file *file = new_file(true, false, cases[i].text, cases[i].len, 4);
        struct note note = {0};
        struct error err = ERROR_INIT;
        enum note_result result = read_file(file, &note, &err);
        assert_int_equal(result, cases[i].said ? NOTE_JUNK : NOTE_FOUND);
        if (cases[i].said)
            assert_non_null(strstr(err.text, cases[i].said));
        note_done(&note);
        free(file);
    }
}

static void no_magic(struct file *file)
{
    file->bytes[0] = 'x';
}
static void empty(struct file *file)
{
    file->len = 0;
}
static void only_magic(struct file *file)
{
    file->len = SELFMAG;
}
static void cut_in_header(struct file *file)
{
    file->len = EI_NIDENT;
}
static void class_zero(struct file *file)
{
    file->bytes[EI_CLASS] = 0;
}
static void no_byte_order(struct file *file)
{
    file->bytes[EI_DATA] = 9;
}
static void no_segments(struct file *file)
{
    EHDR(file, e_phnum, 0);
}
static void many_segments(struct file *file)
{
    EHDR(file, e_phnum, 0xffff);
}
static void wrong_stride(struct file *file)
{
    EHDR(file, e_phentsize, 1);
}
static void table_past_end(struct file *file)
{
    EHDR(file, e_phoff, 0x7fffffff);
}
static void table_wraps(struct file *file)
{
    EHDR(file, e_phoff, UINT64_MAX - 8);
}
static void table_at_the_last_byte(struct file *file)
{
    EHDR(file, e_phoff, file->len - 1);
}
static void segment_past_end(struct file *file)
{
    PHDR(file, 1, p_offset, file->len - 8);
}
static void segment_wraps(struct file *file)
{
    PHDR(file, 1, p_offset, UINT64_MAX - 2);
}
static void segment_huge(struct file *file)
{
    PHDR(file, 1, p_filesz, UINT64_MAX);
}
static void segment_one_too_large(struct file *file)
{
    PHDR(file, 1, p_filesz, 64 * 1024 + 1);
    file->len = sizeof(file->bytes);
}
static void segment_empty(struct file *file)
{
    PHDR(file, 1, p_filesz, 0);
}
static void segment_shorter_than_a_header(struct file *file)
{
    PHDR(file, 1, p_filesz, 11);
}
static void segment_cut_in_owner(struct file *file)
{
    PHDR(file, 1, p_filesz, 14);
}
static void segment_cut_in_text(struct file *file)
{
    PHDR(file, 1, p_filesz, file->len - file->notes_at - 12);
}
static void owner_huge(struct file *file)
{
    put(file, file->bytes + file->notes_at, 4, 0xffffffff);
}
static void text_huge(struct file *file)
{
    put(file, file->bytes + file->notes_at + 4, 4, 0xfffffff0);
}
static void other_type(struct file *file)
{
    put(file, file->bytes + file->notes_at + 28 + 8, 4, 2);
}
static void other_owner(struct file *file)
{
    file->bytes[file->notes_at + 28 + 12] = 'O';
}
static void not_a_note_segment(struct file *file)
{
    PHDR(file, 1, p_type, PT_DYNAMIC);
}

static void survives_broken_files(void **state)
{
    (void)state;
    static const struct {
        void (*breaks)(struct file *file);
        enum note_result result;
        const char *said;
    } cases[] = {
        {no_magic, NOTE_NONE, NULL},
        {empty, NOTE_NONE, NULL},
        {only_magic, NOTE_NONE, NULL},
        {cut_in_header, NOTE_JUNK, "cut short"},
        {class_zero, NOTE_JUNK, "neither 32-bit nor 64-bit"},
        {no_byte_order, NOTE_JUNK, "byte order"},
        {no_segments, NOTE_NONE, NULL},
        {many_segments, NOTE_JUNK, "more than 256"},
        {wrong_stride, NOTE_JUNK, "unknown size"},
        {table_past_end, NOTE_JUNK, "program headers lie past the end"},
        {table_wraps, NOTE_JUNK, "program headers lie past the end"},
        {table_at_the_last_byte, NOTE_JUNK, "program headers lie past the end"},
        {segment_past_end, NOTE_JUNK, "note segment reaches past"},
        {segment_wraps, NOTE_JUNK, "note segment reaches past"},
        {segment_huge, NOTE_JUNK, "larger than 64 KiB"},
        {segment_one_too_large, NOTE_JUNK, "larger than 64 KiB"},
        {segment_empty, NOTE_NONE, NULL},
        {segment_shorter_than_a_header, NOTE_NONE, NULL},
        {segment_cut_in_owner, NOTE_JUNK, "owner of a note"},
        {segment_cut_in_text, NOTE_JUNK, "text of a note"},
        {owner_huge, NOTE_JUNK, "owner of a note"},
        {text_huge, NOTE_JUNK, "text of a note"},
        {other_type, NOTE_NONE, NULL},
        {other_owner, NOTE_NONE, NULL},
        {not_a_note_segment, NOTE_NONE, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct file *file = new_file(true, false, good, sizeof(good), 4);
        cases[i].breaks(file);
        struct note note = {0};
        struct error err = ERROR_INIT;
        assert_int_equal(read_file(file, &note, &err), cases[i].result);
        if (cases[i].said)
            assert_non_null(strstr(err.text, cases[i].said));
        assert_null(note.name);
        free(file);
    }
}

/* Every prefix of a file, and every file with one byte changed: never a crash, and what is found
 * keeps to the rules. */
static void survives_cuts_and_flips(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct file *file = new_file(kind & 1, kind & 2, good, sizeof(good), 4);
        size_t len = file->len;
        for (size_t i = 0; i < len; i++) {
            struct note note = {0};
            file->len = i;
            assert_int_not_equal(read_file(file, &note, NULL), NOTE_FOUND);
            file->len = len;
            for (uint8_t flip = 1; flip; flip = (uint8_t)(flip << 1)) {
                file->bytes[i] ^= flip;
                if (read_file(file, &note, NULL) == NOTE_FOUND)
                    assert_true(note_name_is_valid(note.name));
                note_done(&note);
                file->bytes[i] ^= flip;
            }
        }
        free(file);
    }
}

static void compares(void **state)
{
    (void)state;
    char a[] = "a", b[] = "b", same[] = "a";
    const struct note one = {1, 0, a, a, a};
    assert_true(note_equal(&one, &(struct note){1, 0, same, same, same}));
    assert_false(note_equal(&one, &(struct note){2, 0, a, a, a}));
    assert_false(note_equal(&one, &(struct note){1, 1, a, a, a}));
    assert_false(note_equal(&one, &(struct note){1, 0, b, a, a}));
    assert_false(note_equal(&one, &(struct note){1, 0, a, b, a}));
    assert_false(note_equal(&one, &(struct note){1, 0, a, a, b}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind_of_elf),
        cmocka_unit_test(judges_the_text),
        cmocka_unit_test(survives_broken_files),
        cmocka_unit_test(survives_cuts_and_flips),
        cmocka_unit_test(compares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
