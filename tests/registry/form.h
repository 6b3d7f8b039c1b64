/* SPDX-License-Identifier: Apache-2.0 */
/* application/x-www-form-urlencoded */
#ifndef REGISTRY_FORM_H
#define REGISTRY_FORM_H

/* The decoded value of the first field of this name, which the caller frees; NULL if none. */
char *form_value(const char *form, const char *name);

#endif
