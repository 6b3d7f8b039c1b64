/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array of any type:
 *     VEC(int) numbers = {0};
 *     vec_add(&numbers, 42);
 *     for (size_t i = 0; i < numbers.len; i++) use(numbers.items[i]);
 *     vec_done(&numbers);
 * The vector does not own what its items point at.
 */
#pragma once

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t len, alloc;                                                                         \
    }

#define vec_add(v, ...)                                                                            \
    do {                                                                                           \
        if ((v)->len == (v)->alloc) {                                                              \
            (v)->alloc = (v)->alloc ? 2 * (v)->alloc : 8;                                          \
            (v)->items = xrealloc((v)->items, (v)->alloc, sizeof(*(v)->items));                    \
        }                                                                                          \
        (v)->items[(v)->len++] = (__VA_ARGS__);                                                    \
    } while (0)

/* Removes item i, keeping the order of the others. */
#define vec_remove(v, i)                                                                           \
    do {                                                                                           \
        size_t at_ = (i);                                                                          \
        memmove(&(v)->items[at_], &(v)->items[at_ + 1],                                            \
                ((v)->len - at_ - 1) * sizeof(*(v)->items));                                       \
        (v)->len--;                                                                                \
    } while (0)

#define vec_done(v)                                                                                \
    do {                                                                                           \
        free((v)->items);                                                                          \
        (v)->items = NULL;                                                                         \
        (v)->len = (v)->alloc = 0;                                                                 \
    } while (0)
