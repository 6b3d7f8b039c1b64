/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the subcommand and hands over. */
#include "base/log.h"
#include "base/nearest.h"
#include "base/str.h"
#include "cmd/command.h"

#include <signal.h>
#include <string.h>

const struct command *const commands[] = {
    &command_copy,     &command_sync,   &command_cache,  &command_tags,    &command_inspect,
    &command_validate, &command_expand, &command_plugin, &command_version, NULL,
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; commands[i]; i++) {
        if (str_eq(commands[i]->name, name) || str_eq(commands[i]->alias, name))
            return commands[i];
    }
    return NULL;
}

static void print_help(FILE *out, struct globals *globals)
{
    const struct option_group group = globals_group(globals);
    fputs("Usage: ocync [options] COMMAND [arguments]\n\n"
          "Copies container images between OCI registries, byte for byte, with the fewest\n"
          "requests that the protocol allows.\n\nCommands:\n",
          out);
    for (size_t i = 0; commands[i]; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    options_print(out, &group, 1);
    fputs("\nocync COMMAND --help says more about a command.\n", out);
}

static int no_such_command(const char *name)
{
    struct error err = ERROR_INIT;
    const char *names[16];
    size_t n = 0;
    for (; commands[n] && n < ARRAY_LEN(names); n++)
        names[n] = commands[n]->name;
    const char *near = nearest_word(name, names, n);
    if (near)
        error_set(&err, ERR_USAGE, "unknown command \"%s\"; did you mean %s?", name, near);
    else
        error_set(&err, ERR_USAGE, "unknown command \"%s\"; see ocync --help", name);
    return command_fail(&err);
}

/* "ocync help copy" is "ocync copy --help". */
static int help_on(const char *name, struct globals *globals)
{
    const struct command *command = find_command(name);
    globals->help = true;
    return command ? command->run(command, globals, 0, NULL) : no_such_command(name);
}

static int dispatch(struct globals *globals, const struct string_list *words)
{
    const char *name = words->list.len ? words->list.items[0] : NULL;
    if (!name || (str_eq(name, "help") && words->list.len == 1)) {
        bool asked = globals->help || name;
        print_help(asked ? stdout : stderr, globals);
        return asked ? EXIT_OK : EXIT_ALL_FAILED;
    }
    if (str_eq(name, "help"))
        return help_on(words->list.items[1], globals);
    const struct command *command = find_command(name);
    if (!command)
        return no_such_command(name);
    return command->run(command, globals, (int)words->list.len - 1,
                        (char **)(uintptr_t)(words->list.items + 1));
}

/* Options before the command are global; the command parses the rest. */
static int parse_leading(struct globals *globals, int argc, char **argv,
                         struct string_list *ret_words)
{
    struct error err = ERROR_INIT;
    const struct option_group group = globals_group(globals);
    if (argc == 1 && (str_eq(argv[0], "--version") || str_eq(argv[0], "-V"))) {
        vec_add(&ret_words->list, "version");
        return 0;
    }
    if (options_parse(&group, 1, argc, argv, true, ret_words, &err) == 0)
        return 0;
    return command_fail(&err);
}

int main(int argc, char **argv)
{
    struct globals globals = {0};
    struct string_list words = {0};
    signal(SIGPIPE, SIG_IGN); /* a write says EPIPE */
    signal(SIGXFSZ, SIG_IGN); /* a write says EFBIG */
    int code = parse_leading(&globals, argc - 1, argv + 1, &words);
    if (code == 0)
        code = dispatch(&globals, &words);
    vec_done(&words.list);
    vec_done(&globals.plugin_dirs.list);
    vec_done(&globals.plugin_trust_dirs.list);
    vec_done(&globals.resolve.list);
    vec_done(&globals.set.list);
    if (fflush(stdout) != 0 && code == EXIT_OK) {
        log_error("standard output can't be written");
        code = EXIT_ALL_FAILED;
    }
    return code;
}
