/* SPDX-License-Identifier: Apache-2.0 */
/* How this registry behaves where registries differ. README.md says what each switch imitates. */
#ifndef REGISTRY_SWITCHES_H
#define REGISTRY_SWITCHES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* The first value of an enum is its default, unless switches.c says otherwise. */
enum auth_mode { AUTH_NONE, AUTH_BASIC, AUTH_BEARER, AUTH_BOTH };
enum challenge_form {
    CHALLENGE_PLAIN,
    CHALLENGE_ODD_CASE,
    CHALLENGE_UNQUOTED,
    CHALLENGE_MULTIPLE,
    CHALLENGE_NO_SCOPE,
    CHALLENGE_EMPTY_SCOPE,
};
enum bearer_expired {
    EXPIRED_401_INVALID_TOKEN,
    EXPIRED_400,
    EXPIRED_403_TEXT,
    EXPIRED_401_BASIC,
};
enum denied { DENIED_401_INSUFFICIENT_SCOPE, DENIED_403, DENIED_404 };
enum token_field { TOKEN_BOTH, TOKEN_TOKEN, TOKEN_ACCESS_TOKEN, TOKEN_BOTH_DIFFERENT };
enum token_issued_at { ISSUED_ABSENT, ISSUED_NOW, ISSUED_PAST, ISSUED_FUTURE };
enum token_post { TOKEN_POST_OK, TOKEN_POST_404, TOKEN_POST_401, TOKEN_POST_405, TOKEN_POST_400 };
enum bad_credentials { BAD_401, BAD_403, BAD_400, BAD_GRANT_NOTHING };
enum token_anonymous { ANONYMOUS_GRANT, ANONYMOUS_401, ANONYMOUS_403 };
enum extra_scopes { EXTRA_DROP, EXTRA_REFUSE };
enum missing_repo { MISSING_404_NAME, MISSING_404_MANIFEST, MISSING_401, MISSING_403 };
enum create_mode { CREATE_AUTO, CREATE_MUST_EXIST };
enum blob_redirect { REDIRECT_NONE, REDIRECT_SAME_HOST, REDIRECT_OTHER_HOST };
enum range_mode { RANGE_HONOUR, RANGE_IGNORE, RANGE_416_FULL_LENGTH };
enum upload_location {
    LOCATION_ABSOLUTE,
    LOCATION_RELATIVE,
    LOCATION_OTHER_HOST,
    LOCATION_HTTP,
    LOCATION_LONG,
};
enum upload_state { STATE_CHECK, STATE_CHECK_WRITES, STATE_NONE };
enum upload_stale { STALE_404, STALE_416 };
enum upload_range {
    UPLOAD_RANGE_PLAIN,
    UPLOAD_RANGE_BYTES,
    UPLOAD_RANGE_ABSENT,
    UPLOAD_RANGE_STUCK,
    UPLOAD_RANGE_LAST_CHUNK
};
enum content_range { CONTENT_RANGE_ENFORCE, CONTENT_RANGE_IGNORE, CONTENT_RANGE_OVERWRITE };
enum patch_status { PATCH_202, PATCH_201, PATCH_204 };
enum single_post { SINGLE_POST_ACCEPT, SINGLE_POST_IGNORE };
enum upload_resume { RESUME_KEEP, RESUME_LOSE };
enum upload_cancel { CANCEL_204, CANCEL_202, CANCEL_405 };
enum empty_put { EMPTY_PUT_OK, EMPTY_PUT_500 };
enum mount_mode { MOUNT_201, MOUNT_202, MOUNT_IF_REFERENCED, MOUNT_405, MOUNT_401 };
enum mount_without_from { ANYWHERE_NO, ANYWHERE_YES };
enum mount_source_auth { SOURCE_AUTH_401, SOURCE_AUTH_202 };
enum missing_blob { MISSING_BLOB_400, MISSING_BLOB_404, MISSING_BLOB_ACCEPT };
enum too_large { TOO_LARGE_413, TOO_LARGE_400 };
enum accept_mode { ACCEPT_LENIENT, ACCEPT_STRICT, ACCEPT_IGNORE };
enum delete_mode { DELETE_202, DELETE_405, DELETE_400 };
enum immutable_tags {
    IMMUTABLE_NONE,
    IMMUTABLE_400_TAG_INVALID,
    IMMUTABLE_403_DENIED,
    IMMUTABLE_409_TAG_IMMUTABLE,
    IMMUTABLE_412_PRECONDITION,
    IMMUTABLE_403_MANIFEST_INVALID,
};
enum fallback_tag { FALLBACK_NORMAL, FALLBACK_ALIAS };
enum referrers_mode {
    REFERRERS_API,
    REFERRERS_404,
    REFERRERS_LYING,
    REFERRERS_HTML,
    REFERRERS_400_UNKNOWN,
};
enum tags_n { TAGS_N_HONOUR, TAGS_N_IGNORE, TAGS_N_CAP };
enum tags_link { LINK_RELATIVE, LINK_ABSOLUTE, LINK_OTHER_HOST, LINK_NONE, LINK_LOOP };
enum tags_list { TAGS_NORMAL, TAGS_NULL, TAGS_MISSING, TAGS_DIRTY, TAGS_UNSORTED };

struct switches {
    /* authentication */
    int auth;
    int challenge_form;
    char *challenge;
    char *realm;
    char *service;
    bool check_service;
    bool v2_open;
    int bearer_expired;
    int denied;
    /* the token service */
    int token_field;
    json_t *token_expires_in;
    int token_issued_at;
    int64_t token_lifetime;
    int64_t token_max_uses;
    int64_t token_length;
    int token_post;
    int token_bad_credentials;
    int token_anonymous;
    int64_t token_max_scopes;
    int token_extra_scopes;
    /* repositories */
    int create;
    int missing_repo;
    /* blobs */
    int blob_redirect;
    char *blob_redirect_base;
    int64_t blob_redirect_status;
    bool blob_redirect_head;
    int64_t blob_redirect_lifetime;
    int range;
    int delete_blob;
    /* uploads */
    int upload_location;
    char *upload_location_base;
    int upload_state;
    int upload_stale;
    int upload_range;
    int content_range;
    int patch_status;
    int single_post;
    int upload_resume;
    int upload_cancel;
    int upload_empty_put;
    bool upload_needs_length;
    int64_t upload_min_chunk;
    int64_t upload_max_chunk;
    int64_t upload_max_put;
    int64_t upload_max_patch;
    /* mounts */
    int mount;
    int mount_without_from;
    int mount_source_auth;
    bool mount_self;
    /* manifests */
    int manifest_missing_blob;
    bool manifest_validate;
    bool manifest_needs_media_type;
    bool manifest_refuse_docker;
    int64_t manifest_max_size;
    int manifest_too_large;
    int manifest_accept;
    bool manifest_tag_param;
    int delete_manifest;
    int delete_tag;
    int immutable_tags;
    bool immutable_same_digest;
    int fallback_tag;
    /* referrers */
    int referrers;
    bool referrers_filter;
    int64_t referrers_page;
    /* tag lists */
    int tags_n;
    int64_t tags_cap;
    int tags_link;
    int tags_list;
    /* a budget of manifest GETs */
    int64_t rate_limit;
    int64_t rate_window_ms;
};

void switches_init(struct switches *switches);
void switches_done(struct switches *switches);
/* False and a text for the caller to free when a switch or its value is unknown. */
bool switches_apply(struct switches *switches, json_t *object, char **ret_error);
json_t *switches_dump(const struct switches *switches);

#endif
