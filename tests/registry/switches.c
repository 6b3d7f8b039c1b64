/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all switches. Words stand in the order of the enums in switches.h. */
#include "switches.h"

#include <stddef.h>

#include "fields.h"
#include "util.h"

#define AT(member) #member, offsetof(struct switches, member)
#define FIELD(kind_, initial_, words_, name_, offset_)                                             \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .offset = (offset_), .initial = (initial_),              \
        .words = (words_)                                                                          \
    }
#define ROW(...) FIELD(__VA_ARGS__)
#define WORDS(member, ...)                                                                         \
    ROW(FIELD_ENUM, 0, ((const char *const[]){__VA_ARGS__, NULL}), AT(member))
#define FLAG(member, initial) ROW(FIELD_BOOL, initial, NULL, AT(member))
#define NUMBER(member, initial) ROW(FIELD_INT, initial, NULL, AT(member))
#define TEXT(member) ROW(FIELD_TEXT, 0, NULL, AT(member))
#define ANY_JSON(member) ROW(FIELD_JSON, 0, NULL, AT(member))

static const struct field table[] = {
    WORDS(auth, "none", "basic", "bearer", "both"),
    WORDS(challenge_form, "plain", "odd_case", "unquoted", "multiple", "no_scope", "empty_scope"),
    TEXT(challenge),
    TEXT(realm),
    TEXT(service),
    FLAG(check_service, false),
    FLAG(v2_open, false),
    WORDS(bearer_expired, "401_invalid_token", "400", "403_text", "401_basic"),
    WORDS(denied, "401_insufficient_scope", "403", "404"),

    WORDS(token_field, "both", "token", "access_token", "both_different"),
    ANY_JSON(token_expires_in),
    WORDS(token_issued_at, "absent", "now", "past", "future"),
    NUMBER(token_lifetime, 300),
    NUMBER(token_max_uses, 0),
    NUMBER(token_length, 0),
    WORDS(token_post, "ok", "404", "401", "405", "400"),
    WORDS(token_bad_credentials, "401", "403", "400", "grant_nothing"),
    WORDS(token_anonymous, "grant", "401", "403"),
    NUMBER(token_max_scopes, 0),
    WORDS(token_extra_scopes, "drop", "refuse"),

    WORDS(create, "auto", "must_exist"),
    WORDS(missing_repo, "404_name_unknown", "404_manifest_unknown", "401", "403"),

    WORDS(blob_redirect, "none", "same_host", "other_host"),
    TEXT(blob_redirect_base),
    NUMBER(blob_redirect_status, 307),
    FLAG(blob_redirect_head, false),
    NUMBER(blob_redirect_lifetime, 600),
    WORDS(range, "honour", "ignore", "416_full_length"),
    WORDS(delete_blob, "202", "405", "400"),

    WORDS(upload_location, "absolute", "relative", "other_host", "http", "long"),
    TEXT(upload_location_base),
    WORDS(upload_state, "check", "check_writes", "none"),
    WORDS(upload_stale, "404", "416"),
    WORDS(upload_range, "plain", "bytes", "absent", "stuck", "last_chunk"),
    WORDS(content_range, "enforce", "ignore", "overwrite"),
    WORDS(patch_status, "202", "201", "204"),
    WORDS(single_post, "accept", "ignore"),
    WORDS(upload_resume, "keep", "lose"),
    WORDS(upload_cancel, "204", "202", "405"),
    WORDS(upload_empty_put, "ok", "500"),
    FLAG(upload_needs_length, false),
    NUMBER(upload_min_chunk, 0),
    NUMBER(upload_max_chunk, 0),
    NUMBER(upload_max_put, 0),
    NUMBER(upload_max_patch, 0),

    WORDS(mount, "201", "202", "if_referenced", "405", "401"),
    WORDS(mount_without_from, "ignore", "anywhere"),
    WORDS(mount_source_auth, "401", "202"),
    FLAG(mount_self, true),

    WORDS(manifest_missing_blob, "400_manifest_blob_unknown", "404_blob_unknown", "accept"),
    FLAG(manifest_validate, true),
    FLAG(manifest_needs_media_type, false),
    FLAG(manifest_refuse_docker, false),
    NUMBER(manifest_max_size, 4194304),
    WORDS(manifest_too_large, "413", "400"),
    WORDS(manifest_accept, "lenient", "strict", "ignore"),
    FLAG(manifest_tag_param, false),
    WORDS(delete_manifest, "202", "405", "400"),
    WORDS(delete_tag, "202", "405", "400"),
    WORDS(immutable_tags, "none", "400_tag_invalid", "403_denied", "409_tag_immutable",
          "412_precondition", "403_manifest_invalid"),
    FLAG(immutable_same_digest, false),
    WORDS(fallback_tag, "normal", "alias"),

    WORDS(referrers, "api", "404", "lying", "html", "400_unknown"),
    FLAG(referrers_filter, true),
    NUMBER(referrers_page, 0),

    WORDS(tags_n, "honour", "ignore", "cap"),
    NUMBER(tags_cap, 100),
    WORDS(tags_link, "relative", "absolute", "other_host", "none", "loop"),
    WORDS(tags_list, "normal", "null", "missing", "dirty", "unsorted"),

    NUMBER(rate_limit, 0),
    NUMBER(rate_window_ms, 21600000),
};

void switches_init(struct switches *switches)
{
    fields_init(table, ARRAY_SIZE(table), switches);
    switches->service = xstrdup("scripted-registry");
    switches->token_expires_in = json_integer(300);
}

void switches_done(struct switches *switches)
{
    fields_done(table, ARRAY_SIZE(table), switches);
}

bool switches_apply(struct switches *switches, json_t *object, char **ret_error)
{
    return fields_apply(table, ARRAY_SIZE(table), switches, object, ret_error);
}

json_t *switches_dump(const struct switches *switches)
{
    return fields_dump(table, ARRAY_SIZE(table), switches);
}
