/* SPDX-License-Identifier: Apache-2.0 */
/* Sends registry.example to another endpoint: the built-in one, or that of an option. */
#include "small.h"

#ifndef API_HOST
#define API_HOST "127.0.0.1:5000"
#endif

static const struct ocync_option options[] = {
    {.key = "api_host", .default_value = API_HOST, .help = "Where requests go."},
    {.key = "key", .secret = 1, .help = "A secret that is not used."},
};

static const struct ocync_profile profile = {
    .struct_size = sizeof(struct ocync_profile),
    .scopes_per_token = 99,
    .api_scheme = "http",
    .repository_prefix = "library/",
    .mount = 77,
};

static int good_open(const struct ocync_host *host, struct ocync_object *object,
                     struct ocync_profile *ours, void **ret_self)
{
    *ret_self = host->strdup(object, "self");
    ours->api_host = host->option(object, "api_host");
    return 0;
}

/* Keeps count of what is open in a way that a test can see. */
static void good_close(void *self, struct ocync_object *object)
{
    (void)object;
    const char *path = getenv("OCYNC_TEST_CLOSED");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fputs((const char *)self, file);
        fclose(file);
    }
}

static void good_classify(void *self, struct ocync_object *object,
                          const struct ocync_response *response, struct ocync_verdict *verdict)
{
    (void)self, (void)object;
    if (response->status == 418) {
        verdict->error = OCYNC_ERR_THROTTLED;
        verdict->sentence = "a teapot asks for time";
        verdict->retry_after_ms = 2500;
    } else if (response->status == 420) {
        verdict->error = OCYNC_ERR_NO_REPOSITORY;
        verdict->retry_after_ms = 5;
    } else if (response->status == 421) {
        verdict->sentence = "a sentence without a class";
    }
}

static const struct ocync_driver good = {
    SMALL_DRIVER("good", "registry.example *.registry.example"),
    .options = options,
    .n_options = 2,
    .profile = &profile,
    .open = good_open,
    .close = good_close,
    .classify = good_classify,
};

SMALL_CONSTRUCTOR;
OCYNC_DRIVER(good, "good", "1.0", "registry.example *.registry.example");
