/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations in memory, and what is wrong with them. Include after cmocka.h. */
#pragma once

#include "base/str.h"
#include "config/config.h"

/* "ocync.yaml:3:5: ..." of each, one a line; free it. */
static inline char *all_texts(const struct config_problems *problems, bool warnings)
{
    struct buf out = BUF_INIT(1 << 20);
    size_t n = warnings ? problems->warnings.len : problems->errors.len;
    for (size_t i = 0; i < n; i++) {
        const struct config_problem *p =
            warnings ? &problems->warnings.items[i] : &problems->errors.items[i];
        char *text = config_problem_text(problems, p);
        buf_printf(&out, "%s\n", text);
        free(text);
    }
    return buf_take(&out);
}

static inline struct config *load_with(const char *text, const char *const *sets, size_t n_sets)
{
    struct config_problems problems = {0};
    struct config *config = NULL;
    const struct config_request request = {"conf/ocync.yaml", sets, n_sets};
    if (config_load_text(&request, text, strlen(text), &config, &problems) < 0) {
        char *texts = all_texts(&problems, false);
        print_error("%s", texts);
        free(texts);
        fail();
    }
    config_problems_done(&problems);
    return config;
}

static inline struct config *load(const char *text)
{
    return load_with(text, NULL, 0);
}

/* The file must be refused; what is said goes to the caller, who frees it. */
static inline char *refused(const char *text, const char *const *sets, size_t n_sets)
{
    struct config_problems problems = {0};
    struct config *config = NULL;
    const struct config_request request = {"conf/ocync.yaml", sets, n_sets};
    assert_int_equal(config_load_text(&request, text, strlen(text), &config, &problems),
                     ERR_CONFIG);
    assert_null(config);
    char *texts = all_texts(&problems, false);
    config_problems_done(&problems);
    return texts;
}
