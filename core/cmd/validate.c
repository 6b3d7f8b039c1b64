/* SPDX-License-Identifier: Apache-2.0 */
/* ocync validate: is the configuration right? */
#include "cmd/config_file.h"

static void print_number(size_t n, const char *one, const char *many)
{
    printf("%zu %s", n, n == 1 ? one : many);
}

static size_t count_configured(const struct config *config)
{
    size_t n = 0;
    for (size_t i = 0; i < config->registries.len; i++)
        n += !config->registries.items[i]->is_implicit;
    return n;
}

static void print_summary(const struct config *config)
{
    fputs("valid: ", stdout);
    print_number(config->mappings.len, "mapping", "mappings");
    fputs(", ", stdout);
    print_number(count_configured(config), "registry", "registries");
    putchar('\n');
}

static int validate_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    const struct option_group group = globals_group(globals);
    struct string_list operands = {0};
    _cleanup_(cleanup_config_free) struct config *config = NULL;
    int code;
    if (command_parse(self, globals, &group, 1, argc, argv, 0, 1, &operands, &code) == 0) {
        code =
            config_file_open(globals, operands.list.len ? operands.list.items[0] : NULL, &config);
        if (code == EXIT_OK && !globals->quiet)
            print_summary(config);
    }
    vec_done(&operands.list);
    return code;
}

const struct command command_validate = {
    .name = "validate",
    .operands = "[FILE]",
    .summary = "check a configuration file",
    .description =
        "Checks a configuration file, given as FILE or by -c, with every --set applied and\n"
        "variables filled in. All errors are shown at once, each with its line and column.\n"
        "Nothing is sent anywhere.",
    .reads_config = true,
    .run = validate_main,
};
