/* SPDX-License-Identifier: Apache-2.0 */
/* The table of services that drivers get. Its parts, by subject; host.c puts them together. */
#pragma once

#include "driver/object.h"

extern const struct ocync_host host_table;

/* host_text.c */
char *host_base64_encode(struct ocync_object *object, const void *data, size_t len);
char *host_base64url_encode(struct ocync_object *object, const void *data, size_t len);
char *host_base64_decode(struct ocync_object *object, const char *text, size_t *ret_len);
char *host_hex_encode(struct ocync_object *object, const void *data, size_t len);
char *host_url_encode(struct ocync_object *object, const char *text);
char *host_form_encode(struct ocync_object *object, const char *const *pairs);
char *host_url_add_query(struct ocync_object *object, const char *url, const char *query);

/* host_crypto.c */
void host_sha256(struct ocync_object *object, const void *data, size_t len, uint8_t out[32]);
void host_hmac_sha256(struct ocync_object *object, const void *key, size_t key_len,
                      const void *data, size_t len, uint8_t out[32]);
uint8_t *host_rs256_sign(struct ocync_object *object, const char *pem, const void *data, size_t len,
                         size_t *ret_len);

/* host_json.c */
const struct ocync_json *host_json_parse(struct ocync_object *object, const char *text, size_t len);
uint32_t host_json_type(const struct ocync_json *value);
const struct ocync_json *host_json_member(const struct ocync_json *object, const char *key);
const struct ocync_json *host_json_item(const struct ocync_json *array, size_t index);
size_t host_json_count(const struct ocync_json *value);
const char *host_json_key(const struct ocync_json *object, size_t index);
const char *host_json_string(const struct ocync_json *value);
int64_t host_json_int(const struct ocync_json *value, int64_t otherwise);
double host_json_number(const struct ocync_json *value, double otherwise);
int host_json_bool(const struct ocync_json *value, int otherwise);

/* host_json_writer.c */
struct ocync_json_writer *host_json_new(struct ocync_object *object);
void host_json_open_object(struct ocync_json_writer *writer, const char *key);
void host_json_open_array(struct ocync_json_writer *writer, const char *key);
void host_json_close(struct ocync_json_writer *writer);
void host_json_put_string(struct ocync_json_writer *writer, const char *key, const char *value);
void host_json_put_int(struct ocync_json_writer *writer, const char *key, int64_t value);
void host_json_put_bool(struct ocync_json_writer *writer, const char *key, int value);
const char *host_json_text(struct ocync_json_writer *writer);
