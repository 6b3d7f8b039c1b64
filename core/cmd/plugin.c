/* SPDX-License-Identifier: Apache-2.0 */
/* ocync plugin list|show: the drivers that are there. */
#include "base/log.h"
#include "base/str.h"
#include "cmd/command.h"

#include <jansson.h>
#include <stdlib.h>

struct plugin_options {
    bool json;
};

static const struct option plugin_table[] = {
    {"json", 0, NULL, OPTION_FLAG, offsetof(struct plugin_options, json), "print JSON"},
    {0},
};

static const char *state_name(enum plugin_state state)
{
    static const char *const names[] = {
        [PLUGIN_DRIVER] = "driver",
        [PLUGIN_SHADOWED] = "shadowed",
        [PLUGIN_NOT_DRIVER] = "no-driver",
        [PLUGIN_JUNK] = "junk",
    };
    return names[state];
}

static bool has_note(const struct plugin *p)
{
    return p->state == PLUGIN_DRIVER || p->state == PLUGIN_SHADOWED;
}

/* ---- list ---- */

static json_t *plugin_json(const struct plugin *p)
{
    json_t *o = json_pack("{s:s, s:s, s:s}", "name", p->name, "path", p->path, "state",
                          state_name(p->state));
    if (p->why)
        json_object_set_new(o, "why", json_string(p->why));
    if (has_note(p)) {
        _cleanup_free_ char *abi = xasprintf("%u.%u", p->note.abi_major, p->note.abi_minor);
        json_object_set_new(o, "version", json_string(p->note.version));
        json_object_set_new(o, "abi", json_string(abi));
        json_object_set_new(o, "hosts", json_string(p->note.hosts));
    }
    return o;
}

static void list_json(const struct catalogue *catalogue)
{
    json_t *list = json_array();
    const struct plugin *p;
    for (size_t i = 0; (p = catalogue_at(catalogue, i)); i++)
        json_array_append_new(list, plugin_json(p));
    json_dumpf(list, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(list);
}

static void list_text(const struct catalogue *catalogue)
{
    const struct plugin *p;
    printf("%-16s %-8s %-4s %-9s %s\n", "NAME", "VERSION", "ABI", "STATE", "HOSTS");
    for (size_t i = 0; (p = catalogue_at(catalogue, i)); i++) {
        if (has_note(p))
            printf("%-16s %-8s %u.%-2u %-9s %s\n", p->name, p->note.version, p->note.abi_major,
                   p->note.abi_minor, state_name(p->state), p->note.hosts);
        else
            printf("%-16s %-8s %-4s %-9s -\n", p->name, "-", "-", state_name(p->state));
        printf("  %s\n", p->path);
        if (p->why)
            printf("  %s\n", p->why);
    }
}

/* ---- show ---- */

static const char *option_type_name(uint32_t type)
{
    static const char *const names[] = {"text", "true|false", "number", "word"};
    return type < ARRAY_LEN(names) ? names[type] : "text";
}

static json_t *options_json(const struct driver *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->api.n_options; i++) {
        const struct ocync_option *o = &d->options[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s?, s:s?, s:b, s:s?}", "key", o->key, "type",
                                        option_type_name(o->type), "choices", o->choices, "default",
                                        o->secret ? NULL : o->default_value, "secret",
                                        (int)o->secret, "help", o->help));
    }
    return list;
}

static void show_json(const struct plugin *p, const struct driver *d)
{
    json_t *o = plugin_json(p);
    if (d->api.license)
        json_object_set_new(o, "license", json_string(d->api.license));
    if (d->api.summary)
        json_object_set_new(o, "summary", json_string(d->api.summary));
    json_object_set_new(o, "options", options_json(d));
    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static void show_text(const struct plugin *p, const struct driver *d)
{
    printf("name:     %s\nversion:  %s\nabi:      %u.%u\nhosts:    %s\npath:     %s\n", p->name,
           p->note.version, p->note.abi_major, p->note.abi_minor, p->note.hosts, p->path);
    if (d->api.license)
        printf("license:  %s\n", d->api.license);
    if (d->api.summary)
        printf("summary:  %s\n", d->api.summary);
    for (size_t i = 0; i < d->api.n_options; i++) {
        const struct ocync_option *o = &d->options[i];
        printf("option:   %s (%s", o->key, o->choices ? o->choices : option_type_name(o->type));
        if (o->default_value && !o->secret)
            printf(", default %s", o->default_value);
        printf(") %s\n", o->help ? o->help : "");
    }
}

static int show(const struct catalogue *catalogue, const char *name, bool json)
{
    struct error err = ERROR_INIT;
    const struct driver *driver;
    struct plugin *p = catalogue_find(catalogue, name);
    if (!p) {
        error_set(&err, ERR_PLUGIN, "no driver %s in the plugin folders; see: ocync plugin list",
                  name);
        return command_fail(&err);
    }
    if (driver_load(catalogue, p, &driver, &err) < 0)
        return command_fail(&err);
    if (json)
        show_json(p, driver);
    else
        show_text(p, driver);
    return EXIT_OK;
}

/* ---- dispatch ---- */

static int run(const struct context *ctx, const struct string_list *operands, bool json)
{
    struct error err = ERROR_INIT;
    const char *verb = operands->list.items[0];
    size_t n = operands->list.len;
    if (str_eq(verb, "show") && n == 2)
        return show(ctx->catalogue, operands->list.items[1], json);
    if (str_eq(verb, "list") && n == 1) {
        if (json)
            list_json(ctx->catalogue);
        else
            list_text(ctx->catalogue);
        return EXIT_OK;
    }
    error_set(&err, ERR_USAGE, "usage: ocync plugin list, or ocync plugin show NAME");
    return command_fail(&err);
}

static int plugin_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    struct plugin_options options = {0};
    struct context ctx;
    const struct option_group groups[] = {{"Options", plugin_table, &options},
                                          globals_group(globals)};
    struct string_list operands = {0};
    struct error err = ERROR_INIT;
    int code;
    if (command_parse(self, globals, groups, ARRAY_LEN(groups), argc, argv, 1, 2, &operands,
                      &code) == 0) {
        if (context_init(&ctx, globals, &err) < 0) {
            code = command_fail(&err);
        } else {
            code = run(&ctx, &operands, options.json);
            context_done(&ctx);
        }
    }
    vec_done(&operands.list);
    return code;
}

const struct command command_plugin = {
    .name = "plugin",
    .operands = "list | show NAME",
    .summary = "list the registry drivers, or show one",
    .description = "list: every file in the plugin folders and what it is, without loading any.\n"
                   "show: loads one driver and shows its options.",
    .run = plugin_main,
};
