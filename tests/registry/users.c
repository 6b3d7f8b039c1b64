/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what. */
#include "users.h"

#include <fnmatch.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "util.h"

static const struct field table[] = {
    {.name = "name", .kind = FIELD_TEXT, .offset = offsetof(struct user, name)},
    {.name = "password", .kind = FIELD_TEXT, .offset = offsetof(struct user, password)},
    {.name = "refresh_token", .kind = FIELD_TEXT, .offset = offsetof(struct user, refresh_token)},
    {.name = "rights", .kind = FIELD_JSON, .offset = offsetof(struct user, rights)},
};

void users_done(struct users *users)
{
    for (size_t i = 0; i < users->count; i++)
        fields_done(table, ARRAY_SIZE(table), &users->items[i]);
    free(users->items);
    *users = (struct users){0};
}

bool users_load(struct users *users, json_t *array, char **ret_error)
{
    struct users fresh = {.items = xcalloc(json_array_size(array) + 1, sizeof(struct user))};
    size_t index;
    json_t *item;

    json_array_foreach(array, index, item)
    {
        struct user *user = &fresh.items[fresh.count++];

        fields_init(table, ARRAY_SIZE(table), user);
        if (!fields_apply(table, ARRAY_SIZE(table), user, item, ret_error)) {
            users_done(&fresh);
            return false;
        }
    }
    users_done(users);
    *users = fresh;
    return true;
}

static bool is_same(const char *known, const char *given)
{
    return known != NULL && given != NULL && strcmp(known, given) == 0;
}

const struct user *users_by_password(const struct users *users, const char *name,
                                     const char *password)
{
    for (size_t i = 0; i < users->count; i++) {
        if (is_same(users->items[i].name, name) && is_same(users->items[i].password, password))
            return &users->items[i];
    }
    return NULL;
}

const struct user *users_by_refresh_token(const struct users *users, const char *token)
{
    for (size_t i = 0; i < users->count; i++) {
        if (is_same(users->items[i].refresh_token, token))
            return &users->items[i];
    }
    return NULL;
}

const struct user *users_by_basic(const struct users *users, const char *base64)
{
    size_t len = strlen(base64);
    CLEANUP(freep) char *pair = xcalloc(len + 1, 1);

    if (EVP_DecodeBlock((unsigned char *)pair, (const unsigned char *)base64, (int)len) < 0)
        return NULL;
    char *colon = strchr(pair, ':');
    if (colon == NULL)
        return NULL;
    *colon = '\0';
    return users_by_password(users, pair, colon + 1);
}

const struct user *users_anonymous(const struct users *users)
{
    for (size_t i = 0; i < users->count; i++) {
        if (users->items[i].name == NULL)
            return &users->items[i];
    }
    return NULL;
}

static bool contains(const char *list, const char *action)
{
    size_t len = strlen(action);

    for (const char *at = list; *at != '\0';) {
        size_t word = strcspn(at, ",");

        if ((word == 1 && *at == '*') || (word == len && strncmp(at, action, len) == 0))
            return true;
        at += word;
        at += strspn(at, ", ");
    }
    return false;
}

bool user_may(const struct user *user, const char *repo, const char *action)
{
    const char *pattern;
    json_t *actions;

    if (user == NULL)
        return false;
    json_object_foreach(user->rights, pattern, actions)
    {
        if (fnmatch(pattern, repo, 0) == 0 && json_is_string(actions) &&
            contains(json_string_value(actions), action))
            return true;
    }
    return false;
}
