/* SPDX-License-Identifier: Apache-2.0 */
/* What token servers answer, read with the tolerance that they need; pure. */
#pragma once

#include <ocync/driver.h>

struct token_answer {
    const char *token;
    const char *refresh_token; /* NULL: none */
    int64_t lifetime_ms;       /* 60 s to 1 h, less the age that issued_at tells */
};

/* NULL, or what is wrong with the answer, to follow the server's name. */
const char *token_answer_read(const struct ocync_host *host, struct ocync_object *object,
                              const struct ocync_result *result, struct token_answer *ret);
/* What an error answer says, as ": text"; "" for nothing, or when it repeats a secret. */
const char *token_answer_message(const struct ocync_host *host, struct ocync_object *object,
                                 const struct ocync_token_args *args,
                                 const struct ocync_result *result);
