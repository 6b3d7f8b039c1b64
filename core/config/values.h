/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of values: pure. Each returns 0, or ERR_CONFIG with what was expected. */
#pragma once

#include "base/error.h"

int value_bool(const char *text, bool *ret, struct error *err);
int value_number(const char *text, int64_t min, int64_t max, int64_t *ret, struct error *err);
/* Milliseconds. */
int value_duration(const char *text, int64_t min, int64_t *ret, struct error *err);
/* Bytes: 0, or a whole number with B, kB, MB, GB, TB (1000) or KiB, MiB, GiB, TiB (1024). */
int value_size(const char *text, int64_t *ret, struct error *err);
int value_word(const char *text, const char *const *words, int *ret, struct error *err);

/* Checks only. */
int value_check_host(const char *text, struct error *err);
/* A host, also with a scheme before it. */
int value_check_url(const char *text, struct error *err);
int value_check_repository(const char *text, struct error *err);
int value_check_platform(const char *text, struct error *err);
int value_check_name(const char *text, struct error *err);
int value_check_artifact_type(const char *text, struct error *err);

/* "https://Host:5000/" -> "host:5000"; free it. */
char *value_host_of_url(const char *text);
