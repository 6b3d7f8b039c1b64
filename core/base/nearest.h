/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean...?" */
#pragma once

#include <stddef.h>

/* The word with the fewest edits from `word`, NULL when none is near. */
const char *nearest_word(const char *word, const char *const *words, size_t n);
