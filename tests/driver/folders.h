/* SPDX-License-Identifier: Apache-2.0 */
/* Plugin folders for one test, under /tmp, with copies of the small drivers. */
#pragma once

#include "driver/driver.h"

/* For cmocka: the folders "one", "two" and "default" come and go. */
int folders_set_up(void **state);
int folders_tear_down(void **state);

/* The path of a name below the folders' parent; free it. */
char *in_base(const char *name);
void put_file(const char *name, const void *data, size_t len);
/* Puts a copy of a built driver there; `name` has folder and file name. */
void put_driver(const char *driver, const char *name);

/* Bytes that drivers wrote when they were loaded, and when they were closed. */
size_t size_of_trace(void);
size_t size_of_closed(void);

/* A catalogue of the folders "one" and "two", and "default" as the default one. */
struct catalogue *look(void);
int open_host(const struct catalogue *catalogue, const char *host, const char *name,
              struct driver_instance **ret, struct error *err);
