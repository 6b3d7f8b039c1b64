/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a file to checked structs: YAML, --set, variables, defaults, then everything is read and
 * checked in one pass. A later stage works with whatever the earlier ones could make sense of.
 */
#include "base/str.h"
#include "config/custom.h"
#include "config/set.h"
#include "config/subst.h"
#include "config/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->secrets.len; i++)
        secret_free(c->secrets.items[i]);
    vec_done(&c->secrets);
    node_free(c->document);
    for (size_t i = 0; i < c->labels.len; i++)
        free(c->labels.items[i]);
    vec_done(&c->labels);
    vec_done(&c->registries);
    vec_done(&c->mappings);
    arena_free(c->arena);
    free(c);
}

static void apply_sets(struct config *c, const struct config_request *request,
                       struct config_problems *problems)
{
    for (size_t i = 0; i < request->n_sets; i++) {
        char *label = set_label(request->sets[i]);
        vec_add(&c->labels, label);
        set_value(c->document, request->sets[i], label, problems);
    }
}

/* The folder of the file; NULL for standard input: the current one. Free it. */
static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    if (!slash)
        return NULL;
    return slash == file ? xstrdup("/") : xstrndup(file, (size_t)(slash - file));
}

/* What a mapping keeps of the defaults' tags beside the rules that it inherited in the tree. */
static void spread_excludes(struct config *c, const struct tag_rules *defaults)
{
    for (size_t i = 0; i < c->mappings.len; i++) {
        const struct node *mappings = node_get(c->document, "mappings");
        const struct node *tags = node_get(mappings->items.items[i], "tags");
        if (node_is_null(tags) || tags->kind == NODE_MAP)
            c->mappings.items[i]->tags.default_excludes = defaults->exclude;
    }
}

static void read_document(struct config *c, const char *folder, struct config_problems *problems)
{
    struct config_draft *draft = arena_alloc(c->arena, sizeof(*draft));
    struct read r = {.config = c, .arena = c->arena, .problems = problems, .folder = folder};
    draft->defaults.mapping.tags = TAG_RULES_INIT;
    read_section(&r, &section_config, c->document, draft);
    references_resolve(&r, c->document);
    c->global = draft->global;
    c->plugins = draft->plugins;
    spread_excludes(c, &draft->defaults.mapping.tags);
}

static bool shape_root(struct config *c, struct config_problems *problems)
{
    if (node_is_null(c->document)) {
        node_free(c->document);
        c->document = node_new(NODE_MAP, 1, 1);
    }
    if (c->document->kind != NODE_MAP)
        problem_at(problems, c->document,
                   "expected a map of keys and values, got %s; a "
                   "configuration begins like \"registries:\"",
                   node_kind_name(c->document));
    return c->document->kind == NODE_MAP;
}

int config_load_text(const struct config_request *request, const char *text, size_t len,
                     struct config **ret, struct config_problems *problems)
{
    _cleanup_(cleanup_config_free) struct config *c = xcalloc(1, sizeof(*c));
    _cleanup_free_ char *folder = folder_of(request->file);
    if (!problems->file)
        problems->file = xstrdup(str_eq(request->file, "-") ? "(standard input)" : request->file);
    c->arena = arena_new();
    c->document = yaml_read(text, len, NULL, problems);
    if (c->document && shape_root(c, problems)) {
        apply_sets(c, request, problems);
        fill_strip(c->document);
        subst_tree(c->document, folder, problems);
        fill_document(c->document);
        read_document(c, folder, problems);
    }
    problems_sort(problems);
    if (problems->errors.len)
        return ERR_CONFIG;
    *ret = take_ptr(&c);
    return 0;
}

/* ---- the file ---- */

static ssize_t read_all(int fd, char *data, size_t size)
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

int config_load(const struct config_request *request, struct config **ret,
                struct config_problems *problems)
{
    bool from_stdin = str_eq(request->file, "-");
    _cleanup_close_ int opened = from_stdin ? -1 : open(request->file, O_RDONLY | O_CLOEXEC);
    int fd = from_stdin ? STDIN_FILENO : opened;
    size_t size = YAML_BYTES_MAX + 1;
    problems->file = xstrdup(from_stdin ? "(standard input)" : request->file);
    char *data = xmalloc(size);
    ssize_t len = fd < 0 ? -1 : read_all(fd, data, size);
    int result = ERR_CONFIG;
    if (len < 0)
        problem_at_place(problems, NULL, 0, 0, "the configuration can't be read: %s",
                         strerror(errno));
    else
        result = config_load_text(request, data, (size_t)len, ret, problems);
    if (len > 0)
        explicit_bzero(data, (size_t)len);
    free(data);
    return result;
}
