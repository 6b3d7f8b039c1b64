/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver for every host makes of options, and of answers as registries word them. */
#include "driver/driver.h"

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct catalogue *catalogue;
static struct driver_instance *instance;

static int open_with(const char *key, const char *value, struct driver_instance **ret,
                     struct error *err)
{
    const struct driver_setting setting = {key, value};
    const struct driver_request request = {
        .host = "any.example", .settings = &setting, .n_settings = key ? 1 : 0};
    return driver_for_host(catalogue, &request, ret, err);
}

static int set_up(void **state)
{
    (void)state;
    const char *folder = getenv("OCYNC_TEST_PLUGINS");
    if (!folder)
        folder = "plugins-built";
    const struct catalogue_sources sources = {
        .default_dir = folder, .trusted = &folder, .n_trusted = 1};
    catalogue = catalogue_new(&sources, NULL);
    struct error err = ERROR_INIT;
    if (open_with(NULL, NULL, &instance, &err))
        fail_msg("%s", err.text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    driver_instance_free(instance);
    catalogue_free(catalogue);
    return 0;
}

static void applies_options(void **state)
{
    (void)state;
    const struct ocync_profile *plain = driver_instance_profile(instance);
    assert_string_equal(plain->api_host, "any.example");
    assert_int_equal(plain->upload, OCYNC_UPLOAD_PUT);
    assert_int_equal(plain->mount, OCYNC_MOUNT_ANY);
    assert_int_equal(plain->scopes_per_token, 1);
    assert_int_equal(plain->tag_page_size, 1000);
    static const struct {
        const char *key, *value;
        uint32_t upload, mount, scopes, page;
    } cases[] = {
        {"upload", "patch", OCYNC_UPLOAD_PATCH, OCYNC_MOUNT_ANY, 1, 1000},
        {"mount", "owner", OCYNC_UPLOAD_PUT, OCYNC_MOUNT_SAME_OWNER, 1, 1000},
        {"mount", "never", OCYNC_UPLOAD_PUT, OCYNC_MOUNT_NEVER, 1, 1000},
        {"scopes_per_token", "10", OCYNC_UPLOAD_PUT, OCYNC_MOUNT_ANY, 10, 1000},
        {"tag_page_size", "10000", OCYNC_UPLOAD_PUT, OCYNC_MOUNT_ANY, 1, 10000},
        {"tag_page_size", "1", OCYNC_UPLOAD_PUT, OCYNC_MOUNT_ANY, 1, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct driver_instance *other = NULL;
        assert_int_equal(open_with(cases[i].key, cases[i].value, &other, NULL), 0);
        const struct ocync_profile *profile = driver_instance_profile(other);
        assert_int_equal(profile->upload, cases[i].upload);
        assert_int_equal(profile->mount, cases[i].mount);
        assert_int_equal(profile->scopes_per_token, cases[i].scopes);
        assert_int_equal(profile->tag_page_size, cases[i].page);
        driver_instance_free(other);
    }
}

static void refuses_options_out_of_range(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *said;
    } cases[] = {
        {"scopes_per_token", "0", "scopes_per_token is 0, but must be 1 to 10"},
        {"scopes_per_token", "11", "must be 1 to 10"},
        {"tag_page_size", "10001", "must be 1 to 10000"},
        {"tag_page_size", "4294967297", "must be 1 to 10000"},
        {"tag_page_size", "many", "must be a number"},
        {"upload", "chunked", "must be one of: put patch"},
        {"mounts", "any", "did you mean \"mount\"?"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct driver_instance *other = NULL;
        struct error err = ERROR_INIT;
        assert_int_equal(open_with(cases[i].key, cases[i].value, &other, &err), ERR_CONFIG);
        assert_non_null(strstr(err.text, cases[i].said));
        assert_null(other);
    }
}

struct answer {
    uint32_t action;
    int32_t status;
    const char *code, *text, *body;
    int class; /* 0: left to the plain rule */
    const char *said;
    int64_t retry_after_ms;
};

#define HEAD OCYNC_ACTION_MANIFEST_HEAD
#define GET OCYNC_ACTION_MANIFEST_GET
#define PUT OCYNC_ACTION_MANIFEST_PUT
#define START OCYNC_ACTION_UPLOAD_START
#define DATA OCYNC_ACTION_UPLOAD_DATA
#define LIST OCYNC_ACTION_TAG_LIST

static const struct answer answers[] = {
    /* Tags that may not change. */
    {PUT, 400, "TAG_INVALID",
     "The image tag 'v1' already exists in the 'x/y' repository and cannot be overwritten because "
     "the repository is immutable.",
     NULL, ERR_IMMUTABLE, "x/y:v1 exists", -1},
    {PUT, 400, "TAG_INVALID", "because the tag is immutable.", NULL, ERR_IMMUTABLE, "x/y:v1", -1},
    {PUT, 409, "TAG_IMMUTABLE", NULL, NULL, ERR_IMMUTABLE, "x/y:v1 exists", -1},
    {PUT, 412, "PRECONDITION",
     "Failed to process request due to 'repo:tag' configured as immutable.", NULL, ERR_IMMUTABLE,
     "another tag", -1},
    {PUT, 403, "MANIFEST_INVALID", "manifest invalid",
     "{\"errors\":[{\"detail\":{\"description\":\"HTTP 403 Forbidden\"}}]}", ERR_IMMUTABLE,
     "refuses to overwrite x/y:v1", -1},
    {PUT, 400, "UNKNOWN", "cannot update tag latest. The repository has enabled tag immutability",
     NULL, ERR_IMMUTABLE, "x/y:v1", -1},
    {PUT, 403, "DENIED",
     "This tag is already assigned to an image in this repository and cannot be updated due to "
     "immutability settings.",
     NULL, ERR_IMMUTABLE, "x/y:v1", -1},
    {PUT, 400, "TAG_INVALID", "invalid tag name", NULL, 0, NULL, 0},
    /* No room. */
    {PUT, 403, "DENIED", "Quota has been exceeded on namespace", NULL, ERR_REFUSED,
     "no room left for x/y:v1: Quota has been exceeded", -1},
    {DATA, 403, "DENIED",
     "adding 10 MiB of storage resource, which when updated to current usage of 1 GiB will exceed "
     "the configured upper limit of 1 GiB.",
     NULL, ERR_REFUSED, "quota raised", -1},
    {GET, 403, "DENIED", "quota", NULL, 0, NULL, 0},
    {DATA, 507, NULL, NULL, "full", ERR_REFUSED, "no reason given", -1},
    /* Places that take no push. */
    {START, 403, "DENIED", "can not push artifact to a proxy project: p", NULL, ERR_REFUSED,
     "proxy cache", -1},
    {PUT, 405, "DENIED", "denied", "{\"detail\":{\"is_readonly\":true}}", ERR_REFUSED, "read-only",
     -1},
    {PUT, 405, "UNKNOWN", "The operation is disallowed.", NULL, ERR_REFUSED, "locked", -1},
    {START, 405, "UNSUPPORTED", "The operation is unsupported.", NULL, ERR_UNSUPPORTED,
     "takes no pushes", -1},
    {PUT, 405, "UNSUPPORTED", "Invalid JSON syntax", NULL, ERR_UNSUPPORTED,
     "does not take the manifest of x/y:v1: Invalid JSON", -1},
    {LIST, 405, "UNSUPPORTED", "Invalid parameter at 'maxResults'", NULL, 0, NULL, 0},
    /* Things that must exist first. */
    {HEAD, 404, "NAME_UNKNOWN",
     "The repository with name 'x/y' does not exist in the registry with id '123456789012'", NULL,
     ERR_NOT_FOUND, "create it first", -1},
    {START, 404, "NAME_UNKNOWN", "Repository \"y\" not found", NULL, ERR_NOT_FOUND,
     "create it first", -1},
    {HEAD, 404, "NAME_UNKNOWN", "repository name not known to registry", NULL, 0, NULL, 0},
    {START, 401, "UNAUTHORIZED", "project x not found", NULL, ERR_NOT_FOUND,
     "x/y:v1: project x not found; create the project", -1},
    {GET, 404, "NOT_FOUND", "project x not found", NULL, ERR_NOT_FOUND, "create the project", -1},
    {GET, 404, "NOT_FOUND", "artifact x/y:v1 not found", NULL, 0, NULL, 0},
    {GET, 401, "UNAUTHORIZED", "authentication required", NULL, 0, NULL, 0},
    {START, 400, "NAME_INVALID", "Nested repositories are not supported. Found: a/b/c", NULL,
     ERR_UNSUPPORTED, "shorter name", -1},
    /* Content. */
    {PUT, 415, "MANIFEST_INVALID", "manifest invalid", NULL, ERR_UNSUPPORTED, "docker2s2", -1},
    {PUT, 400, "BLOB_UNKNOWN", "blob unknown to registry", NULL, ERR_MISSING_PART, "lacks a blob",
     -1},
    {PUT, 404, "BLOB_UNKNOWN", NULL, NULL, ERR_MISSING_PART, "BLOB_UNKNOWN", -1},
    {PUT, 400, "MANIFEST_BLOB_UNKNOWN", "blob unknown", NULL, ERR_MISSING_PART, "child", -1},
    {DATA, 413, NULL, NULL, "413 Request Entity Too Large - AzureContainerRegistry",
     ERR_UNSUPPORTED, "driver option upload to patch", -1},
    {PUT, 413, "MANIFEST_INVALID", NULL, NULL, ERR_UNSUPPORTED, "manifest of x/y:v1 is larger", -1},
    {GET, 412, "PROJECTPOLICYVIOLATION", "not signed", NULL, ERR_REFUSED, "not signed", -1},
    {GET, 404, "TAG_EXPIRED", NULL, NULL, ERR_NOT_FOUND, "has expired", -1},
    {GET, 404, "MANIFEST_UNKNOWN", "manifest unknown", NULL, 0, NULL, 0},
    /* Credentials and pace. */
    {GET, 403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.",
     NULL, ERR_AUTH, "log in again", -1},
    {GET, 400, NULL, NULL,
     "<Error><Message>Only one auth mechanism allowed; only the X-Amz-Algorithm</Message>",
     ERR_PROTOCOL, "signed URL", -1},
    {PUT, 429, "TOOMANYREQUESTS", "Rate exceeded", NULL, ERR_THROTTLED, "Rate exceeded", -1},
    {GET, 400, "ThrottlingException", "Rate exceeded", NULL, ERR_THROTTLED, "slow down", -1},
    {GET, 429, "TOOMANYREQUESTS",
     "Quota exceeded for quota metric 'Requests per project per user' of service "
     "'artifactregistry.googleapis.com'",
     NULL, ERR_THROTTLED, "Quota exceeded for quota metric", -1},
    {GET, 429, "TOOMANYREQUESTS", "Data limit exceeded", NULL, ERR_REFUSED, "traffic limit", -1},
    {GET, 429, "TOOMANYREQUESTS", "You have reached your unauthenticated pull rate limit.", NULL,
     ERR_THROTTLED, "pull limit is used up", -1},
    {GET, 429, "TOO_MANY_REQUEST", NULL, NULL, ERR_THROTTLED, "slow down", -1},
    {PUT, 403, NULL, "You have exceeded a secondary rate limit", NULL, ERR_THROTTLED, "slow down",
     -1},
    {GET, 403, "DENIED", "requested access to the resource is denied", NULL, 0, NULL, 0},
    {GET, 500, NULL, NULL, "oops", 0, NULL, 0},
    {GET, 429, NULL, NULL, NULL, 0, NULL, 0},
    /* Pauses in Go's notation, rounded up. */
    {GET, 429, "TOOMANYREQUESTS", "retry-after: 880.092\xc2\xb5s, allowed: 44000/minute", NULL,
     ERR_THROTTLED, "44000/minute", 1},
    {PUT, 429, "TOOMANYREQUESTS", "retry-after: 10.305464ms, allowed: 2000/minute", NULL,
     ERR_THROTTLED, "2000/minute", 11},
    {PUT, 429, "TOOMANYREQUESTS", "retry-after: 1m30.5s, allowed: 1", NULL, ERR_THROTTLED, "",
     90501},
    {PUT, 429, "TOOMANYREQUESTS", "retry-after: soon", NULL, ERR_THROTTLED, "", -1},
    {PUT, 429, "TOOMANYREQUESTS", "retry-after: 5 parsecs", NULL, ERR_THROTTLED, "", -1},
    {PUT, 429, "TOOMANYREQUESTS", "retry-after: 99999999999999999999h", NULL, ERR_THROTTLED, "",
     -1},
    {PUT, 429, "TOOMANYREQUESTS", "retry-after: 999999999h999999999h", NULL, ERR_THROTTLED, "", -1},
};

static void understands_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        const struct answer *a = &answers[i];
        const struct ocync_response response = {
            .action = a->action,
            .status = a->status,
            .body = a->body ? a->body : "",
            .body_len = a->body ? strlen(a->body) : 0,
            .repository = "x/y",
            .reference = "v1",
            .error_code = a->code,
            .error_text = a->text,
        };
        struct error err = ERROR_INIT;
        int class = driver_instance_classify(instance, &response, &err);
        if (class != a->class || (class && !strstr(err.text, a->said)) ||
            (class && err.retry_after_ms != a->retry_after_ms))
            fail_msg("answer %zu (%d %s): class %d, \"%s\", %lld ms", i, a->status,
                     a->code ? a->code : "-", class, err.text, (long long)err.retry_after_ms);
        assert_null(strchr(err.text, '%'));
    }
}

static void names_what_it_speaks_of(void **state)
{
    (void)state;
    static const struct {
        const char *repository, *reference, *said;
    } cases[] = {
        {"x/y", "v1", "lacks a blob of x/y:v1: why"},
        {"x/y", "sha256:ab", "lacks a blob of x/y@sha256:ab: why"},
        {"x/y", NULL, "lacks a blob of x/y: why"},
        {NULL, NULL, "lacks a blob of the request: why"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct ocync_response response = {.action = OCYNC_ACTION_MANIFEST_PUT,
                                                .status = 400,
                                                .repository = cases[i].repository,
                                                .reference = cases[i].reference,
                                                .error_code = "BLOB_UNKNOWN",
                                                .error_text = "why"};
        struct error err = ERROR_INIT;
        driver_instance_classify(instance, &response, &err);
        assert_non_null(strstr(err.text, cases[i].said));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(applies_options),
        TEST(refuses_options_out_of_range),
        TEST(understands_answers),
        TEST(names_what_it_speaks_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
