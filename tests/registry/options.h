/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#ifndef REGISTRY_OPTIONS_H
#define REGISTRY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { OPTIONS_MAX_LISTENERS = 8 };

struct options {
    struct {
        const char *where; /* ADDR:PORT */
        bool plain;        /* no TLS even if there is a certificate */
    } listen[OPTIONS_MAX_LISTENERS];
    size_t listen_count;
    const char *port_file;
    const char *tls_cert;
    const char *tls_key;
    const char *script;
    const char *log_file;
    const char *realm;
    const char *token_secret;
    const char *storage; /* where temporary files are made */
};

/* Ends the program after --help and after a mistake. */
void options_parse(struct options *options, int argc, char **argv);

#endif
