/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/object.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define SECRETS_MAX 64

static int64_t real_now_ms(void *arg)
{
    (void)arg;
    return clock_ms();
}

static int64_t real_wall_clock_s(void *arg)
{
    (void)arg;
    return clock_wall_s();
}

static uint32_t real_random(void *arg)
{
    (void)arg;
    return (uint32_t)(clock_random() * 4294967296.0);
}

void object_shared_init(struct object_shared *shared, const struct driver *driver,
                        const struct driver_request *request)
{
    *shared = (struct object_shared){
        .driver = driver,
        .host = xstrdup(request->host),
        .services = {.now_ms = real_now_ms,
                     .wall_clock_s = real_wall_clock_s,
                     .random = real_random},
    };
    if (request->services)
        shared->services = *request->services;
    for (size_t i = 0; i < request->n_settings; i++) {
        const struct driver_setting *from = &request->settings[i];
        vec_add(&shared->settings,
                (struct driver_setting){xstrdup(from->key), xstrdup(from->value)});
    }
}

static void settings_done(struct object_shared *shared)
{
    for (size_t i = 0; i < shared->settings.len; i++) {
        union {
            const char *given;
            char *own;
        } key = {shared->settings.items[i].key}, value = {shared->settings.items[i].value};
        free(key.own);
        secret_wipe_str(value.own);
    }
    vec_done(&shared->settings);
}

static void forget_secret(struct object_shared *shared, size_t index)
{
    free(shared->secrets.items[index].key);
    secret_free(shared->secrets.items[index].value);
    vec_remove(&shared->secrets, index);
}

void object_shared_done(struct object_shared *shared)
{
    while (shared->secrets.len > 0)
        forget_secret(shared, shared->secrets.len - 1);
    vec_done(&shared->secrets);
    settings_done(shared);
    free(shared->host);
}

static void forget_expired(struct object_shared *shared)
{
    int64_t now = shared->services.now_ms(shared->services.arg);
    for (size_t i = shared->secrets.len; i > 0; i--) {
        if (shared->secrets.items[i - 1].expires_ms <= now)
            forget_secret(shared, i - 1);
    }
}

static struct kept_secret *find_secret(struct object_shared *shared, const char *key)
{
    for (size_t i = 0; i < shared->secrets.len; i++) {
        if (str_eq(shared->secrets.items[i].key, key))
            return &shared->secrets.items[i];
    }
    return NULL;
}

const char *secrets_get(struct object_shared *shared, const char *key)
{
    forget_expired(shared);
    const struct kept_secret *kept = find_secret(shared, key);
    return kept ? secret_reveal(kept->value) : NULL;
}

void secrets_put(struct object_shared *shared, const char *key, const char *value,
                 int64_t lifetime_ms)
{
    forget_expired(shared);
    struct kept_secret *old = find_secret(shared, key);
    if (old)
        forget_secret(shared, (size_t)(old - shared->secrets.items));
    if (!value || lifetime_ms <= 0)
        return;
    if (shared->secrets.len == SECRETS_MAX)
        forget_secret(shared, 0);
    int64_t now = shared->services.now_ms(shared->services.arg);
    int64_t expires = lifetime_ms > INT64_MAX - now ? INT64_MAX : now + lifetime_ms;
    vec_add(&shared->secrets, (struct kept_secret){xstrdup(key), secret_new(value), expires});
}

struct ocync_object *object_new(struct object_shared *shared)
{
    struct ocync_object *object = xcalloc(1, sizeof(*object));
    object->shared = shared;
    object->arena = arena_new();
    return object;
}

void object_free(struct ocync_object *object)
{
    if (!object)
        return;
    for (size_t i = 0; i < object->documents.len; i++)
        json_decref(object->documents.items[i]);
    for (size_t i = 0; i < object->pieces.len; i++)
        explicit_bzero(object->pieces.items[i].data, object->pieces.items[i].size);
    vec_done(&object->documents);
    vec_done(&object->pieces);
    arena_free(object->arena);
    free(object);
}

void *object_alloc(struct ocync_object *object, size_t size)
{
    void *data = arena_alloc(object->arena, size);
    vec_add(&object->pieces, (struct object_piece){data, size});
    return data;
}

char *object_strdup(struct ocync_object *object, const char *s)
{
    if (!s)
        return NULL;
    char *copy = object_alloc(object, strlen(s) + 1);
    memcpy(copy, s, strlen(s) + 1);
    return copy;
}

char *object_vprintf(struct ocync_object *object, const char *fmt, va_list args)
{
    char *raw = xvasprintf(fmt, args);
    char *text = object_strdup(object, raw);
    secret_wipe_str(raw);
    return text;
}

static const struct {
    int32_t abi;
    enum error_class ours;
} classes[] = {
    {OCYNC_OK, ERR_NONE},
    {OCYNC_ERR_INTERNAL, ERR_INTERNAL},
    {OCYNC_ERR_AUTH, ERR_AUTH},
    {OCYNC_ERR_DENIED, ERR_DENIED},
    {OCYNC_ERR_NOT_FOUND, ERR_NOT_FOUND},
    {OCYNC_ERR_THROTTLED, ERR_THROTTLED},
    {OCYNC_ERR_TRANSIENT, ERR_TRANSIENT},
    {OCYNC_ERR_PROTOCOL, ERR_PROTOCOL},
    {OCYNC_ERR_IMMUTABLE, ERR_IMMUTABLE},
    {OCYNC_ERR_MISSING_PART, ERR_MISSING_PART},
    {OCYNC_ERR_UNSUPPORTED, ERR_UNSUPPORTED},
    {OCYNC_ERR_OPTION, ERR_CONFIG},
    {OCYNC_ERR_NO_REPOSITORY, ERR_NOT_FOUND},
    {OCYNC_ERR_REFUSED, ERR_REFUSED},
};

enum error_class class_from_abi(int32_t error)
{
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
        if (classes[i].abi == error)
            return classes[i].ours;
    }
    return ERR_INTERNAL;
}

int32_t class_to_abi(int error)
{
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
        if ((int)classes[i].ours == error)
            return classes[i].abi;
    }
    return OCYNC_ERR_INTERNAL;
}

int object_failure(const struct ocync_object *object, const char *callback, int r,
                   struct error *err)
{
    const struct object_shared *shared = object->shared;
    const char *name = shared->driver->api.name;
    enum error_class class = class_from_abi(object->said_class ? object->said_class : r);
    if (object->said_text)
        return error_set(err, class, "%s: %s", shared->host, object->said_text);
    return error_set(err, class,
                     "%s: `%s` of driver %s failed (%d) and does not say why; report it to the "
                     "driver's author",
                     shared->host, callback, name, r);
}
