/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/event.h"

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {
        [OUTCOME_NONE] = "none",       [OUTCOME_COPIED] = "copied",
        [OUTCOME_MOUNTED] = "mounted", [OUTCOME_PRESENT] = "present",
        [OUTCOME_SKIPPED] = "skipped", [OUTCOME_PLANNED] = "planned",
        [OUTCOME_FAILED] = "failed",   [OUTCOME_INTERRUPTED] = "interrupted",
    };
    return names[outcome];
}
