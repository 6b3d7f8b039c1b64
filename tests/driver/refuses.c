/* SPDX-License-Identifier: Apache-2.0 */
/* Declines to be opened, with a reason. */
#include "small.h"

static int refuses_open(const struct ocync_host *host, struct ocync_object *object,
                        struct ocync_profile *profile, void **ret_self)
{
    (void)profile, (void)ret_self;
    return host->error(object, OCYNC_ERR_OPTION, "%s needs a region", host->hostname(object));
}

static void never(void *self, struct ocync_object *object)
{
    (void)self, (void)object;
    abort();
}

static const struct ocync_driver refuses = {SMALL_DRIVER("refuses", "refuses.example"),
                                            .open = refuses_open, .close = never};

OCYNC_DRIVER(refuses, "refuses", "1.0", "refuses.example");
