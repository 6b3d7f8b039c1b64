/* SPDX-License-Identifier: Apache-2.0 */
/* Names for runs and items in reports. */
#pragma once

#define UUID_TEXT 37

/* RFC 9562, version 7: sortable by time. */
void uuid_make(char out[UUID_TEXT]);
