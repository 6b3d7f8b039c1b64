/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the list of sources. One that is named on purpose must be there; the others may be
 * missing, but none may be broken: going on without it could use a credential that the user did
 * not mean, or none. In each file a helper is asked first, as docker does; what the file itself
 * holds counts when the helper has nothing.
 */
#include "auth/lookup.h"

#include "auth/helper.h"
#include "auth/secret_file.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

#define ENV_ORIGIN "DOCKER_AUTH_CONFIG"

struct credential_env credential_env_of_process(void)
{
    return (struct credential_env){.registry_auth_file = getenv("REGISTRY_AUTH_FILE"),
                                   .docker_auth_config = getenv(ENV_ORIGIN),
                                   .docker_config = getenv("DOCKER_CONFIG"),
                                   .home = getenv("HOME"),
                                   .xdg_runtime_dir = getenv("XDG_RUNTIME_DIR"),
                                   .xdg_config_home = getenv("XDG_CONFIG_HOME")};
}

/* ---- the files of a run ---- */

struct source {
    char *path; /* NULL: the text of DOCKER_AUTH_CONFIG */
    bool is_required;
};

struct credential_sources {
    VEC(struct source) list; /* those of the environment, in order */
    struct secret *env_text; /* DOCKER_AUTH_CONFIG; NULL: none */
    struct map *read;        /* path -> what was read */
};

struct read_file {
    struct docker_config *config; /* NULL: there is no such file */
};

static void add_source(struct credential_sources *sources, char *path, bool is_required)
{
    vec_add(&sources->list, (struct source){.path = path, .is_required = is_required});
}

struct credential_sources *credential_sources_new(const struct credential_env *env)
{
    struct credential_sources *sources = xcalloc(1, sizeof(*sources));
    sources->read = map_new();
    if (!str_empty(env->registry_auth_file) && !env->docker_only)
        add_source(sources, xstrdup(env->registry_auth_file), true);
    if (!str_empty(env->docker_auth_config)) {
        sources->env_text = secret_new(env->docker_auth_config);
        add_source(sources, NULL, true);
    }
    if (!str_empty(env->docker_config))
        add_source(sources, xasprintf("%s/config.json", env->docker_config), false);
    else if (!str_empty(env->home))
        add_source(sources, xasprintf("%s/.docker/config.json", env->home), false);
    if (env->docker_only)
        return sources;
    if (!str_empty(env->xdg_runtime_dir))
        add_source(sources, xasprintf("%s/containers/auth.json", env->xdg_runtime_dir), false);
    if (!str_empty(env->xdg_config_home))
        add_source(sources, xasprintf("%s/containers/auth.json", env->xdg_config_home), false);
    else if (!str_empty(env->home))
        add_source(sources, xasprintf("%s/.config/containers/auth.json", env->home), false);
    return sources;
}

static void read_file_free(void *value)
{
    struct read_file *file = value;
    docker_config_free(file->config);
    free(file);
}

void credential_sources_free(struct credential_sources *sources)
{
    if (!sources)
        return;
    for (size_t i = 0; i < sources->list.len; i++)
        free(sources->list.items[i].path);
    vec_done(&sources->list);
    secret_free(sources->env_text);
    map_free(sources->read, read_file_free);
    free(sources);
}

static int read_source(struct credential_sources *sources, const char *path,
                       struct docker_config **ret, struct error *err)
{
    struct secret_file file = {0};
    if (!path)
        return docker_config_parse(secret_reveal(sources->env_text), secret_len(sources->env_text),
                                   ENV_ORIGIN, ret, err);
    int result = secret_file_read(path, DOCKER_CONFIG_MAX, &file, err);
    if (result < 0 || !file.text)
        return result;
    bool is_empty = secret_len(file.text) == 0; /* as /dev/null, to say: no credentials */
    result = docker_config_parse(is_empty ? "{}" : secret_reveal(file.text),
                                 is_empty ? 2 : secret_len(file.text), path, ret, err);
    if (result == 0 && file.is_public && docker_config_has_secrets(*ret))
        log_warn(SECRET_PUBLIC_FILE_WARNING, path);
    secret_free(file.text);
    return result;
}

static const char *source_name(const struct source *source)
{
    return source->path ? source->path : ENV_ORIGIN;
}

/* The parsed file, from this run's memory when it was read before; NULL when there is none. */
static int load_source(struct credential_sources *sources, const struct source *source,
                       const struct docker_config **ret, struct error *err)
{
    const char *name = source_name(source);
    struct read_file *file = map_get(sources->read, name);
    if (!file) {
        struct docker_config *config = NULL;
        int result = read_source(sources, source->path, &config, err);
        if (result < 0)
            return result;
        file = xcalloc(1, sizeof(*file));
        file->config = config;
        map_put(sources->read, name, file);
    }
    if (!file->config && source->is_required)
        return error_set(err, ERR_CONFIG,
                         "%s: no such file: name one with credentials as docker login and podman "
                         "login write them",
                         name);
    *ret = file->config;
    return 0;
}

/* ---- the lookup ---- */

struct credential_lookup {
    struct task task;
    struct credential_sources *sources;
    char *host, *repository;
    VEC(char *) more;
    struct source flag; /* --src-authfile and the like */
    VEC(const struct source *) todo;
    int64_t helper_timeout_ms;

    size_t at; /* in `todo` */
    const struct docker_config *config;
    struct helper_op *helper;
    struct credential result;
    bool is_for_host;
};

static const struct step open_source, ask_helper, hear_helper, look_inside;

static struct credential_keys keys_of(const struct credential_lookup *lookup)
{
    return (struct credential_keys){.host = lookup->host,
                                    .repository = lookup->repository,
                                    .more = (const char *const *)lookup->more.items,
                                    .n_more = lookup->more.len};
}

static enum step_result next_source(struct credential_lookup *lookup)
{
    lookup->at++;
    return task_next(&lookup->task, &open_source);
}

static enum step_result step_open_source(struct task *task)
{
    struct credential_lookup *lookup = container_of(task, struct credential_lookup, task);
    if (lookup->at == lookup->todo.len)
        return task_end(task);
    const struct source *source = lookup->todo.items[lookup->at];
    if (load_source(lookup->sources, source, &lookup->config, &task->err) < 0) {
        error_wrap(&task->err, "credentials for %s", lookup->host);
        return task_fail(task, &task->err);
    }
    return lookup->config ? task_next(task, &ask_helper) : next_source(lookup);
}

static enum step_result step_ask_helper(struct task *task)
{
    struct credential_lookup *lookup = container_of(task, struct credential_lookup, task);
    struct credential_keys keys = keys_of(lookup);
    const char *server, *name = docker_config_helper(lookup->config, &keys, &server);
    if (!name)
        return task_next(task, &look_inside);
    lookup->helper = helper_start(task->loop, task,
                                  &(struct helper_request){
                                      .name = name,
                                      .server = server,
                                      .host = lookup->host,
                                      .origin = source_name(lookup->todo.items[lookup->at]),
                                      .timeout_ms = lookup->helper_timeout_ms,
                                  });
    return task_wait(task, &hear_helper);
}

static enum step_result step_hear_helper(struct task *task)
{
    struct credential_lookup *lookup = container_of(task, struct credential_lookup, task);
    struct task *helper = helper_task(lookup->helper);
    if (!helper->done)
        return task_wait(task, &hear_helper);
    if (helper->result < 0)
        return task_fail(task, &helper->err);
    bool found = helper_take(lookup->helper, &lookup->result);
    lookup->is_for_host = found;
    task_free(helper);
    lookup->helper = NULL;
    return found ? task_end(task) : task_next(task, &look_inside);
}

static enum step_result step_look_inside(struct task *task)
{
    struct credential_lookup *lookup = container_of(task, struct credential_lookup, task);
    struct credential_keys keys = keys_of(lookup);
    int found = docker_config_find(lookup->config, &keys, &lookup->result, &task->err);
    if (found < 0)
        return task_fail(task, &task->err);
    return found ? task_end(task) : next_source(lookup);
}

static const struct step open_source = {"open-source", step_open_source};
static const struct step ask_helper = {"ask-helper", step_ask_helper};
static const struct step hear_helper = {"hear-helper", step_hear_helper};
static const struct step look_inside = {"look-inside", step_look_inside};

static enum step_result step_given(struct task *task)
{
    return task_end(task);
}

static const struct step given = {"given", step_given};

static void lookup_release(struct task *task)
{
    struct credential_lookup *lookup = container_of(task, struct credential_lookup, task);
    task_free(helper_task(lookup->helper));
    credential_done(&lookup->result);
    for (size_t i = 0; i < lookup->more.len; i++)
        free(lookup->more.items[i]);
    vec_done(&lookup->more);
    vec_done(&lookup->todo);
    free(lookup->flag.path);
    free(lookup->host);
    free(lookup->repository);
    task_done(task);
    free(lookup);
}

static const struct task_type lookup_type = {"credentials", lookup_release};

struct credential_lookup *credential_lookup_start(struct loop *loop, struct task *parent,
                                                  struct credential_sources *sources,
                                                  const struct credential_query *query)
{
    struct credential_lookup *lookup = xcalloc(1, sizeof(*lookup));
    task_init(&lookup->task, loop, parent, &lookup_type, query->keys.host);
    lookup->sources = sources;
    lookup->host = xstrdup(query->keys.host);
    lookup->repository = xstrdup(query->keys.repository);
    for (size_t i = 0; i < query->keys.n_more; i++)
        vec_add(&lookup->more, xstrdup(query->keys.more[i]));
    lookup->flag = (struct source){.path = xstrdup(query->auth_file), .is_required = true};
    if (query->auth_file)
        vec_add(&lookup->todo, &lookup->flag);
    for (size_t i = 0; i < sources->list.len; i++)
        vec_add(&lookup->todo, &sources->list.items[i]);
    lookup->helper_timeout_ms = query->helper_timeout_ms;
    if (query->given)
        lookup->result = credential_copy(query->given);
    lookup->is_for_host = query->given;
    task_start(&lookup->task, query->given ? &given : &open_source);
    return lookup;
}

struct task *credential_lookup_task(struct credential_lookup *lookup)
{
    return lookup ? &lookup->task : NULL;
}

bool credential_lookup_is_for_host(const struct credential_lookup *lookup)
{
    return lookup->is_for_host;
}

const struct credential *credential_lookup_result(const struct credential_lookup *lookup)
{
    return &lookup->result;
}
