/* SPDX-License-Identifier: Apache-2.0 */
/* The wire log. */
#include "wirelog.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

void wirelog_init(struct wirelog *log, const char *file)
{
    *log = (struct wirelog){.fd = -1};
    if (file == NULL)
        return;
    log->fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (log->fd < 0)
        die("%s: cannot write the log", file);
}

void wirelog_done(struct wirelog *log)
{
    if (log->fd >= 0)
        close(log->fd);
    buf_done(&log->lines);
}

void wirelog_clear(struct wirelog *log)
{
    buf_done(&log->lines);
}

void wirelog_add(struct wirelog *log, json_t *entry)
{
    CLEANUP(freep) char *text = json_dumps(entry, JSON_COMPACT);
    CLEANUP(freep) char *line = xasprintf("%s\n", text);

    buf_puts(&log->lines, line);
    if (log->fd >= 0 && write(log->fd, line, strlen(line)) < 0)
        die("cannot write the log");
    json_decref(entry);
}
