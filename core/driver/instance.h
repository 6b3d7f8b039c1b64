/* SPDX-License-Identifier: Apache-2.0 */
/* A driver opened for one registry: what this floor's other files see of it. */
#pragma once

#include "driver/object.h"

struct driver_instance {
    const struct driver *driver;
    struct object_shared shared;
    struct ocync_object *object; /* from `open` to `close` */
    void *self;
    bool is_open;
    struct ocync_profile profile; /* checked, defaults filled in */
    size_t n_flows;               /* running now */
};

/* Opens a loaded driver. Settings are checked against its options. */
int driver_instance_new(const struct driver *driver, const struct driver_request *request,
                        struct driver_instance **ret_instance, struct error *err);
