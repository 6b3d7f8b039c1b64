/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines on stderr, as text or as one JSON object a line. Only the owner of a piece of work
 * logs above debug; everything below returns errors. Text from peers is escaped here.
 */
#pragma once

#include "base/alloc.h"

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
enum log_format { LOG_TEXT, LOG_JSON };

void log_set_level(enum log_level level);
enum log_level log_level(void);
void log_set_format(enum log_format format);
/* ANSI colours for the level word. */
void log_set_color(bool on);
/* Called before and after each line, so that live progress can step aside; both may be NULL. */
void log_set_hooks(void (*before)(void), void (*after)(void));

void log_line(enum log_level level, const char *fmt, ...) _printf_(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_trace(...) log_line(LOG_TRACE, __VA_ARGS__)
