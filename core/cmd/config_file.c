/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/config_file.h"

#include "base/log.h"

static void say(enum log_level level, const struct config_problems *problems,
                const struct config_problem *p)
{
    _cleanup_free_ char *text = config_problem_text(problems, p);
    log_line(level, "%s", text);
}

static void say_all(const struct config_problems *problems)
{
    for (size_t i = 0; i < problems->warnings.len; i++)
        say(LOG_WARN, problems, &problems->warnings.items[i]);
    for (size_t i = 0; i < problems->errors.len; i++)
        say(LOG_ERROR, problems, &problems->errors.items[i]);
    if (problems->n_dropped)
        log_error("%s: and %zu more errors", problems->file, problems->n_dropped);
}

int config_file_open(const struct globals *globals, const char *operand, struct config **ret)
{
    struct error err = ERROR_INIT;
    struct config_problems problems = {0};
    const struct config_request request = {
        .file = operand ? operand : globals->config,
        .sets = globals->set.list.items,
        .n_sets = globals->set.list.len,
    };
    if (operand && globals->config) {
        error_set(&err, ERR_USAGE, "two configuration files: %s, and %s by --config; give one",
                  operand, globals->config);
        return command_fail(&err);
    }
    if (!request.file) {
        error_set(&err, ERR_USAGE, "no configuration file; give one with -c FILE");
        return command_fail(&err);
    }
    int result = config_load(&request, ret, &problems);
    say_all(&problems);
    config_problems_done(&problems);
    return result < 0 ? exit_code_of(ERR_CONFIG) : EXIT_OK;
}
