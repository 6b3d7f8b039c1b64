/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static enum log_level threshold = LOG_INFO;
static enum log_format line_format = LOG_TEXT;
static bool colored;
static void (*hook_before)(void);
static void (*hook_after)(void);

static const struct {
    const char *word, *color;
} levels[] = {
    [LOG_ERROR] = {"error", "\033[31m"}, [LOG_WARN] = {"warning", "\033[33m"},
    [LOG_INFO] = {"info", ""},           [LOG_DEBUG] = {"debug", "\033[36m"},
    [LOG_TRACE] = {"trace", "\033[2m"},
};

void log_set_level(enum log_level level)
{
    threshold = level;
}

enum log_level log_level(void)
{
    return threshold;
}

void log_set_format(enum log_format format)
{
    line_format = format;
}

void log_set_color(bool on)
{
    colored = on;
}

void log_set_hooks(void (*before)(void), void (*after)(void))
{
    hook_before = before;
    hook_after = after;
}

static void print_text(enum log_level level, const char *text)
{
    const char *color = colored ? levels[level].color : "";
    const char *reset = *color ? "\033[0m" : "";
    if (level == LOG_INFO)
        fprintf(stderr, "%s\n", text);
    else
        fprintf(stderr, "%s%s%s: %s\n", color, levels[level].word, reset, text);
}

/* The text is escaped already: only quotes and backslashes are left to do. */
static void print_json(enum log_level level, const char *text)
{
    char stamp[32];
    clock_iso8601(clock_wall_s(), stamp, sizeof(stamp));
    fprintf(stderr, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"", stamp, levels[level].word);
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fputc('\\', stderr);
        fputc(*p, stderr);
    }
    fputs("\"}\n", stderr);
}

void log_line(enum log_level level, const char *fmt, ...)
{
    if (level > threshold)
        return;
    va_list args;
    va_start(args, fmt);
    _cleanup_free_ char *raw = xvasprintf(fmt, args);
    va_end(args);
    size_t size = 4 * strlen(raw) + 1;
    _cleanup_free_ char *text = xmalloc(size);
    str_escape(raw, text, size);
    if (hook_before)
        hook_before();
    if (line_format == LOG_JSON)
        print_json(level, text);
    else
        print_text(level, text);
    fflush(stderr);
    if (hook_after)
        hook_after();
}
