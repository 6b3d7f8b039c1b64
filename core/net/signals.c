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
    sigset_t set;
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
    struct signals *s = xcalloc(1, sizeof(*s));
    sigemptyset(&s->set);
    sigaddset(&s->set, SIGINT);
    sigaddset(&s->set, SIGTERM);
    sigprocmask(SIG_BLOCK, &s->set, NULL);
    s->loop = loop;
    s->arrived = arrived;
    s->arg = arg;
    s->watch = (struct watch){
        .fd = signalfd(-1, &s->set, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN, .ready = ready};
    watch_add(loop, &s->watch);
    return s;
}

void signals_free(struct signals *s)
{
    if (!s)
        return;
    watch_remove(s->loop, &s->watch);
    close(s->watch.fd);
    /* Nobody listens any more: from now on a signal ends the process. */
    sigprocmask(SIG_UNBLOCK, &s->set, NULL);
    free(s);
}
