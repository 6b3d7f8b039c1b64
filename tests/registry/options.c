/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "util.h"

static const char usage[] =
    "Usage: ocync-scripted-registry [OPTION]...\n"
    "A registry for tests, which behaves, and fails, as a script says. See README.md.\n"
    "\n"
    "  --listen ADDR:PORT        where to listen (default 127.0.0.1:0); may be repeated;\n"
    "                            port 0 lets the kernel choose\n"
    "  --listen-plain ADDR:PORT  the same, without TLS even if there is a certificate\n"
    "  --port-file FILE          write the ports here, one a line, once they are open\n"
    "  --tls-cert FILE           certificate chain (PEM)\n"
    "  --tls-key FILE            its key (PEM)\n"
    "  --script FILE             switches, users, seed and faults (JSON)\n"
    "  --log FILE                append the wire log here, too\n"
    "  --realm URL               the token service (default: /token of the same listener)\n"
    "  --token-secret TEXT       shared by instances which accept each other's tokens\n"
    "  --storage DIR             place for temporary files (default $TMPDIR or /tmp)\n"
    "  --help                    this text\n";

enum option_id {
    OPTION_LISTEN = 1,
    OPTION_LISTEN_PLAIN,
    OPTION_PORT_FILE,
    OPTION_TLS_CERT,
    OPTION_TLS_KEY,
    OPTION_SCRIPT,
    OPTION_LOG,
    OPTION_REALM,
    OPTION_TOKEN_SECRET,
    OPTION_STORAGE,
    OPTION_HELP,
};

static const struct option table[] = {
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"listen-plain", required_argument, NULL, OPTION_LISTEN_PLAIN},
    {"port-file", required_argument, NULL, OPTION_PORT_FILE},
    {"tls-cert", required_argument, NULL, OPTION_TLS_CERT},
    {"tls-key", required_argument, NULL, OPTION_TLS_KEY},
    {"script", required_argument, NULL, OPTION_SCRIPT},
    {"log", required_argument, NULL, OPTION_LOG},
    {"realm", required_argument, NULL, OPTION_REALM},
    {"token-secret", required_argument, NULL, OPTION_TOKEN_SECRET},
    {"storage", required_argument, NULL, OPTION_STORAGE},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static void add_listener(struct options *options, const char *where, bool plain)
{
    if (options->listen_count == OPTIONS_MAX_LISTENERS)
        die("too many listeners");
    options->listen[options->listen_count].where = where;
    options->listen[options->listen_count++].plain = plain;
}

static const char **text_of(struct options *options, int id)
{
    switch (id) {
    case OPTION_PORT_FILE:
        return &options->port_file;
    case OPTION_TLS_CERT:
        return &options->tls_cert;
    case OPTION_TLS_KEY:
        return &options->tls_key;
    case OPTION_SCRIPT:
        return &options->script;
    case OPTION_LOG:
        return &options->log_file;
    case OPTION_REALM:
        return &options->realm;
    case OPTION_TOKEN_SECRET:
        return &options->token_secret;
    case OPTION_STORAGE:
        return &options->storage;
    default:
        return NULL;
    }
}

static void take(struct options *options, int id, const char *value)
{
    const char **text = text_of(options, id);

    if (text != NULL) {
        *text = value;
    } else if (id == OPTION_LISTEN || id == OPTION_LISTEN_PLAIN) {
        add_listener(options, value, id == OPTION_LISTEN_PLAIN);
    } else if (id == OPTION_HELP) {
        fputs(usage, stdout);
        exit(0);
    } else {
        die("see --help");
    }
}

void options_parse(struct options *options, int argc, char **argv)
{
    int id;

    *options = (struct options){.storage = getenv("TMPDIR")};
    while ((id = getopt_long(argc, argv, "", table, NULL)) != -1)
        take(options, id, optarg);
    if (optind < argc)
        die("%s: no such argument, see --help", argv[optind]);
    if (options->listen_count == 0)
        add_listener(options, "127.0.0.1:0", false);
    if (options->storage == NULL)
        options->storage = "/tmp";
    if ((options->tls_cert == NULL) != (options->tls_key == NULL))
        die("--tls-cert and --tls-key belong together");
}
