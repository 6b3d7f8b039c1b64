/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sync did: a line for each item that changed or failed, a summary at the end, and one JSON
 * document as conf/sync-report.schema.json says. Unchanged items take little memory, as there may
 * be many.
 */
#pragma once

#include "pipeline/sync.h"

struct sync_report_options {
    bool quiet; /* no lines for people on standard output */
    bool json;  /* keep what the document needs */
    bool dry_run;
    bool verbose; /* say of every tag that is left out why */
};

struct sync_report;
struct sync_report *sync_report_new(const struct sync_report_options *options);
void sync_report_free(struct sync_report *report); /* NULL is fine */

void sync_report_result(struct sync_report *report, const struct sync_result *result);
void sync_report_mapping(struct sync_report *report, const struct sync_mapping_result *result);
void sync_report_filtered(struct sync_report *report, size_t mapping,
                          const struct selected_tag *tag);

/* The end: the summary, and the document. */
void sync_report_print(struct sync_report *report, int64_t duration_ms, int64_t request_retries);
/* By the classes of what failed; signals are the caller's. */
int sync_report_n_failed(const struct sync_report *report);
/* Every failure was one of this class or of `other`. */
bool sync_report_only_failed_with(const struct sync_report *report, enum error_class class,
                                  enum error_class other);
bool sync_report_any_failed_with(const struct sync_report *report, enum error_class class);
bool sync_report_any_succeeded(const struct sync_report *report);
