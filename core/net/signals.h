/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM as events of the loop. */
#pragma once

#include "net/loop.h"

struct signals;

/* Blocks the signals for the process and calls `arrived` in the loop for each one. */
struct signals *signals_new(struct loop *loop, void (*arrived)(void *arg, int number), void *arg);
void signals_free(struct signals *signals);
