/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing walks over the texts: nothing is kept per tag, and numbers of any length are compared
 * as texts without their leading zeros.
 */
#include "select/version.h"

#include "base/str.h"

#include <string.h>

#define DIGITS "0123456789"

static const char number_max[] = "18446744073709551615";

/* A run of digits, or of other characters, of a text. */
struct piece {
    const char *text;
    size_t len;
    bool is_number;
};

static struct piece number_piece(const char *text, size_t len)
{
    for (; len > 1 && *text == '0'; len--)
        text++;
    return (struct piece){.text = text, .len = len, .is_number = true};
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_numbers(const struct piece *a, const struct piece *b)
{
    if (a->len != b->len)
        return a->len > b->len ? 1 : -1;
    return memcmp(a->text, b->text, a->len);
}

static int compare_pieces(const struct piece *a, const struct piece *b)
{
    if (a->is_number != b->is_number)
        return a->is_number ? -1 : 1;
    return a->is_number ? compare_numbers(a, b) : compare_bytes(a->text, a->len, b->text, b->len);
}

static bool number_fits(const char *text, size_t len)
{
    const struct piece most = {.text = number_max, .len = strlen(number_max), .is_number = true};
    struct piece number = number_piece(text, len);
    return compare_numbers(&number, &most) <= 0;
}

bool version_parse(const char *text, struct version *ret)
{
    const char *prefix = *text == 'v' ? text + 1 : text, *at = prefix;
    for (;;) {
        size_t len = strspn(at, DIGITS);
        if (!len || !number_fits(at, len))
            return false;
        at += len;
        if (*at != '.' && *at != '_')
            break;
        at++;
    }
    if (*at && *at != '-')
        return false;
    *ret = (struct version){.prefix = prefix, .prefix_len = (size_t)(at - prefix), .suffix = at};
    return true;
}

/* The next number of a prefix; past its end it is 0, as often as asked. */
static struct piece next_number(const char **at, const char *end)
{
    if (*at >= end)
        return number_piece("0", 1);
    const char *start = *at;
    size_t len = strspn(start, DIGITS);
    *at = start + len + 1;
    return number_piece(start, len);
}

int version_compare_prefix(const struct version *a, const struct version *b)
{
    const char *a_at = a->prefix, *a_end = a_at + a->prefix_len;
    const char *b_at = b->prefix, *b_end = b_at + b->prefix_len;
    while (a_at < a_end || b_at < b_end) {
        struct piece a_number = next_number(&a_at, a_end), b_number = next_number(&b_at, b_end);
        int order = compare_numbers(&a_number, &b_number);
        if (order)
            return order;
    }
    return 0;
}

/* False at the end of the suffix. */
static bool next_piece(const char **at, struct piece *ret)
{
    *at += strspn(*at, ".-_");
    if (!**at)
        return false;
    size_t digits = strspn(*at, DIGITS);
    size_t len = digits ? digits : strcspn(*at, DIGITS ".-_");
    *ret = digits ? number_piece(*at, len) : (struct piece){.text = *at, .len = len};
    *at += len;
    return true;
}

int version_compare(const struct version *a, const struct version *b)
{
    int order = version_compare_prefix(a, b);
    if (order)
        return order;
    const char *a_at = a->suffix, *b_at = b->suffix;
    struct piece a_piece, b_piece;
    bool a_more = next_piece(&a_at, &a_piece), b_more = next_piece(&b_at, &b_piece);
    /* A release stands above its variants and candidates. */
    if (a_more != b_more)
        return a_more ? -1 : 1;
    while (a_more && b_more) {
        order = compare_pieces(&a_piece, &b_piece);
        if (order)
            return order;
        a_more = next_piece(&a_at, &a_piece);
        b_more = next_piece(&b_at, &b_piece);
    }
    return a_more - b_more;
}
