/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing an index anew from parsed JSON would lose what no parser keeps: white space, the order of
 * members, how strings are escaped. So the bytes themselves are cut. The scanner knows just enough
 * JSON to find where values begin and end; it trusts nothing: what it finds must be what
 * manifest_parse found in the whole, and the result is parsed again.
 */
#include "select/subset.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

struct scan {
    const char *at, *end;
};

struct span {
    const char *start, *end;
};

/* Of one element of the array, with the white space around it. */
struct element {
    struct span before, value, after;
};

struct cut {
    struct span list; /* the array, from "[" to behind "]" */
    struct element *elements;
    size_t n_elements;
};

static bool scan_is(const struct scan *s, char c)
{
    return s->at < s->end && *s->at == c;
}

static bool scan_take(struct scan *s, char c)
{
    if (!scan_is(s, c))
        return false;
    s->at++;
    return true;
}

static struct span scan_space(struct scan *s)
{
    struct span space = {.start = s->at};
    while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
        s->at++;
    space.end = s->at;
    return space;
}

/* The span includes the quotes. */
static bool scan_string(struct scan *s, struct span *ret)
{
    ret->start = s->at;
    if (!scan_take(s, '"'))
        return false;
    while (s->at < s->end && *s->at != '"')
        s->at += *s->at == '\\' ? 2 : 1;
    if (s->at >= s->end)
        return false;
    ret->end = ++s->at;
    return true;
}

/* Brackets are counted, not matched by kind: the document was parsed before. */
static bool scan_nested(struct scan *s)
{
    size_t depth = 0;
    while (s->at < s->end) {
        struct span ignored;
        char c = *s->at;
        if (c == '"') {
            if (!scan_string(s, &ignored))
                return false;
            continue;
        }
        s->at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return true;
    }
    return false;
}

static bool scan_value(struct scan *s, struct span *ret)
{
    ret->start = s->at;
    if (scan_is(s, '"'))
        return scan_string(s, ret);
    bool done = true;
    if (scan_is(s, '{') || scan_is(s, '[')) {
        done = scan_nested(s);
    } else {
        while (s->at < s->end && (strchr("+-.", *s->at) || (*s->at >= '0' && *s->at <= '9') ||
                                  (*s->at >= 'a' && *s->at <= 'z') || *s->at == 'E'))
            s->at++;
    }
    ret->end = s->at;
    return done && ret->end > ret->start;
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* One character of a string at `*at`: itself, or \uXXXX of an ASCII character; -1: another. */
static int next_character(const char **at, const char *end)
{
    if (**at != '\\')
        return (unsigned char)*(*at)++;
    if (end - *at < 6 || (*at)[1] != 'u')
        return -1;
    int code = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value((*at)[i]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    *at += 6;
    return code < 0x80 ? code : -1;
}

/* Does the text between the quotes mean `name`, escaped or not? */
static bool string_means(const struct span *string, const char *name)
{
    const char *at = string->start + 1, *end = string->end - 1;
    for (; *name; name++) {
        if (at >= end || next_character(&at, end) != (unsigned char)*name)
            return false;
    }
    return at == end;
}

/* Walks over the members of the document. A name that occurs twice fails the reading of the
 * result. */
static bool find_list(const struct manifest *index, struct span *ret)
{
    struct scan s = {.at = index->bytes, .end = index->bytes + index->len};
    bool found = false;
    scan_space(&s);
    if (!scan_take(&s, '{'))
        return false;
    do {
        struct span key, value;
        scan_space(&s);
        if (!scan_string(&s, &key))
            return false;
        scan_space(&s);
        if (!scan_take(&s, ':'))
            return false;
        scan_space(&s);
        if (!scan_value(&s, &value))
            return false;
        if (string_means(&key, "manifests")) {
            *ret = value;
            found = true;
        }
        scan_space(&s);
    } while (scan_take(&s, ','));
    if (!scan_take(&s, '}'))
        return false;
    scan_space(&s);
    return s.at == s.end && found && *ret->start == '[';
}

/* As many elements as the index has children, or it was not understood. */
static bool find_elements(struct cut *cut, size_t n_children)
{
    struct scan s = {.at = cut->list.start + 1, .end = cut->list.end};
    cut->elements = xcalloc(n_children, sizeof(*cut->elements));
    do {
        if (cut->n_elements == n_children)
            return false;
        struct element *element = &cut->elements[cut->n_elements++];
        element->before = scan_space(&s);
        if (!scan_is(&s, '{') || !scan_value(&s, &element->value))
            return false;
        element->after = scan_space(&s);
    } while (scan_take(&s, ','));
    return scan_take(&s, ']') && s.at == s.end && cut->n_elements == n_children;
}

static void add_span(struct buf *out, const char *start, const char *end)
{
    buf_add(out, start, (size_t)(end - start));
}

/* The white space before the closing bracket stays there, whichever element comes last. */
static void write_subset(const struct manifest *index, const struct cut *cut, const bool *keep,
                         struct buf *out)
{
    const struct element *last = &cut->elements[cut->n_elements - 1];
    add_span(out, index->bytes, cut->list.start + 1);
    for (size_t i = 0, written = 0; i < cut->n_elements; i++) {
        const struct element *element = &cut->elements[i];
        if (!keep[i])
            continue;
        if (written++)
            buf_add_char(out, ',');
        add_span(out, element->before.start, element->value.end);
        if (element != last)
            add_span(out, element->after.start, element->after.end);
    }
    add_span(out, last->after.start, index->bytes + index->len);
}

static bool same_child(const struct descriptor *a, const struct descriptor *b)
{
    return digest_equal(&a->digest, &b->digest) && a->size == b->size &&
           str_eq(a->media_type, b->media_type);
}

/* Does the result list exactly what stays, in its order? */
static bool is_subset(const struct manifest *index, const bool *keep, const struct manifest *subset)
{
    size_t n = 0;
    for (size_t i = 0; i < index->n_children; i++) {
        if (!keep[i])
            continue;
        if (n == subset->n_children || !same_child(&index->children[i], &subset->children[n]))
            return false;
        n++;
    }
    return n == subset->n_children && subset->kind == MANIFEST_INDEX;
}

static int refuse(const struct manifest *index, const char *why, struct error *err)
{
    return error_set(err, ERR_UNSUPPORTED,
                     "platforms can't be cut out of index %s: %s; copy it whole",
                     index->digest.text, why);
}

static int cut_text(const struct manifest *index, const bool *keep, struct buf *out,
                    struct error *err)
{
    struct cut cut = {.elements = NULL};
    bool understood = find_list(index, &cut.list) && find_elements(&cut, index->n_children);
    if (understood)
        write_subset(index, &cut, keep, out);
    free(cut.elements);
    return understood ? 0 : refuse(index, "its text could not be followed", err);
}

static size_t count_kept(const struct manifest *index, const bool *keep)
{
    size_t n = 0;
    for (size_t i = 0; i < index->n_children; i++)
        n += keep[i];
    return n;
}

int subset_cut(const struct manifest *index, const bool *keep, struct manifest **ret,
               struct error *err)
{
    if (index->kind != MANIFEST_INDEX || !count_kept(index, keep))
        return refuse(index, "nothing would be left", err);
    /* What is cut out is never longer than the whole, so that nothing fails to fit. */
    _cleanup_(buf_done) struct buf text = BUF_INIT(index->len);
    int rc = cut_text(index, keep, &text, err);
    if (rc < 0)
        return rc;
    _cleanup_(cleanup_manifest_free) struct manifest *subset = NULL;
    rc = manifest_parse(buf_str(&text), text.len, index->media_type, NULL, &subset, NULL);
    if (rc < 0 || !is_subset(index, keep, subset))
        return refuse(index, "what would be left is not what was asked for", err);
    *ret = take_ptr(&subset);
    return 0;
}
