/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/exit.h"

static const struct {
    enum error_class class;
    enum exit_code code;
} codes[] = {
    {ERR_NONE, EXIT_OK},          {ERR_PLUGIN, EXIT_PLUGIN}, {ERR_CONFIG, EXIT_CONFIG},
    {ERR_USAGE, EXIT_ALL_FAILED}, {ERR_AUTH, EXIT_AUTH},     {ERR_DENIED, EXIT_AUTH},
};

int exit_code_of(enum error_class class)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i].class == class)
            return (int)codes[i].code;
    }
    return EXIT_ALL_FAILED;
}

int exit_code_of_signal(int number)
{
    return 128 + number;
}
