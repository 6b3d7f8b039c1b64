/* SPDX-License-Identifier: Apache-2.0 */
/* From method and path to the functions which serve them. */
#include "router.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "handlers.h"
#include "util.h"

#define COMPONENT "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*"
#define NAME "(" COMPONENT "(/" COMPONENT ")*)"
#define TAG_OR_DIGEST "([A-Za-z0-9_][A-Za-z0-9._:-]*)"
#define DIGEST "([a-z0-9]+:[^/]+)"
#define UPLOAD "([0-9a-f]+)"

/* NAME holds this many groups; the next one is the reference. */
enum { NAME_GROUPS = 6, GROUPS = NAME_GROUPS + 2 };

static const struct route routes[] = {
    {"GET HEAD", "^/v2/?$", ACCESS_ROOT, NULL, root_get},
    {"GET HEAD", "^/v2/" NAME "/blobs/" DIGEST "$", ACCESS_REPOSITORY, NULL, blobs_get},
    {"DELETE", "^/v2/" NAME "/blobs/" DIGEST "$", ACCESS_REPOSITORY, NULL, blobs_delete},
    {"POST", "^/v2/" NAME "/blobs/uploads/$", ACCESS_REPOSITORY, uploads_prepare_open,
     uploads_open},
    {"PATCH", "^/v2/" NAME "/blobs/uploads/" UPLOAD "$", ACCESS_REPOSITORY, uploads_prepare_patch,
     uploads_patch},
    {"PUT", "^/v2/" NAME "/blobs/uploads/" UPLOAD "$", ACCESS_REPOSITORY, uploads_prepare_put,
     uploads_put},
    {"GET", "^/v2/" NAME "/blobs/uploads/" UPLOAD "$", ACCESS_REPOSITORY, NULL, uploads_status},
    {"DELETE", "^/v2/" NAME "/blobs/uploads/" UPLOAD "$", ACCESS_REPOSITORY, NULL, uploads_cancel},
    {"GET HEAD", "^/v2/" NAME "/manifests/" TAG_OR_DIGEST "$", ACCESS_REPOSITORY, NULL,
     manifests_get},
    {"PUT", "^/v2/" NAME "/manifests/" TAG_OR_DIGEST "$", ACCESS_REPOSITORY, manifests_prepare_put,
     manifests_put},
    {"DELETE", "^/v2/" NAME "/manifests/" TAG_OR_DIGEST "$", ACCESS_REPOSITORY, NULL,
     manifests_delete},
    {"GET", "^/v2/" NAME "/tags/list$", ACCESS_REPOSITORY, NULL, tags_list},
    {"GET", "^/v2/" NAME "/referrers/" DIGEST "$", ACCESS_REPOSITORY, NULL, referrers_list},
    {"GET HEAD", "^/storage/" NAME "/" DIGEST "$", ACCESS_LINK, NULL, links_get},
    {"PATCH", "^/upload/" NAME "/" UPLOAD "$", ACCESS_LINK, uploads_prepare_patch, uploads_patch},
    {"PUT", "^/upload/" NAME "/" UPLOAD "$", ACCESS_LINK, uploads_prepare_put, uploads_put},
    {"GET", "^/upload/" NAME "/" UPLOAD "$", ACCESS_LINK, NULL, uploads_status},
    {"DELETE", "^/upload/" NAME "/" UPLOAD "$", ACCESS_LINK, NULL, uploads_cancel},
    {"GET", "^/token$", ACCESS_FREE, NULL, token_get},
    {"POST", "^/token$", ACCESS_FREE, token_prepare_post, token_post},
    {"PUT PATCH", "^/_script$", ACCESS_ADMIN, admin_prepare, admin_script},
    {"POST GET DELETE", "^/_faults$", ACCESS_ADMIN, admin_prepare, admin_faults},
    {"GET DELETE", "^/_log$", ACCESS_ADMIN, NULL, admin_log},
    {"GET DELETE", "^/_state$", ACCESS_ADMIN, NULL, admin_state},
    {"POST", "^/_expire$", ACCESS_ADMIN, NULL, admin_expire},
};

static regex_t compiled[ARRAY_SIZE(routes)];

void router_init(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (regcomp(&compiled[i], routes[i].pattern, REG_EXTENDED) != 0)
            die("%s: no regular expression", routes[i].pattern);
    }
}

void router_done(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
        regfree(&compiled[i]);
}

static bool has_method(const struct route *route, const char *method)
{
    size_t len = strlen(method);

    for (const char *at = route->methods; *at != '\0'; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");

        if (word == len && strncmp(at, method, len) == 0)
            return true;
        at += word;
    }
    return false;
}

static char *group(const char *path, const regmatch_t *match)
{
    if (match->rm_so < 0)
        return NULL;
    return xstrndup(path + match->rm_so, (size_t)(match->rm_eo - match->rm_so));
}

void router_find(struct request *request, const char *path)
{
    regmatch_t matches[GROUPS];
    bool path_is_known = false;

    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (regexec(&compiled[i], path, GROUPS, matches, 0) != 0)
            continue;
        path_is_known = true;
        if (!has_method(&routes[i], request->method))
            continue;
        request->route = &routes[i];
        request->name = group(path, &matches[1]);
        request->reference = group(path, &matches[1 + NAME_GROUPS]);
        return;
    }
    if (path_is_known)
        request_fail(request, 405, "UNSUPPORTED", "The operation is unsupported.");
    else
        request_answer(request, reply_not_found());
}

void root_get(struct request *request)
{
    struct reply *reply = reply_new(200);

    reply_json(reply, json_object());
    request_answer(request, reply);
}

void answer_missing_repo(struct request *request)
{
    switch (request->registry->switches.missing_repo) {
    case MISSING_404_MANIFEST:
        request_fail(request, 404, "MANIFEST_UNKNOWN", "manifest unknown");
        break;
    case MISSING_401:
        auth_challenge(request, NULL);
        break;
    case MISSING_403:
        request_fail(request, 403, "DENIED", "requested access to the resource is denied");
        break;
    default:
        request_fail(request, 404, "NAME_UNKNOWN", "repository name not known to registry");
    }
}
