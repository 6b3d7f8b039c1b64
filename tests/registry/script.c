/* SPDX-License-Identifier: Apache-2.0 */
/* The script. Everything is read into fresh objects first and swapped in at the end, so that a
 * mistake in the last line leaves the registry as it was. */
#include "script.h"

#include <stdlib.h>

#include "seed.h"
#include "util.h"

struct parts {
    json_t *switches, *users, *repositories, *seed, *faults;
};

static bool split(json_t *script, struct parts *ret_parts, char **ret_error)
{
    json_error_t why;

    *ret_parts = (struct parts){0};
    if (json_unpack_ex(script, &why, JSON_STRICT, "{s?o, s?o, s?o, s?o, s?o}", "switches",
                       &ret_parts->switches, "users", &ret_parts->users, "repositories",
                       &ret_parts->repositories, "seed", &ret_parts->seed, "faults",
                       &ret_parts->faults) == 0)
        return true;
    *ret_error = xasprintf("script: %s", why.text);
    return false;
}

/* The new switches: the defaults, or the present ones, with the script's changes. */
static bool read_switches(const struct registry *registry, json_t *changes, bool replace,
                          struct switches *fresh, char **ret_error)
{
    bool is_good = true;

    switches_init(fresh);
    if (!replace) {
        json_t *present = switches_dump(&registry->switches);

        is_good = switches_apply(fresh, present, ret_error);
        json_decref(present);
    }
    return is_good && switches_apply(fresh, changes, ret_error);
}

static void create_repositories(struct store *store, json_t *names)
{
    size_t index;
    json_t *name;

    json_array_foreach(names, index, name)
    {
        if (json_is_string(name))
            store_create_repo(store, json_string_value(name));
    }
}

static void swap_switches(struct registry *registry, struct switches *fresh)
{
    switches_done(&registry->switches);
    registry->switches = *fresh;
    limits_reset(&registry->limits);
}

static void swap_users(struct registry *registry, struct users *fresh)
{
    users_done(&registry->users);
    registry->users = *fresh;
}

bool script_apply(struct registry *registry, json_t *script, bool replace, char **ret_error)
{
    struct parts parts;
    struct switches switches = {0};
    struct users users = {0};
    struct fault_list faults = {0};

    if (!split(script, &parts, ret_error))
        return false;
    if (!read_switches(registry, parts.switches, replace, &switches, ret_error) ||
        !users_load(&users, parts.users, ret_error) ||
        !fault_list_add(&faults, parts.faults, ret_error)) {
        switches_done(&switches);
        users_done(&users);
        return false;
    }
    swap_switches(registry, &switches);
    if (replace || parts.users != NULL)
        swap_users(registry, &users);
    else
        users_done(&users);
    if (replace)
        fault_list_done(&registry->faults);
    fault_list_move(&registry->faults, &faults);
    create_repositories(&registry->store, parts.repositories);
    return parts.seed == NULL || seed_load(&registry->store, parts.seed, ret_error);
}

void script_load_file(struct registry *registry, const char *file)
{
    json_error_t why;
    json_t *script = json_load_file(file, JSON_REJECT_DUPLICATES, &why);
    char *error = NULL;

    if (script == NULL)
        die("%s:%d: %s", file, why.line, why.text);
    if (!script_apply(registry, script, true, &error))
        die("%s: %s", file, error);
    json_decref(script);
}
