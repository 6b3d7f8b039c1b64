/* SPDX-License-Identifier: Apache-2.0 */
/* The functions behind the routes, by the file they live in. */
#ifndef REGISTRY_HANDLERS_H
#define REGISTRY_HANDLERS_H

#include "request.h"

/* blobs.c */
void blobs_get(struct request *request);
void blobs_delete(struct request *request);
/* Answers with a blob, whole or the range which the request asks for. */
void blobs_send(struct request *request, struct blob *blob, const char *digest);

/* links.c: storage behind redirects */
/* Whether the blob was answered by a redirect. */
bool links_redirect(struct request *request, const char *digest);
void links_get(struct request *request);

/* uploads.c */
void uploads_prepare_open(struct request *request);
void uploads_open(struct request *request);
void uploads_prepare_patch(struct request *request);
void uploads_patch(struct request *request);
void uploads_prepare_put(struct request *request);
void uploads_put(struct request *request);
void uploads_status(struct request *request);
void uploads_cancel(struct request *request);
/* 202 with the Location of a new upload session. */
void uploads_start(struct request *request);

/* upload-answers.c */
/* An answer with Location, Range and the like; gives the upload a new state. */
void uploads_answer(struct request *request, struct upload *upload, unsigned status);
/* The upload which the request names, if its state is the newest; else answers and returns NULL. */
struct upload *uploads_claim(struct request *request, bool is_write);

/* mounts.c */
/* Whether the request asked for a mount and was answered. */
bool mounts_try(struct request *request);

/* manifests.c */
void manifests_get(struct request *request);
void manifests_prepare_put(struct request *request);
void manifests_put(struct request *request);
void manifests_delete(struct request *request);

/* manifest-check.c */
/* NULL if the registry takes the manifest, else the answer which refuses it. */
struct reply *manifest_check(const struct switches *switches, const struct repo *repo,
                             const struct manifest *manifest);

/* tags.c */
void tags_list(struct request *request);

/* referrers.c */
void referrers_list(struct request *request);
/* Adds OCI-Subject if the manifest has a subject and this registry says so. */
void referrers_announce(struct request *request, const struct manifest *manifest);

/* token.c */
void token_get(struct request *request);
void token_prepare_post(struct request *request);
void token_post(struct request *request);

/* admin.c */
void admin_prepare(struct request *request);
void admin_script(struct request *request);
void admin_faults(struct request *request);
void admin_log(struct request *request);
void admin_state(struct request *request);
void admin_expire(struct request *request);

/* router.c */
void root_get(struct request *request);
/* The answer for a repository which does not exist. */
void answer_missing_repo(struct request *request);

#endif
