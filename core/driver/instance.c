/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/instance.h"

#include "base/str.h"
#include "driver/host.h"
#include "driver/options.h"
#include "driver/profile.h"
#include "driver/search.h"

#include <assert.h>
#include <stdlib.h>

#define RETRY_AFTER_MAX_MS ((int64_t)7 * 24 * 3600 * 1000)

static int open_driver(struct driver_instance *instance, struct error *err)
{
    const struct ocync_driver *api = &instance->driver->api;
    struct ocync_profile profile = instance->driver->profile;
    if (api->open) {
        int r = api->open(&host_table, instance->object, &profile, &instance->self);
        if (r)
            return object_failure(instance->object, "open", r, err);
    }
    instance->is_open = true;
    return profile_settle(&profile, instance->object, &instance->profile, err);
}

int driver_instance_new(const struct driver *driver, const struct driver_request *request,
                        struct driver_instance **ret_instance, struct error *err)
{
    const struct ocync_driver *api = &driver->api;
    int r = options_check(api->name, api->options, api->n_options, request->settings,
                          request->n_settings, err);
    if (r)
        return error_wrap(err, "%s", request->host);
    struct driver_instance *instance = xcalloc(1, sizeof(*instance));
    instance->driver = driver;
    object_shared_init(&instance->shared, driver, request);
    instance->object = object_new(&instance->shared);
    r = open_driver(instance, err);
    if (r) {
        driver_instance_free(instance);
        return r;
    }
    *ret_instance = instance;
    return 0;
}

void driver_instance_free(struct driver_instance *instance)
{
    if (!instance)
        return;
    assert(instance->n_flows == 0);
    if (instance->is_open && instance->driver->api.close)
        instance->driver->api.close(instance->self, instance->object);
    object_free(instance->object);
    object_shared_done(&instance->shared);
    free(instance);
}

static int no_driver(const struct catalogue *catalogue, const struct driver_request *request,
                     struct error *err)
{
    _cleanup_free_ char *folders = catalogue_folders(catalogue);
    const char *where = str_empty(folders) ? "there is no plugin folder" : folders;
    if (request->driver)
        return error_set(err, ERR_PLUGIN,
                         "%s: there is no driver named %s (looked in: %s); see `ocync plugin "
                         "list`, or name its folder with --plugin-dir",
                         request->host, request->driver, where);
    return error_set(err, ERR_PLUGIN,
                     "%s: no driver claims this registry (looked in: %s); generic-oci.so, which "
                     "claims all, is missing: install it or name its folder with --plugin-dir",
                     request->host, where);
}

int driver_for_host(const struct catalogue *catalogue, const struct driver_request *request,
                    struct driver_instance **ret_instance, struct error *err)
{
    struct plugin *plugin = request->driver ? catalogue_find(catalogue, request->driver)
                                            : catalogue_match(catalogue, request->host);
    if (!plugin)
        return no_driver(catalogue, request, err);
    const struct driver *driver = NULL;
    int r = driver_load(catalogue, plugin, &driver, err);
    return r ? r : driver_instance_new(driver, request, ret_instance, err);
}

const struct driver *driver_instance_driver(const struct driver_instance *instance)
{
    return instance->driver;
}

const char *driver_instance_host(const struct driver_instance *instance)
{
    return instance->shared.host;
}

const struct ocync_profile *driver_instance_profile(const struct driver_instance *instance)
{
    return &instance->profile;
}

static int64_t sound_pause(const struct ocync_verdict *verdict)
{
    if (verdict->error != OCYNC_ERR_THROTTLED || verdict->retry_after_ms < 0)
        return -1;
    return verdict->retry_after_ms < RETRY_AFTER_MAX_MS ? verdict->retry_after_ms
                                                        : RETRY_AFTER_MAX_MS;
}

int driver_instance_classify(struct driver_instance *instance,
                             const struct ocync_response *response, struct error *err)
{
    if (!instance->driver->api.classify)
        return 0;
    struct ocync_response answer = *response;
    answer.struct_size = sizeof(answer);
    struct ocync_verdict verdict = {.struct_size = sizeof(verdict), .retry_after_ms = -1};
    struct ocync_object *object = object_new(&instance->shared);
    instance->driver->api.classify(instance->self, object, &answer, &verdict);
    int class = class_from_abi(verdict.error);
    if (class) {
        error_set(err, class, "%s", verdict.sentence ? verdict.sentence : "");
        if (err) {
            err->http_status = response->status;
            err->retry_after_ms = sound_pause(&verdict);
        }
    }
    object_free(object);
    return class;
}
