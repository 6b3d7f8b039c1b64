/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims registry.example, which is nowhere, and sends it to API_HOST. With the environment
 * variable ELSEWHERE_LOADED set to a path, that file is written as soon as this is loaded.
 */
#include <ocync/driver.h>

#include <stdio.h>
#include <stdlib.h>

static const struct ocync_option options[] = {
    {.key = "endpoint", .default_value = API_HOST, .help = "The host that requests go to."},
};

static const struct ocync_profile profile = {
    .struct_size = sizeof(struct ocync_profile),
    .api_scheme = "http",
};

static int elsewhere_open(const struct ocync_host *host, struct ocync_object *object,
                          struct ocync_profile *ours, void **ret_self)
{
    (void)ret_self;
    ours->api_host = host->option(object, "endpoint");
    return 0;
}

__attribute__((constructor)) static void leave_a_trace(void)
{
    const char *path = getenv("ELSEWHERE_LOADED");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file)
        fclose(file);
}

static const struct ocync_driver elsewhere = {
    .magic = OCYNC_DRIVER_MAGIC,
    .abi_major = OCYNC_ABI_MAJOR,
    .abi_minor = OCYNC_ABI_MINOR,
    .struct_size = sizeof(struct ocync_driver),
    .option_size = sizeof(struct ocync_option),
    .name = "elsewhere",
    .version = "0.1",
    .hosts = "registry.example",
    .license = "Apache-2.0",
    .summary = "Sends registry.example to another endpoint",
    .options = options,
    .n_options = 1,
    .profile = &profile,
    .open = elsewhere_open,
};

OCYNC_DRIVER(elsewhere, "elsewhere", "0.1", "registry.example");
