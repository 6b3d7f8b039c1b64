/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: the one place where a key, its type and its default are written down in code. */
#include "config/keys.h"

#include "config/custom.h"
#include "config/values.h"

/* clang-format off */
#define AT(type, field) offsetof(struct type, field)
#define KEY(name_, type_, offset_, ...)                                                            \
    {.name = name_, .type = type_, .offset = offset_, ##__VA_ARGS__}

static const char *const auth_words[] = {
    [CONFIG_AUTH_AUTO] = "auto", [CONFIG_AUTH_ANONYMOUS] = "anonymous",
    [CONFIG_AUTH_BASIC] = "basic", [CONFIG_AUTH_STATIC_TOKEN] = "static_token",
    [CONFIG_AUTH_DOCKER_CONFIG] = "docker_config",
    [AUTH_WORD_TOKEN] = "token", [AUTH_WORD_GHCR] = "ghcr", [AUTH_WORD_ECR] = "ecr",
    [AUTH_WORD_GAR] = "gar", [AUTH_WORD_GCR] = "gcr", [AUTH_WORD_ACR] = "acr", NULL,
};
static const char *const upload_words[] = {
    [CONFIG_UPLOAD_AUTO] = "auto", [CONFIG_UPLOAD_PUT] = "put",
    [CONFIG_UPLOAD_PATCH] = "patch", [CONFIG_UPLOAD_CHUNK] = "chunk", NULL,
};
static const char *const http_words[] = {
    [CONFIG_HTTP_AUTO] = "auto", [CONFIG_HTTP_1_1] = "1.1", [CONFIG_HTTP_2] = "2", NULL,
};
static const char *const sort_words[] = {
    [TAG_SORT_NONE] = "none", [TAG_SORT_ALPHA] = "alpha", [TAG_SORT_SEMVER] = "semver",
    [TAG_SORT_CREATED] = "created", NULL,
};

static const struct key global_keys[] = {
    KEY("max_concurrent_transfers", KEY_NUMBER, AT(config_global, max_concurrent_transfers),
     .fallback = "32", .min = 1, .max = 10000),
    KEY("cache_dir", KEY_PATH, AT(config_global, cache_dir)),
    KEY("cache_ttl", KEY_DURATION, AT(config_global, cache_ttl), .fallback = "12h"),
    KEY("staging_size_limit", KEY_SIZE, AT(config_global, staging_size_limit), .fallback = "2GiB"),
    KEY("keep_tokens", KEY_BOOL, AT(config_global, keep_tokens), .fallback = "false"),
    {0},
};

static const struct key plugins_keys[] = {
    KEY("dirs", KEY_PATHS, AT(config_plugins, dirs)),
    KEY("lock", KEY_PATH, AT(config_plugins, lock)),
    {0},
};

static const struct key credentials_keys[] = {
    KEY("username", KEY_LOGIN, AT(config_credentials, username), .is_required = true),
    KEY("password", KEY_SECRET, AT(config_credentials, password), .is_required = true),
    {0},
};

static const struct key registry_keys[] = {
    KEY("url", KEY_TEXT, AT(config_registry, url), .is_required = true, .check = value_check_url),
    KEY("driver", KEY_TEXT, AT(config_registry, driver), .check = value_check_name),
    KEY("driver_options", KEY_CUSTOM, AT(config_registry, driver_options),
     .read = read_driver_options),
    KEY("endpoint", KEY_TEXT, AT(config_registry, endpoint), .check = value_check_url),
    KEY("mirrors", KEY_LIST, AT(config_registry, mirrors), .check = value_check_url),
    KEY("auth_type", KEY_WORD, AT(config_registry, auth_type), .fallback = "auto",
     .words = auth_words),
    KEY("credentials", KEY_SECTION, AT(config_registry, credentials),
     .section = &section_credentials),
    KEY("token", KEY_SECRET, AT(config_registry, token)),
    KEY("aws_profile", KEY_TEXT, AT(config_registry, aws_profile)),
    KEY("token_hosts", KEY_LIST, AT(config_registry, token_hosts), .check = value_check_host),
    KEY("plain_http", KEY_BOOL, AT(config_registry, plain_http), .fallback = "false"),
    KEY("insecure", KEY_BOOL, AT(config_registry, insecure), .fallback = "false"),
    KEY("ca_file", KEY_PATH, AT(config_registry, ca_file)),
    KEY("client_cert", KEY_PATH, AT(config_registry, client_cert)),
    KEY("client_key", KEY_PATH, AT(config_registry, client_key)),
    KEY("max_concurrent", KEY_NUMBER, AT(config_registry, max_concurrent), .fallback = "32",
     .min = 1, .max = 1000),
    KEY("connect_timeout", KEY_DURATION, AT(config_registry, connect_timeout), .fallback = "15s",
     .min = 1),
    KEY("stall_timeout", KEY_DURATION, AT(config_registry, stall_timeout), .fallback = "60s",
     .min = 1),
    KEY("retries", KEY_NUMBER, AT(config_registry, retries), .fallback = "5", .max = 100),
    KEY("head_first", KEY_BOOL, AT(config_registry, head_first), .fallback = "false"),
    KEY("upload", KEY_WORD, AT(config_registry, upload), .fallback = "auto", .words = upload_words),
    KEY("http_version", KEY_WORD, AT(config_registry, http_version), .fallback = "auto",
     .words = http_words),
    {0},
};

/* Both write into the rules of the mapping. */
static const struct key rename_keys[] = {
    KEY("regex", KEY_TEXT, AT(tag_rules, rename_regex), .is_required = true),
    KEY("replacement", KEY_TEXT, AT(tag_rules, rename_replacement), .is_required = true),
    {0},
};

static const struct key tags_keys[] = {
    KEY("glob", KEY_LIST, AT(tag_rules, globs), .check = select_check_glob),
    KEY("regex", KEY_LIST, AT(tag_rules, regexes), .check = select_check_regex),
    KEY("semver", KEY_TEXT, AT(tag_rules, semver), .check = select_check_range),
    KEY("include", KEY_LIST, AT(tag_rules, include), .check = select_check_glob),
    KEY("exclude", KEY_LIST, AT(tag_rules, exclude), .check = select_check_glob),
    KEY("sort", KEY_WORD, AT(tag_rules, sort), .words = sort_words),
    KEY("latest", KEY_NUMBER, AT(tag_rules, latest), .max = INT64_MAX, .unset = -1),
    KEY("min_tags", KEY_NUMBER, AT(tag_rules, min_tags), .max = INT64_MAX),
    KEY("min_age", KEY_DURATION, AT(tag_rules, min_age_ms)),
    KEY("max_age", KEY_DURATION, AT(tag_rules, max_age_ms), .min = 1),
    KEY("immutable_tags", KEY_TEXT, AT(tag_rules, immutable), .check = select_check_glob),
    KEY("rename", KEY_SECTION, 0, .section = &section_rename),
    {0},
};

static const struct key artifacts_keys[] = {
    KEY("enabled", KEY_BOOL, AT(config_artifacts, enabled), .fallback = "true"),
    KEY("include", KEY_LIST, AT(config_artifacts, include), .check = value_check_artifact_type),
    KEY("exclude", KEY_LIST, AT(config_artifacts, exclude), .check = value_check_artifact_type),
    KEY("require_artifacts", KEY_BOOL, AT(config_artifacts, require_artifacts),
     .fallback = "false"),
    KEY("recheck", KEY_DURATION, AT(config_artifacts, recheck), .fallback = "24h"),
    {0},
};

#define COPY_KEYS                                                                                  \
    KEY("source", KEY_TEXT, AT(mapping_draft, source)),                                            \
    KEY("targets", KEY_LIST, AT(mapping_draft, targets)),                                          \
    KEY("tags", KEY_CUSTOM, AT(mapping_draft, mapping.tags), .section = &section_tags,             \
     .read = read_tags),                                                                           \
    KEY("platforms", KEY_CUSTOM, AT(mapping_draft, mapping.platforms),                             \
     .check = value_check_platform, .read = read_platforms),                                       \
    KEY("artifacts", KEY_SECTION, AT(mapping_draft, mapping.artifacts),                            \
     .section = &section_artifacts)

static const struct key defaults_keys[] = {COPY_KEYS, {0}};

static const struct key mapping_keys[] = {
    KEY("from", KEY_TEXT, AT(mapping_draft, mapping.from), .is_required = true,
     .check = value_check_repository),
    KEY("to", KEY_TEXT, AT(mapping_draft, mapping.to), .check = value_check_repository),
    COPY_KEYS,
    {0},
};

static const struct key config_keys[] = {
    KEY("global", KEY_SECTION, AT(config_draft, global), .section = &section_global),
    KEY("plugins", KEY_SECTION, AT(config_draft, plugins), .section = &section_plugins),
    KEY("registries", KEY_CUSTOM, 0, .section = &section_registry, .read = read_registries),
    KEY("target_groups", KEY_CUSTOM, 0, .read = read_target_groups),
    KEY("defaults", KEY_SECTION, AT(config_draft, defaults), .section = &section_defaults),
    KEY("mappings", KEY_CUSTOM, 0, .is_required = true, .section = &section_mapping,
     .read = read_mappings),
    {0},
};
/* clang-format on */

const struct section section_global = {"global", "global", global_keys, NULL};
const struct section section_plugins = {"plugins", "plugins", plugins_keys, check_plugins};
const struct section section_credentials = {"credentials", "registries.NAME.credentials",
                                            credentials_keys, NULL};
const struct section section_registry = {"registry", "registries.NAME", registry_keys,
                                         check_registry};
const struct section section_rename = {"rename", "tags.rename", rename_keys, check_rename};
const struct section section_tags = {"tags", "tags", tags_keys, check_tags};
const struct section section_artifacts = {"artifacts", "artifacts", artifacts_keys,
                                          check_artifacts};
const struct section section_defaults = {"defaults", "defaults", defaults_keys, NULL};
const struct section section_mapping = {"mapping", "mappings", mapping_keys, NULL};
const struct section section_config = {"config", "the top level", config_keys, NULL};

const struct section *const config_sections[] = {
    &section_config,
    &section_global,
    &section_plugins,
    &section_registry,
    &section_credentials,
    &section_defaults,
    &section_mapping,
    &section_tags,
    &section_rename,
    &section_artifacts,
    NULL,
};
