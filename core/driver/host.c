/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/host.h"

#include "base/log.h"
#include "driver/options.h"

static char *host_printf(struct ocync_object *object, const char *fmt, ...) _printf_(2, 3);
static void host_log(struct ocync_object *object, uint32_t level, const char *fmt, ...)
    _printf_(3, 4);
static int host_error(struct ocync_object *object, int error, const char *fmt, ...) _printf_(3, 4);

static char *host_printf(struct ocync_object *object, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = object_vprintf(object, fmt, args);
    va_end(args);
    return text;
}

static enum log_level log_level_of(uint32_t level)
{
    switch (level) {
    case OCYNC_LOG_ERROR:
        return LOG_ERROR;
    case OCYNC_LOG_WARNING:
        return LOG_WARN;
    case OCYNC_LOG_INFO:
        return LOG_INFO;
    default:
        return LOG_DEBUG;
    }
}

static void host_log(struct ocync_object *object, uint32_t level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = object_vprintf(object, fmt, args);
    va_end(args);
    log_line(log_level_of(level), "driver %s: %s: %s", object->shared->driver->api.name,
             object->shared->host, text);
}

static int host_error(struct ocync_object *object, int error, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    object->said_text = object_vprintf(object, fmt, args);
    va_end(args);
    object->said_class = error ? error : OCYNC_ERR_INTERNAL;
    return object->said_class;
}

static const char *host_option(struct ocync_object *object, const char *key)
{
    const struct object_shared *shared = object->shared;
    return options_value(shared->driver->api.options, shared->driver->api.n_options,
                         shared->settings.items, shared->settings.len, key);
}

static const char *host_hostname(struct ocync_object *object)
{
    return object->shared->host;
}

static int64_t host_now_ms(struct ocync_object *object)
{
    return object->shared->services.now_ms(object->shared->services.arg);
}

static int64_t host_wall_clock_s(struct ocync_object *object)
{
    return object->shared->services.wall_clock_s(object->shared->services.arg);
}

static uint32_t host_random(struct ocync_object *object)
{
    return object->shared->services.random(object->shared->services.arg);
}

/* A copy: the store may drop its own while the driver still looks at it. */
static const char *host_secret_get(struct ocync_object *object, const char *key)
{
    return object_strdup(object, secrets_get(object->shared, key));
}

static void host_secret_put(struct ocync_object *object, const char *key, const char *value,
                            int64_t lifetime_ms)
{
    secrets_put(object->shared, key, value, lifetime_ms);
}

const struct ocync_host host_table = {
    .struct_size = sizeof(struct ocync_host),
    .abi_major = OCYNC_ABI_MAJOR,
    .abi_minor = OCYNC_ABI_MINOR,
    .alloc = object_alloc,
    .strdup = object_strdup,
    .printf = host_printf,
    .log = host_log,
    .error = host_error,
    .option = host_option,
    .hostname = host_hostname,
    .now_ms = host_now_ms,
    .wall_clock_s = host_wall_clock_s,
    .random = host_random,
    .base64_encode = host_base64_encode,
    .base64url_encode = host_base64url_encode,
    .base64_decode = host_base64_decode,
    .hex_encode = host_hex_encode,
    .url_encode = host_url_encode,
    .form_encode = host_form_encode,
    .url_add_query = host_url_add_query,
    .sha256 = host_sha256,
    .hmac_sha256 = host_hmac_sha256,
    .rs256_sign = host_rs256_sign,
    .json_parse = host_json_parse,
    .json_type = host_json_type,
    .json_member = host_json_member,
    .json_item = host_json_item,
    .json_count = host_json_count,
    .json_key = host_json_key,
    .json_string = host_json_string,
    .json_int = host_json_int,
    .json_number = host_json_number,
    .json_bool = host_json_bool,
    .json_new = host_json_new,
    .json_open_object = host_json_open_object,
    .json_open_array = host_json_open_array,
    .json_close = host_json_close,
    .json_put_string = host_json_put_string,
    .json_put_int = host_json_put_int,
    .json_put_bool = host_json_put_bool,
    .json_text = host_json_text,
    .secret_get = host_secret_get,
    .secret_put = host_secret_put,
};
