/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what. The user with the empty name is everybody who shows no credentials. */
#ifndef REGISTRY_USERS_H
#define REGISTRY_USERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct user {
    char *name;
    char *password;
    char *refresh_token;
    json_t *rights; /* repository glob -> "pull,push,delete", or "*" */
};

struct users {
    struct user *items;
    size_t count;
};

void users_done(struct users *users);
/* Replaces all users. On a mistake nothing changes; the caller frees the explanation. */
bool users_load(struct users *users, json_t *array, char **ret_error);

/* NULL when there is no such user, or the secret is another one. */
const struct user *users_by_password(const struct users *users, const char *name,
                                     const char *password);
const struct user *users_by_refresh_token(const struct users *users, const char *token);
/* The value of an "Authorization: Basic" header behind the scheme. */
const struct user *users_by_basic(const struct users *users, const char *base64);
/* NULL if the script has none. */
const struct user *users_anonymous(const struct users *users);

bool user_may(const struct user *user, const char *repo, const char *action);

#endif
