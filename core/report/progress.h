/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a run is going, on stderr: on a terminal a bar for each blob in transfer and a total with
 * rate and time left; otherwise a line now and then.
 */
#pragma once

#include "net/loop.h"
#include "pipeline/event.h"

struct progress;

enum progress_mode { PROGRESS_OFF, PROGRESS_LIVE, PROGRESS_LINES };

struct progress *progress_new(struct loop *loop, enum progress_mode mode);
struct event_sink *progress_sink(struct progress *progress);
/* Takes the bars away. NULL is fine. */
void progress_free(struct progress *progress);
