/* SPDX-License-Identifier: Apache-2.0 */
/* ocync version. */
#include "cmd/command.h"

#include <jansson.h>
#include <openssl/crypto.h>

struct version_options {
    bool json;
};

static const struct option version_table[] = {
    {"json", 0, NULL, OPTION_FLAG, offsetof(struct version_options, json), "print JSON"},
    {0},
};

static void print_json(void)
{
    _cleanup_free_ char *abi = xasprintf("%d.%d", OCYNC_ABI_MAJOR, OCYNC_ABI_MINOR);
    json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "version", PACKAGE_VERSION, "driver_abi", abi,
                          "libcurl", curl_version_info(CURLVERSION_NOW)->version, "openssl",
                          OpenSSL_version(OPENSSL_VERSION_STRING));
    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static int version_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    struct version_options options = {0};
    const struct option_group groups[] = {{"Options", version_table, &options},
                                          globals_group(globals)};
    struct string_list operands = {0};
    int code;
    if (command_parse(self, globals, groups, ARRAY_LEN(groups), argc, argv, 0, 0, &operands,
                      &code) == 0) {
        code = EXIT_OK;
        if (options.json)
            print_json();
        else
            printf("ocync %s (driver ABI %d.%d, libcurl %s, %s)\n", PACKAGE_VERSION,
                   OCYNC_ABI_MAJOR, OCYNC_ABI_MINOR, curl_version_info(CURLVERSION_NOW)->version,
                   OpenSSL_version(OPENSSL_VERSION));
    }
    vec_done(&operands.list);
    return code;
}

const struct command command_version = {
    .name = "version",
    .operands = "",
    .summary = "show the version",
    .description = "Shows the version of ocync, of its driver ABI and of the libraries it runs on.",
    .run = version_main,
};
