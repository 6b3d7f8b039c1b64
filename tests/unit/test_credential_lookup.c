/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_fixture.h"

#include "auth/lookup.h"

/* Files below the folder of the test that hold, for r.example, a user named like the source. */
static const struct source_file {
    const char *user, *path;
} files[] = {
    {"flag", "flag.json"},
    {"regfile", "regfile.json"},
    {"dockerdir", "dc/config.json"},
    {"dockerhome", "home/.docker/config.json"},
    {"runtime", "run/containers/auth.json"},
    {"xdg", "xdg/containers/auth.json"},
    {"confighome", "home/.config/containers/auth.json"},
};

static void write_entry(const char *path, const char *user, mode_t mode)
{
    _cleanup_free_ char *text =
        xasprintf("{\"auths\":{\"r.example\":{\"username\":\"%s\",\"password\":\"p\"}}}", user);
    fixture_write(path, mode, text);
}

/* Sources by letter: f flag, R REGISTRY_AUTH_FILE, E DOCKER_AUTH_CONFIG, D DOCKER_CONFIG, H HOME,
 * U XDG_RUNTIME_DIR, X XDG_CONFIG_HOME. */
struct world {
    char *flag, *regfile, *dockerdir, *home, *runtime, *xdg;
    const char *letters;
};

static void world_init(struct world *w, const char *letters)
{
    *w = (struct world){.flag = fixture_path("flag.json"),
                        .regfile = fixture_path("regfile.json"),
                        .dockerdir = fixture_path("dc"),
                        .home = fixture_path("home"),
                        .runtime = fixture_path("run"),
                        .xdg = fixture_path("xdg"),
                        .letters = letters};
}

static void world_done(struct world *w)
{
    free(w->flag);
    free(w->regfile);
    free(w->dockerdir);
    free(w->home);
    free(w->runtime);
    free(w->xdg);
}

static const char *if_set(const struct world *w, char letter, const char *value)
{
    return strchr(w->letters, letter) ? value : NULL;
}

static struct credential_sources *sources_of(const struct world *w)
{
    return credential_sources_new(&(struct credential_env){
        .registry_auth_file = if_set(w, 'R', w->regfile),
        .docker_auth_config =
            if_set(w, 'E', "{\"auths\":{\"r.example\":{\"username\":\"env\",\"password\":\"p\"}}}"),
        .docker_config = if_set(w, 'D', w->dockerdir),
        .home = if_set(w, 'H', w->home),
        .xdg_runtime_dir = if_set(w, 'U', w->runtime),
        .xdg_config_home = if_set(w, 'X', w->xdg),
    });
}

static struct credential_lookup *look(struct credential_sources *sources, const char *host,
                                      const char *auth_file, const struct credential *given)
{
    struct credential_query query = {.keys = {.host = host, .repository = "a/b"},
                                     .given = given,
                                     .auth_file = auth_file,
                                     .helper_timeout_ms = 20000};
    struct credential_lookup *lookup = credential_lookup_start(fixture_loop, NULL, sources, &query);
    fixture_run(credential_lookup_task(lookup));
    return lookup;
}

static const struct {
    const char *letters, *missing; /* a user of `files` whose file is not there */
    const char *user;              /* NULL: anonymous */
} orders[] = {
    {"fREDHUX", NULL, "flag"},
    {"REDHUX", NULL, "regfile"},
    {"EDHUX", NULL, "env"},
    {"DHUX", NULL, "dockerdir"},
    {"HUX", NULL, "dockerhome"},
    {"HUX", "dockerhome", "runtime"},
    {"DHUX", "dockerdir", "runtime"},
    {"UX", NULL, "runtime"},
    {"UX", "runtime", "xdg"},
    {"X", NULL, "xdg"},
    {"HX", "dockerhome", "xdg"},
    {"H", "dockerhome", "confighome"},
    {"HX", "xdg", "dockerhome"},
    {"", NULL, NULL},
    {"X", "xdg", NULL},
};

static void test_order_of_sources(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct world w;
        world_init(&w, orders[i].letters);
        for (size_t k = 0; k < ARRAY_LEN(files); k++) {
            _cleanup_free_ char *path = fixture_path(files[k].path);
            if (str_eq(files[k].user, orders[i].missing))
                unlink(path);
            else
                write_entry(files[k].path, files[k].user, 0600);
        }
        struct credential_sources *sources = sources_of(&w);
        struct credential_lookup *lookup =
            look(sources, "r.example", if_set(&w, 'f', w.flag), NULL);
        const struct credential *c = credential_lookup_result(lookup);
        assert_int_equal(credential_lookup_task(lookup)->result, 0);
        if (!str_eq(c->username, orders[i].user))
            fail_msg("%s: %s", orders[i].letters, c->username ? c->username : "anonymous");
        assert_int_equal(c->kind, orders[i].user ? CREDENTIAL_BASIC : CREDENTIAL_ANONYMOUS);
        task_free(credential_lookup_task(lookup));
        credential_sources_free(sources);
        world_done(&w);
    }
}

/* Files that lack the key do not end the search. */
static void test_first_that_has_the_key(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "REDHU");
    fixture_write("flag.json", 0600, "{}");
    fixture_write("regfile.json", 0600, "");
    fixture_write("dc/config.json", 0600, "{\"auths\":{\"r.example\":{}}}");
    fixture_write("run/containers/auth.json", 0600,
                  "{\"auths\":{\"q.example/a\":{\"auth\":\"dTpw\"}}}");
    struct credential_sources *sources = sources_of(&w);
    struct credential_lookup *lookup = look(sources, "q.example", w.flag, NULL);
    const struct credential *c = credential_lookup_result(lookup);
    assert_int_equal(credential_lookup_task(lookup)->result, 0);
    assert_string_equal(c->username, "u");
    assert_true(str_has_suffix(c->origin, "run/containers/auth.json"));
    task_free(credential_lookup_task(lookup));
    credential_sources_free(sources);
    world_done(&w);
}

static void test_given_wins(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "E");
    struct credential_sources *sources = sources_of(&w);
    struct credential anonymous = {0}, basic = {0};
    assert_int_equal(credential_set(&basic, "me", "p", 1, "--src-creds-file", NULL), 0);
    struct credential_lookup *lookup = look(sources, "r.example", "/nonexistent", &basic);
    assert_int_equal(credential_lookup_task(lookup)->result, 0);
    assert_string_equal(credential_lookup_result(lookup)->username, "me");
    task_free(credential_lookup_task(lookup));
    lookup = look(sources, "r.example", NULL, &anonymous);
    assert_int_equal(credential_lookup_result(lookup)->kind, CREDENTIAL_ANONYMOUS);
    task_free(credential_lookup_task(lookup));
    credential_done(&basic);
    credential_sources_free(sources);
    world_done(&w);
}

static void assert_fails(const char *letters, const char *auth_file, int class, const char *says)
{
    struct world w;
    world_init(&w, letters);
    struct credential_sources *sources = sources_of(&w);
    struct credential_lookup *lookup = look(sources, "q.example", auth_file, NULL);
    const struct task *task = credential_lookup_task(lookup);
    if (task->result != class)
        fail_msg("%s: %d %s", says, task->result, task->err.text);
    if (!strstr(task->err.text, says))
        fail_msg("%s: %s", says, task->err.text);
    assert_non_null(strstr(task->err.text, "q.example"));
    task_free(credential_lookup_task(lookup));
    credential_sources_free(sources);
    world_done(&w);
}

static void test_named_files_must_exist(void **state)
{
    (void)state;
    assert_fails("", "/nonexistent/auth.json", ERR_CONFIG, "/nonexistent/auth.json");
    assert_fails("R", NULL, ERR_CONFIG, "regfile.json: no such file");
}

static void test_broken_files_are_errors(void **state)
{
    (void)state;
    fixture_write("home/.docker/config.json", 0600, "{\n\"auths\": oops}");
    assert_fails("H", NULL, ERR_CONFIG, "config.json: malformed JSON at line 2");
    _cleanup_free_ char *path = fixture_path("dc/config.json");
    fixture_write("dc/x", 0600, "");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_fails("D", NULL, ERR_CONFIG, "dc/config.json: Is a directory");
}

static void test_helpers(void **state)
{
    (void)state;
    _cleanup_free_ char *path = xasprintf("%s:/usr/bin:/bin", fixture_dir);
    setenv("PATH", path, 1);
    fixture_write("docker-credential-has", 0700,
                  "#!/bin/sh\nread host\necho \"{\\\"Username\\\":\\\"at-$host\\\","
                  "\\\"Secret\\\":\\\"s\\\"}\"\n");
    fixture_write("docker-credential-none", 0700,
                  "#!/bin/sh\necho credentials not found in native keychain; exit 1\n");
    fixture_write("docker-credential-fails", 0700, "#!/bin/sh\necho locked; exit 1\n");
    static const struct {
        const char *config;
        int result;
        const char *user;
    } cases[] = {
        {"{\"credHelpers\":{\"q.example\":\"has\"}}", 0, "at-q.example"},
        {"{\"credsStore\":\"has\",\"auths\":{\"q.example\":{}}}", 0, "at-q.example"},
        {"{\"credsStore\":\"fails\",\"credHelpers\":{\"q.example\":\"has\"}}", 0, "at-q.example"},
        {"{\"credsStore\":\"has\",\"auths\":{\"q.example\":{\"auth\":\"dTpw\"}}}", 0,
         "at-q.example"},
        {"{\"credsStore\":\"none\",\"auths\":{\"q.example\":{\"auth\":\"dTpw\"}}}", 0, "u"},
        {"{\"credHelpers\":{\"r.example\":\"fails\"}}", 0, NULL},
        {"{\"credsStore\":\"none\"}", 0, NULL},
        {"{\"credHelpers\":{\"q.example\":\"fails\"},\"auths\":{\"q.example\":{\"auth\":"
         "\"dTpw\"}}}",
         ERR_AUTH, NULL},
        {"{\"credsStore\":\"absent\",\"auths\":{\"q.example\":{\"auth\":\"dTpw\"}}}", ERR_CONFIG,
         NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        world_init(&w, "D");
        fixture_write("dc/config.json", 0600, cases[i].config);
        struct credential_sources *sources = sources_of(&w);
        struct credential_lookup *lookup = look(sources, "q.example", NULL, NULL);
        const struct task *task = credential_lookup_task(lookup);
        if (task->result != cases[i].result)
            fail_msg("%s: %d %s", cases[i].config, task->result, task->err.text);
        const char *user = credential_lookup_result(lookup)->username;
        if (!str_eq(user, cases[i].user))
            fail_msg("%s: %s", cases[i].config, user ? user : "anonymous");
        task_free(credential_lookup_task(lookup));
        credential_sources_free(sources);
        world_done(&w);
    }
}

static void test_warns_once_of_public_files(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "DU");
    write_entry("dc/config.json", "u", 0604);
    fixture_write("run/containers/auth.json", 0644, "{}"); /* no secrets */
    struct credential_sources *sources = sources_of(&w);
    for (int i = 0; i < 2; i++) {
        task_free(credential_lookup_task(look(sources, "r.example", NULL, NULL)));
        task_free(credential_lookup_task(look(sources, "other.example", NULL, NULL)));
    }
    assert_int_equal(fixture_lines, 1);
    credential_sources_free(sources);
    world_done(&w);
}

static void test_cancelling(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, "E");
    struct credential_sources *sources = sources_of(&w);
    struct credential_query query = {.keys = {.host = "r.example"}};
    task_free(credential_lookup_task(credential_lookup_start(fixture_loop, NULL, sources, &query)));
    credential_sources_free(sources);
    world_done(&w);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_order_of_sources),
        WITH_FIXTURE(test_first_that_has_the_key),
        WITH_FIXTURE(test_given_wins),
        WITH_FIXTURE(test_named_files_must_exist),
        WITH_FIXTURE(test_broken_files_are_errors),
        WITH_FIXTURE(test_helpers),
        WITH_FIXTURE(test_warns_once_of_public_files),
        WITH_FIXTURE(test_cancelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
