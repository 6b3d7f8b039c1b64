/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of our own size: running out of it ends the program with one sentence.
 * Sizes that a peer controls never come here unbounded: they go through struct buf.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))

/* Moves a pointer out of a variable: the variable is NULL afterwards. */
#define take_ptr(p)                                                                                \
    ({                                                                                             \
        __auto_type taken_ = *(p);                                                                 \
        *(p) = NULL;                                                                               \
        taken_;                                                                                    \
    })

/* Defines cleanup_<fn> for a `type *fn(type *)`-like or void destructor that accepts NULL. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
    static inline void cleanup_##fn(type *p)                                                       \
    {                                                                                              \
        if (*p)                                                                                    \
            fn(*p);                                                                                \
    }

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The enclosing object of an embedded member. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t count, size_t size);
void *xmemdup(const void *p, size_t size);
/* NULL in, NULL out. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *fmt, ...) _printf_(1, 2);
char *xvasprintf(const char *fmt, va_list args) _printf_(1, 0);

/* Replaces *slot by a copy of `s` (may be NULL) and frees what was there. */
void str_replace(char **slot, const char *s);

void cleanup_free(void *p);  /* p is the address of a pointer */
void cleanup_close(int *fd); /* -1 is ignored */
