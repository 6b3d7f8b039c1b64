/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every piece of the text under work may be secret: it grows by copying and wiping. A node where
 * anything is wrong counts as inherited: nothing more is said about it.
 */
#include "config/subst.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct work {
    struct node *node;
    const char *folder;
    struct config_problems *problems;
    char *text; /* what is done so far */
    size_t len;
    bool secret, failed;
};

bool name_looks_secret(const char *name)
{
    static const char *const marks[] = {"*SECRET*",     "*PASSWORD*", "*TOKEN*",  "*PRIVATE_KEY*",
                                        "*CREDENTIAL*", "*API_KEY*",  "*PASSWD*", "*PASSPHRASE*"};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (str_glob(marks[i], name, true))
            return true;
    }
    return false;
}

char *path_from(const char *folder, const char *path)
{
    if (*path == '/' || str_empty(folder) || str_eq(folder, "."))
        return xstrdup(path);
    return xasprintf("%s/%s", str_eq(folder, "/") ? "" : folder, path);
}

static void append(struct work *w, const char *piece, size_t len)
{
    char *longer = xmalloc(w->len + len + 1);
    if (w->len)
        memcpy(longer, w->text, w->len);
    memcpy(longer + w->len, piece, len);
    w->len += len;
    longer[w->len] = '\0';
    secret_wipe_str(w->text);
    w->text = longer;
}

#define complain(w, ...)                                                                           \
    do {                                                                                           \
        problem_at((w)->problems, (w)->node, __VA_ARGS__);                                         \
        (w)->failed = true;                                                                        \
    } while (0)

/* Plain UTF-8, as YAML would have it: nothing cut, nothing overlong. */
static bool is_utf8(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t more = *p < 0x80   ? 0
                      : *p < 0xc2 ? 9
                      : *p < 0xe0 ? 1
                      : *p < 0xf0 ? 2
                      : *p < 0xf5 ? 3
                                  : 9;
        if (more == 9 || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
            (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
            return false;
        p++;
        for (; more; more--, p++) {
            if ((*p & 0xc0) != 0x80)
                return false;
        }
    }
    return true;
}

/* ---- ${file:PATH} ---- */

/* Reads to the end or one byte too many; -1 with errno. */
static ssize_t read_bounded(int fd, char *data, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t got = read(fd, data + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

static size_t without_newline(const char *data, size_t len)
{
    if (len && data[len - 1] == '\n')
        len--;
    if (len && data[len - 1] == '\r')
        len--;
    return len;
}

static void append_file(struct work *w, const char *given)
{
    _cleanup_free_ char *path = path_from(w->folder, given);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char *data = xcalloc(1, SUBST_FILE_MAX + 2);
    ssize_t len = fd < 0 ? -1 : read_bounded(fd, data, SUBST_FILE_MAX + 1);
    w->secret = true;
    if (len < 0)
        complain(w, "${file:%s} can't be read: %s", given, strerror(errno));
    else if ((size_t)len > SUBST_FILE_MAX)
        complain(w, "${file:%s} is larger than 64 KiB", given);
    else if (memchr(data, '\0', (size_t)len) || !is_utf8(data))
        complain(w, "${file:%s} is not text in UTF-8", given);
    else
        append(w, data, without_newline(data, (size_t)len));
    explicit_bzero(data, SUBST_FILE_MAX + 2);
    free(data);
}

/* ---- ${NAME...} ---- */

static void append_variable(struct work *w, const char *name, const char *operator)
{
    const char *value = getenv(name);
    const char *argument = *operator? operator+ 2 : "";
    bool empty = !value || !*value;
    if (name_looks_secret(name))
        w->secret = true;
    if (value && !is_utf8(value))
        complain(w, "the variable %s is not text in UTF-8", name);
    else if (!empty)
        append(w, value, strlen(value));
    else if (str_has_prefix(operator, ":-"))
        append(w, argument, strlen(argument));
    else if (*operator&& * argument)
        complain(w, "the variable %s is not set: %s", name, argument);
    else if (*operator)
        complain(w, "the variable %s is not set, and is needed here", name);
}

static void append_reference(struct work *w, char *body)
{
    if (strstr(body, "${")) {
        complain(w, "${...} can't be nested; give the inner value a variable of its own");
        return;
    }
    if (str_has_prefix(body, "file:")) {
        if (body[strlen("file:")])
            append_file(w, body + strlen("file:"));
        else
            complain(w, "${file:PATH} without a path");
        return;
    }
    size_t len = isdigit((unsigned char)*body)
                     ? 0
                     : strspn(body, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789_");
    char *operator= body + len;
    bool known = !*operator|| str_has_prefix(operator, ":-") || str_has_prefix(operator, ":?");
    if (!len || !known) {
        complain(w,
                 "${%s} is no reference; expected ${NAME}, ${NAME:-DEFAULT}, "
                 "${NAME:?SENTENCE} or ${file:PATH}; for the characters themselves write $${",
                 body);
        return;
    }
    _cleanup_free_ char *name = xstrndup(body, len);
    append_variable(w, name, operator);
}

static void subst_text(struct work *w, const char *p)
{
    while (*p && !w->failed) {
        const char *dollar = strchrnul(p, '$');
        append(w, p, (size_t)(dollar - p));
        p = dollar;
        if (str_has_prefix(p, "$${")) {
            append(w, "${", 2);
            p += 3;
        } else if (str_has_prefix(p, "${")) {
            const char *end = strchr(p, '}');
            if (!end) {
                complain(w, "${ without }; for the characters themselves write $${");
                return;
            }
            _cleanup_free_ char *body = xstrndup(p + 2, (size_t)(end - p) - 2);
            append_reference(w, body);
            p = end + 1;
        } else if (*p) {
            append(w, p++, 1);
        }
    }
}

static void subst_scalar(struct node *node, const char *folder, struct config_problems *problems)
{
    if (!strstr(node->text, "${"))
        return;
    struct work w = {.node = node, .folder = folder, .problems = problems};
    subst_text(&w, node->text);
    node->is_secret |= w.secret;
    node->is_inherited |= w.failed;
    node->is_plain = false;
    if (!w.failed)
        node_set_text(node, w.text ? w.text : "", w.len);
    secret_wipe_str(w.text);
}

void subst_tree(struct node *node, const char *folder, struct config_problems *problems)
{
    if (node->kind == NODE_SCALAR)
        subst_scalar(node, folder, problems);
    for (size_t i = 0; i < node->items.len; i++)
        subst_tree(node->items.items[i], folder, problems);
}
