/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the parts, serves until SIGTERM or SIGINT, and takes them down again. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "registry.h"
#include "router.h"
#include "script.h"
#include "server.h"
#include "util.h"

/* Every blob and every connection is a file descriptor. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int watch_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void open_listeners(struct rawfront *front, const struct options *options)
{
    if (options->tls_cert != NULL) {
        front->tls = stream_tls_context(options->tls_cert, options->tls_key);
        if (front->tls == NULL)
            die("%s: no certificate, or not the key for it", options->tls_cert);
    }
    front->listeners = xcalloc(options->listen_count, sizeof(*front->listeners));
    front->listener_count = options->listen_count;
    for (size_t i = 0; i < options->listen_count; i++)
        listener_init(&front->listeners[i], options->listen[i].where,
                      front->tls != NULL && !options->listen[i].plain);
}

/* A reader sees no file or the whole file, so it can wait for it. */
static void write_port_file(const struct rawfront *front, const char *path)
{
    CLEANUP(freep) char *temporary = xasprintf("%s.tmp", path);
    FILE *file = fopen(temporary, "we");

    if (file == NULL)
        die("%s: cannot write", temporary);
    for (size_t i = 0; i < front->listener_count; i++)
        fprintf(file, "%d\n", front->listeners[i].port);
    if (fclose(file) != 0 || rename(temporary, path) != 0)
        die("%s: cannot write", path);
}

static void announce(const struct rawfront *front, const struct options *options)
{
    if (options->port_file != NULL)
        write_port_file(front, options->port_file);
    for (size_t i = 0; i < front->listener_count; i++) {
        CLEANUP(freep) char *url = listener_url(&front->listeners[i]);

        puts(url);
    }
    fflush(stdout);
}

static void registry_init(struct registry *registry, const struct options *options)
{
    registry->options = options;
    switches_init(&registry->switches);
    store_init(&registry->store, options->storage);
    ticket_key_init(&registry->key, options->token_secret);
    map_init(&registry->token_uses, free);
    wirelog_init(&registry->log, options->log_file);
    router_init();
    if (options->script != NULL)
        script_load_file(registry, options->script);
}

static void registry_done(struct registry *registry)
{
    rawfront_done(&registry->front);
    router_done();
    wirelog_done(&registry->log);
    map_done(&registry->token_uses);
    ticket_key_done(&registry->key);
    store_done(&registry->store);
    fault_list_done(&registry->faults);
    users_done(&registry->users);
    switches_done(&registry->switches);
}

int main(int argc, char **argv)
{
    struct options options;
    struct registry registry = {0};
    struct rawfront *front = &registry.front;

    options_parse(&options, argc, argv);
    raise_file_limit();
    front->signal_fd = watch_signals();
    registry_init(&registry, &options);
    open_listeners(front, &options);
    front->on_accept = server_on_accept;
    front->cls = &registry;
    front->daemon = server_start(&registry);
    if (front->daemon == NULL)
        die("libmicrohttpd does not start");
    announce(front, &options);
    rawfront_run(front);
    MHD_stop_daemon(front->daemon);
    registry_done(&registry);
    close(front->signal_fd);
    return 0;
}
