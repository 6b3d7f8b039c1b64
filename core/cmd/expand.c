/* SPDX-License-Identifier: Apache-2.0 */
/* ocync expand: the configuration as ocync understands it. */
#include "cmd/config_file.h"

struct expand_options {
    bool show_secrets;
};

static const struct option expand_table[] = {
    {"show-secrets", 0, NULL, OPTION_FLAG, offsetof(struct expand_options, show_secrets),
     "print passwords and tokens instead of ***"},
    {0},
};

static int expand(const struct globals *globals, const char *file, bool show_secrets)
{
    _cleanup_(cleanup_config_free) struct config *config = NULL;
    int code = config_file_open(globals, file, &config);
    if (code != EXIT_OK)
        return code;
    char *text = config_text(config, show_secrets);
    fputs(text, stdout);
    secret_wipe_str(text);
    return EXIT_OK;
}

static int expand_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    struct expand_options options = {0};
    const struct option_group groups[] = {{"Options", expand_table, &options},
                                          globals_group(globals)};
    struct string_list operands = {0};
    int code;
    if (command_parse(self, globals, groups, ARRAY_LEN(groups), argc, argv, 0, 1, &operands,
                      &code) == 0)
        code = expand(globals, operands.list.len ? operands.list.items[0] : NULL,
                      options.show_secrets);
    vec_done(&operands.list);
    return code;
}

const struct command command_expand = {
    .name = "expand",
    .operands = "[FILE]",
    .summary = "print the effective configuration",
    .description =
        "Prints the configuration in FILE, or given by -c, as ocync understands it: variables,\n"
        "every --set and all defaults filled in. Secrets are ***.",
    .reads_config = true,
    .run = expand_main,
};
