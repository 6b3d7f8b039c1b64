/* SPDX-License-Identifier: Apache-2.0 */
#include "net/signals.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct signals {
    struct watch watch;
    struct loop *loop;
    void (*arrived)(void *arg, int number);
    void *arg;
};

static void ready(struct watch *watch, short events)
{
    struct signals *s = container_of(watch, struct signals, watch);
    struct signalfd_siginfo info;
    (void)events;
    if (read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        s->arrived(s->arg, (int)info.ssi_signo);
}

struct signals *signals_new(struct loop *loop, void (*arrived)(void *arg, int number), void *arg)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct signals *s = xcalloc(1, sizeof(*s));
    s->loop = loop;
    s->arrived = arrived;
    s->arg = arg;
    s->watch = (struct watch){
        .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN, .ready = ready};
    watch_add(loop, &s->watch);
    return s;
}

void signals_free(struct signals *s)
{
    if (!s)
        return;
    watch_remove(s->loop, &s->watch);
    close(s->watch.fd);
    free(s);
}
