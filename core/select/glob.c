/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern becomes a small program for a machine that follows all of its ways at once, so that no
 * pattern makes it go back. Invariant: every target of a jump lies inside the program, and the last
 * instruction is OP_MATCH.
 */
#include "select/glob.h"

#include "base/str.h"
#include "base/vec.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A character yields 3 instructions at most. */
#define PROGRAM_MAX (3 * GLOB_LENGTH_MAX + 1)

enum op { OP_BYTE, OP_ANY, OP_SET, OP_SPLIT, OP_JUMP, OP_MATCH };

struct instruction {
    enum op op;
    uint16_t a, b; /* the byte; the set; where to go on, both for OP_SPLIT */
};

struct set {
    uint8_t bits[32];
};

struct glob {
    char *text;
    bool fold;
    VEC(struct instruction) program;
    VEC(struct set) sets;
};

struct compiler {
    struct glob *glob;
    const char *at;
    int depth;
    struct error *err;
};

bool glob_is_literal(const char *pattern)
{
    return pattern[strcspn(pattern, "*?[{\\")] == '\0';
}

const char *glob_text(const struct glob *glob)
{
    return glob->text;
}

void glob_free(struct glob *glob)
{
    if (!glob)
        return;
    free(glob->text);
    vec_done(&glob->program);
    vec_done(&glob->sets);
    free(glob);
}

static int refuse(const struct compiler *c, const char *at, const char *why)
{
    return error_set(c->err, ERR_CONFIG, "glob \"%s\": %s, at character %td", c->glob->text, why,
                     at - c->glob->text + 1);
}

static uint16_t here(const struct compiler *c)
{
    return (uint16_t)c->glob->program.len;
}

static uint16_t emit(struct compiler *c, enum op op, uint16_t a, uint16_t b)
{
    uint16_t place = here(c);
    vec_add(&c->glob->program, (struct instruction){.op = op, .a = a, .b = b});
    return place;
}

static unsigned char folded(const struct glob *glob, char c)
{
    unsigned char byte = (unsigned char)c;
    return glob->fold ? (unsigned char)tolower(byte) : byte;
}

static void set_add(const struct glob *glob, struct set *set, char c)
{
    unsigned char byte = folded(glob, c);
    set->bits[byte / 8] = (uint8_t)(set->bits[byte / 8] | 1u << (byte % 8));
}

static bool set_has(const struct set *set, unsigned char byte)
{
    return set->bits[byte / 8] >> (byte % 8) & 1;
}

/* One member of [...], which a backslash may precede. */
static int set_member(struct compiler *c, char *ret)
{
    if (*c->at == '\\')
        c->at++;
    if (!*c->at)
        return refuse(c, c->at, "\"[\" has no \"]\"");
    *ret = *c->at++;
    return 0;
}

static int set_range(struct compiler *c, struct set *set)
{
    const char *start = c->at;
    char first = 0, last = 0;
    int rc = set_member(c, &first);
    if (rc < 0)
        return rc;
    last = first;
    if (c->at[0] == '-' && c->at[1] && c->at[1] != ']') {
        c->at++;
        rc = set_member(c, &last);
        if (rc < 0)
            return rc;
    }
    if ((unsigned char)first > (unsigned char)last)
        return refuse(c, start, "a range runs backwards");
    for (int byte = (unsigned char)first; byte <= (unsigned char)last; byte++)
        set_add(c->glob, set, (char)byte);
    return 0;
}

static int compile_set(struct compiler *c)
{
    struct set set = {{0}};
    const char *open = c->at++;
    bool negated = *c->at == '!' || *c->at == '^';
    if (negated)
        c->at++;
    /* A "]" that stands first is a member. */
    do {
        if (!*c->at)
            return refuse(c, open, "\"[\" has no \"]\"");
        int rc = set_range(c, &set);
        if (rc < 0)
            return rc;
    } while (*c->at != ']');
    c->at++;
    for (size_t i = 0; negated && i < sizeof(set.bits); i++)
        set.bits[i] = (uint8_t)~set.bits[i];
    emit(c, OP_SET, (uint16_t)c->glob->sets.len, 0);
    vec_add(&c->glob->sets, set);
    return 0;
}

static void compile_star(struct compiler *c)
{
    c->at++;
    uint16_t split = emit(c, OP_SPLIT, 0, 0);
    uint16_t any = emit(c, OP_ANY, 0, 0);
    emit(c, OP_JUMP, split, 0);
    c->glob->program.items[split].a = any;
    c->glob->program.items[split].b = here(c);
}

static int compile_sequence(struct compiler *c);

/* Alternatives leave jumps behind that all lead to the end, which is known last. */
static int compile_braces(struct compiler *c)
{
    const char *open = c->at;
    uint16_t jumps[GLOB_LENGTH_MAX];
    size_t n_jumps = 0;
    if (++c->depth > GLOB_DEPTH_MAX)
        return refuse(c, open, "braces are nested too deeply");
    do {
        c->at++;
        uint16_t split = emit(c, OP_SPLIT, 0, 0);
        c->glob->program.items[split].a = here(c);
        int rc = compile_sequence(c);
        if (rc < 0)
            return rc;
        jumps[n_jumps++] = emit(c, OP_JUMP, 0, 0);
        /* After the last alternative this leads to the end, where the first way leads too. */
        c->glob->program.items[split].b = *c->at == ',' ? here(c) : c->glob->program.items[split].a;
    } while (*c->at == ',');
    if (*c->at != '}')
        return refuse(c, open, "\"{\" has no \"}\"");
    c->at++;
    c->depth--;
    for (size_t i = 0; i < n_jumps; i++)
        c->glob->program.items[jumps[i]].a = here(c);
    return 0;
}

static int compile_byte(struct compiler *c)
{
    if (*c->at == '\\' && !*++c->at)
        return refuse(c, c->at - 1, "nothing follows the backslash");
    emit(c, OP_BYTE, folded(c->glob, *c->at++), 0);
    return 0;
}

static int compile_one(struct compiler *c)
{
    switch (*c->at) {
    case '*':
        compile_star(c);
        return 0;
    case '?':
        c->at++;
        emit(c, OP_ANY, 0, 0);
        return 0;
    case '[':
        return compile_set(c);
    case '{':
        return compile_braces(c);
    default:
        return compile_byte(c);
    }
}

/* Up to the end, or within braces up to "," or "}". */
static int compile_sequence(struct compiler *c)
{
    while (*c->at && !(c->depth && (*c->at == ',' || *c->at == '}'))) {
        if (*c->at == '}')
            return refuse(c, c->at, "\"}\" has no \"{\"");
        int rc = compile_one(c);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int glob_new(const char *pattern, bool fold, struct glob **ret, struct error *err)
{
    if (!*pattern)
        return error_set(err, ERR_CONFIG, "a glob is empty: write * for everything");
    if (strlen(pattern) > GLOB_LENGTH_MAX)
        return error_set(err, ERR_CONFIG, "glob \"%.40s...\" is too long: at most %d characters",
                         pattern, GLOB_LENGTH_MAX);
    _cleanup_(cleanup_glob_free) struct glob *glob = xcalloc(1, sizeof(*glob));
    glob->text = xstrdup(pattern);
    glob->fold = fold;
    struct compiler c = {.glob = glob, .at = glob->text, .err = err};
    int rc = compile_sequence(&c);
    if (rc < 0)
        return rc;
    emit(&c, OP_MATCH, 0, 0);
    *ret = take_ptr(&glob);
    return 0;
}

/* The places of the program that are alive before one character of the text. */
struct places {
    uint16_t list[PROGRAM_MAX];
    bool present[PROGRAM_MAX];
    size_t len;
};

/* Depth is bounded by the program: no place is entered twice. */
static void places_add(const struct glob *glob, struct places *places, uint16_t at)
{
    if (places->present[at])
        return;
    places->present[at] = true;
    const struct instruction *i = &glob->program.items[at];
    if (i->op == OP_JUMP || i->op == OP_SPLIT) {
        places_add(glob, places, i->a);
        if (i->op == OP_SPLIT)
            places_add(glob, places, i->b);
        return;
    }
    places->list[places->len++] = at;
}

static bool accepts(const struct glob *glob, const struct instruction *i, unsigned char byte)
{
    switch (i->op) {
    case OP_BYTE:
        return i->a == byte;
    case OP_ANY:
        return true;
    case OP_SET:
        return set_has(&glob->sets.items[i->a], byte);
    default:
        return false;
    }
}

static void places_clear(const struct glob *glob, struct places *places)
{
    memset(places->present, 0, glob->program.len * sizeof(places->present[0]));
    places->len = 0;
}

bool glob_matches(const struct glob *glob, const char *text)
{
    struct places both[2], *now = &both[0], *next = &both[1];
    places_clear(glob, now);
    places_add(glob, now, 0);
    for (; *text && now->len; text++) {
        unsigned char byte = folded(glob, *text);
        places_clear(glob, next);
        for (size_t i = 0; i < now->len; i++) {
            uint16_t at = now->list[i];
            if (accepts(glob, &glob->program.items[at], byte))
                places_add(glob, next, (uint16_t)(at + 1));
        }
        struct places *swap = now;
        now = next;
        next = swap;
    }
    return now->present[glob->program.len - 1] && now->len;
}
