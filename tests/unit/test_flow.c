/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows of a driver made on the spot. A script says which effect each step asks for; what the
 * driver was told is written down. First without a loop, on results made up here; then carried
 * out for real: files, programs, and HTTP against a child process that answers by rote.
 */
#include "driver/flow.h"

#include "base/str.h"
#include "driver/host.h"
#include "net/http.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRIPT_MAX 8

/* The driver's side. */
static struct {
    struct ocync_effect script[SCRIPT_MAX];
    size_t next;
    bool repeat; /* the first effect, for ever */
    int begin_returns, step_returns;
    const char *saying; /* through host->error */
    int begun, ended;
    char told[4096]; /* one line for each result */
} play;

static struct driver driver;
static struct driver_instance *instance;

static int play_begin(void *self, struct ocync_object *object, const void *args, void **ret_state)
{
    (void)self, (void)object, (void)args;
    *ret_state = &play;
    play.begun++;
    return play.begin_returns;
}

static int play_step(void *self, struct ocync_object *object, void *state,
                     const struct ocync_result *result, struct ocync_effect *effect)
{
    (void)self;
    assert_ptr_equal(state, &play);
    assert_int_equal(result->struct_size, sizeof(*result));
    assert_int_equal(effect->struct_size, sizeof(*effect));
    assert_int_equal(effect->kind, 0);
    size_t used = strlen(play.told);
    snprintf(play.told + used, sizeof(play.told) - used, "%u:%d:%d:%s\n", result->kind,
             result->error, result->status,
             result->error_text ? result->error_text
             : result->text     ? result->text
                                : "-");
    if (play.saying)
        return host_table.error(object, play.step_returns, "%s", play.saying);
    uint32_t size = effect->struct_size;
    *effect = play.script[play.repeat ? 0 : play.next++];
    effect->struct_size = size;
    return play.step_returns;
}

static void play_end(void *self, struct ocync_object *object, void *state)
{
    (void)self, (void)object;
    assert_ptr_equal(state, &play);
    play.ended++;
}

static const struct ocync_flow flow = {
    .struct_size = sizeof(flow), .begin = play_begin, .step = play_step, .end = play_end};

static int set_up(void **state)
{
    (void)state;
    memset(&play, 0, sizeof(play));
    driver = (struct driver){.api = {.name = "play", .version = "1", .hosts = "*"}};
    driver.auth = flow;
    driver.api.auth = &driver.auth;
    const struct driver_request request = {.host = "registry.example"};
    return driver_instance_new(&driver, &request, &instance, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    driver_instance_free(instance);
    return 0;
}

/* ---- Without a loop ------------------------------------------------------------------------ */

static void steps_through_a_table(void **state)
{
    (void)state;
    static const struct ocync_result answers[] = {
        {.status = 200, .text = "{\"token\":\"t\"}", .text_len = 13},
        {.error = OCYNC_ERR_TRANSIENT, .error_text = "connection refused"},
    };
    play.script[0] = (struct ocync_effect){.kind = OCYNC_EFFECT_HTTP, .url = "https://x/t"};
    play.script[1] = (struct ocync_effect){.kind = OCYNC_EFFECT_ENV, .text = "HOME"};
    play.script[2] = (struct ocync_effect){.kind = OCYNC_EFFECT_DONE, .text = "t"};
    struct flow_machine machine;
    assert_int_equal(flow_machine_begin(&machine, instance, &flow, "auth", NULL, NULL), 0);
    assert_int_equal(flow_machine_step(&machine, NULL, NULL), 0);
    assert_int_equal(machine.effect.kind, OCYNC_EFFECT_HTTP);
    assert_string_equal(machine.effect.method, "GET");
    assert_int_equal(machine.effect.cap, FLOW_CAP_DEFAULT);
    assert_int_equal(flow_machine_step(&machine, &answers[0], NULL), 0);
    assert_int_equal(machine.effect.kind, OCYNC_EFFECT_ENV);
    assert_int_equal(flow_machine_step(&machine, &answers[1], NULL), 0);
    assert_int_equal(machine.effect.kind, OCYNC_EFFECT_DONE);
    assert_string_equal(play.told, "0:0:0:-\n3:0:200:{\"token\":\"t\"}\n"
                                   "5:-6:0:connection refused\n");
    flow_machine_end(&machine);
    flow_machine_end(&machine);
    assert_int_equal(play.ended, 1);
}

static void begins_and_ends_in_pairs(void **state)
{
    (void)state;
    struct flow_machine machine;
    struct error err = ERROR_INIT;
    play.begin_returns = OCYNC_ERR_AUTH;
    assert_int_equal(flow_machine_begin(&machine, instance, &flow, "auth", NULL, &err), ERR_AUTH);
    assert_non_null(strstr(err.text, "`begin` of driver play failed (-2)"));
    flow_machine_end(&machine);
    assert_int_equal(play.begun, 1);
    assert_int_equal(play.ended, 0);
}

static const char *const some_argv[] = {"true", NULL};
static const char *const empty_argv[] = {"", NULL};
static const char *many_argv[FLOW_LIST_MAX + 2];
static const struct ocync_header bad_name[] = {{"a b", "v"}}, bad_value[] = {{"a", "v\r\nb: c"}},
                                 no_value[] = {{"a", NULL}}, fine[] = {{"X-A", "v w"}};

static void judges_effects(void **state)
{
    (void)state;
    for (size_t i = 0; i <= FLOW_LIST_MAX; i++)
        many_argv[i] = "x";
#define HTTP .kind = OCYNC_EFFECT_HTTP, .url = "https://x/t"
    const struct {
        struct ocync_effect effect;
        int class;
        const char *said;
    } cases[] = {
        {{.kind = 99}, ERR_PLUGIN, "asks for effect 99, which this ocync (driver ABI 1.0)"},
        {{.kind = 0}, ERR_PLUGIN, "asks for effect 0"},
        {{.kind = OCYNC_EFFECT_FAIL, .error = OCYNC_ERR_DENIED, .text = "go away"},
         ERR_DENIED,
         "registry.example: go away"},
        {{.kind = OCYNC_EFFECT_FAIL}, ERR_INTERNAL, "does not say why"},
        {{HTTP, .headers = fine, .n_headers = 1}, 0, NULL},
        {{HTTP, .credential = OCYNC_CREDENTIAL_BEARER}, 0, NULL},
        {{HTTP, .credential = OCYNC_CREDENTIAL_SIGV4}, ERR_PLUGIN, "kind of credential"},
        {{HTTP, .method = "get"}, ERR_PLUGIN, "method"},
        {{HTTP, .method = "GET /x HTTP/1.1\r\n"}, ERR_PLUGIN, "method"},
        {{HTTP, .headers = bad_name, .n_headers = 1}, ERR_PLUGIN, "headers"},
        {{HTTP, .headers = bad_value, .n_headers = 1}, ERR_PLUGIN, "headers"},
        {{HTTP, .headers = no_value, .n_headers = 1}, ERR_PLUGIN, "headers"},
        {{HTTP, .headers = fine, .n_headers = 65}, ERR_PLUGIN, "64 headers"},
        {{HTTP, .body_len = 1}, ERR_PLUGIN, "no body"},
        {{HTTP, .body = "x", .body_len = FLOW_BODY_MAX + 1}, ERR_PLUGIN, "1 MiB"},
        {{.kind = OCYNC_EFFECT_HTTP}, ERR_PLUGIN, "url"},
        {{.kind = OCYNC_EFFECT_HTTP, .url = "/relative"}, ERR_PLUGIN, "url"},
        {{.kind = OCYNC_EFFECT_HTTP, .url = "file:///etc/passwd"}, ERR_PLUGIN, "url"},
        {{.kind = OCYNC_EFFECT_FILE, .text = "/x"}, 0, NULL},
        {{.kind = OCYNC_EFFECT_FILE}, ERR_PLUGIN, "its FILE effect is malformed: it names no path"},
        {{.kind = OCYNC_EFFECT_ENV, .text = "A=B"}, ERR_PLUGIN, "variable"},
        {{.kind = OCYNC_EFFECT_ENV, .text = ""}, ERR_PLUGIN, "variable"},
        {{.kind = OCYNC_EFFECT_EXEC, .argv = some_argv}, 0, NULL},
        {{.kind = OCYNC_EFFECT_EXEC}, ERR_PLUGIN, "program"},
        {{.kind = OCYNC_EFFECT_EXEC, .argv = empty_argv}, ERR_PLUGIN, "program"},
        {{.kind = OCYNC_EFFECT_EXEC, .argv = many_argv}, ERR_PLUGIN, "64 arguments"},
        {{.kind = OCYNC_EFFECT_SLEEP, .duration_ms = FLOW_SLEEP_TOTAL_MS}, 0, NULL},
        {{.kind = OCYNC_EFFECT_SLEEP, .duration_ms = FLOW_SLEEP_TOTAL_MS + 1},
         ERR_PLUGIN,
         "10 minutes"},
        {{.kind = OCYNC_EFFECT_SLEEP, .duration_ms = -1}, ERR_PLUGIN, "negative"},
        {{.kind = OCYNC_EFFECT_ROW, .row = some_argv, .n_row = 1}, 0, NULL},
        {{.kind = OCYNC_EFFECT_ROW}, ERR_PLUGIN, "columns"},
    };
#undef HTTP
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct flow_machine machine;
        struct error err = ERROR_INIT;
        play.next = 0;
        play.script[0] = cases[i].effect;
        flow_machine_begin(&machine, instance, &flow, "auth", NULL, NULL);
        assert_int_equal(flow_machine_step(&machine, NULL, &err), cases[i].class);
        if (cases[i].said)
            assert_non_null(strstr(err.text, cases[i].said));
        flow_machine_end(&machine);
    }
}

static void bounds_what_it_hands_out(void **state)
{
    (void)state;
    struct ocync_effect effect = {
        .kind = OCYNC_EFFECT_EXEC, .argv = some_argv, .cap = SIZE_MAX, .duration_ms = INT64_MAX};
    struct flow_machine machine;
    play.script[0] = effect;
    flow_machine_begin(&machine, instance, &flow, "auth", NULL, NULL);
    assert_int_equal(flow_machine_step(&machine, NULL, NULL), 0);
    assert_int_equal(machine.effect.cap, FLOW_CAP_MAX);
    assert_int_equal(machine.effect.duration_ms, FLOW_EXEC_MAX_MS);
    flow_machine_end(&machine);
}

static void stops_endless_flows(void **state)
{
    (void)state;
    static const struct {
        struct ocync_effect effect;
        size_t limit;
        const char *said;
    } cases[] = {
        {{.kind = OCYNC_EFFECT_ENV, .text = "A"}, FLOW_EFFECTS_MAX, "64 effects"},
        {{.kind = OCYNC_EFFECT_SLEEP}, FLOW_SLEEPS_MAX, "1000 times"},
        {{.kind = OCYNC_EFFECT_SLEEP, .duration_ms = 60000}, 10, "10 minutes"},
        {{.kind = OCYNC_EFFECT_ROW, .row = some_argv, .n_row = 1}, FLOW_ROWS_MAX, "rows"},
    };
    static const struct ocync_result nothing;
    play.repeat = true;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct flow_machine machine;
        struct error err = ERROR_INIT;
        play.script[0] = cases[i].effect;
        flow_machine_begin(&machine, instance, &flow, "auth", NULL, NULL);
        size_t n = 0;
        while (flow_machine_step(&machine, n ? &nothing : NULL, &err) == 0)
            n++;
        assert_int_equal(n, cases[i].limit);
        assert_int_equal(err.class, ERR_PLUGIN);
        assert_non_null(strstr(err.text, cases[i].said));
        flow_machine_end(&machine);
    }
}

static void passes_on_what_the_driver_says(void **state)
{
    (void)state;
    struct flow_machine machine;
    struct error err = ERROR_INIT;
    flow_machine_begin(&machine, instance, &flow, "auth", NULL, NULL);
    play.step_returns = OCYNC_ERR_AUTH;
    play.saying = "log in again";
    assert_int_equal(flow_machine_step(&machine, NULL, &err), ERR_AUTH);
    assert_string_equal(err.text, "registry.example: log in again");
    play.saying = NULL;
    play.step_returns = OCYNC_ERR_PROTOCOL;
    assert_int_equal(flow_machine_step(&machine, NULL, &err), ERR_PROTOCOL);
    assert_non_null(strstr(err.text, "`step` of driver play failed (-7)"));
    flow_machine_end(&machine);
}

/* ---- Carried out --------------------------------------------------------------------------- */

static struct loop *loop;
static pid_t server;
static char url[64], folder[64];
static const struct http_settings settings = {.connect_ms = 5000, .stall_ms = 5000};
static struct {
    int attached, refuse;
    uint32_t credential;
    char url[128];
    int rows;
    char row[128];
} hooked;

static int hook_attach(void *arg, uint32_t credential, const char *to, struct curl_slist **headers,
                       struct error *err)
{
    (void)arg;
    hooked.attached++;
    hooked.credential = credential;
    snprintf(hooked.url, sizeof(hooked.url), "%s", to);
    if (hooked.refuse)
        return error_set(err, ERR_AUTH, "not to %s", to);
    *headers = curl_slist_append(*headers, "Authorization: Basic dTpw");
    return 0;
}

static int hook_row(void *arg, const char *const *row, size_t n_row, struct error *err)
{
    (void)arg;
    hooked.rows++;
    snprintf(hooked.row, sizeof(hooked.row), "%s %zu", row[0], n_row);
    return hooked.refuse ? error_set(err, ERR_IO, "no room") : 0;
}

/* Answers with the request it got, or with a redirect for /away. */
static void answer(int fd)
{
    char request[4096] = "", reply[8192];
    size_t len = 0;
    ssize_t n;
    while (!strstr(request, "END") && (n = read(fd, request + len, sizeof(request) - len - 1)) > 0)
        len += (size_t)n;
    const char *status = strstr(request, "/away") ? "307 Away\r\nLocation: http://127.0.0.1:1/"
                                                  : "200 OK\r\nX-Odd: Value";
    snprintf(reply, sizeof(reply),
             "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, len,
             request);
    if (write(fd, reply, strlen(reply)) < 0)
        _exit(1);
    close(fd);
}

static int start_server(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, 8) ||
        getsockname(fd, (struct sockaddr *)&address, &len))
        return -1;
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(address.sin_port));
    server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that aborts must not leave it behind */
        for (int one; (one = accept(fd, NULL, NULL)) >= 0;)
            answer(one);
        _exit(0);
    }
    close(fd);
    return server < 0 ? -1 : 0;
}

static int set_up_all(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/ocync-flow-XXXXXX");
    if (!mkdtemp(folder) || start_server() || http_global_init(NULL))
        return -1;
    loop = loop_new(NULL);
    return loop ? 0 : -1;
}

static int tear_down_all(void **state)
{
    (void)state;
    loop_free(loop);
    http_global_done();
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return rmdir(folder);
}

static int set_up_hooks(void **state)
{
    memset(&hooked, 0, sizeof(hooked));
    return set_up(state);
}

static const struct flow_hooks hooks = {.http = &settings, .attach = hook_attach, .row = hook_row};

static bool is_done(void *arg)
{
    return ((const struct task *)arg)->done;
}

static struct flow_op *run_flow(const struct flow_hooks *with)
{
    static struct ocync_token_args args;
    struct flow_op *op = driver_auth_start(loop, NULL, instance, &args, with);
    loop_run(loop, is_done, flow_task(op));
    return op;
}

/* Runs one effect and then DONE; what the driver was told of it. */
static const char *told_of(struct ocync_effect effect, const struct flow_hooks *with)
{
    play.next = 0;
    play.told[0] = '\0';
    play.script[0] = effect;
    play.script[1] = (struct ocync_effect){.kind = OCYNC_EFFECT_DONE, .text = "token"};
    struct flow_op *op = run_flow(with);
    assert_int_equal(flow_task(op)->result, 0);
    task_free(flow_task(op));
    assert_true(str_has_prefix(play.told, "0:0:0:-\n"));
    return play.told + strlen("0:0:0:-\n");
}

static void sends_requests(void **state)
{
    (void)state;
    _cleanup_free_ char *token = xasprintf("%s/token?a=b", url), *away = xasprintf("%s/away", url);
    static const struct ocync_header headers[] = {{"X-One", "1"}, {"X-None", ""}};
    struct ocync_effect effect = {.kind = OCYNC_EFFECT_HTTP,
                                  .method = "POST",
                                  .url = token,
                                  .credential = OCYNC_CREDENTIAL_BASIC,
                                  .headers = headers,
                                  .n_headers = 2,
                                  .body = "k=v&END",
                                  .body_len = 7};
    const char *told = told_of(effect, &hooks);
    assert_true(str_has_prefix(told, "3:0:200:POST /token?a=b HTTP/1.1"));
    assert_non_null(strstr(told, "\nX-One: 1\r"));
    assert_non_null(strstr(told, "\nX-None:\r"));
    assert_non_null(strstr(told, "\nAuthorization: Basic dTpw\r"));
    assert_non_null(strstr(told, "\r\n\r\nk=v&END"));
    assert_int_equal(hooked.credential, OCYNC_CREDENTIAL_BASIC);
    assert_string_equal(hooked.url, token);
    /* A redirect is an answer like any other. */
    effect.url = away;
    effect.credential = OCYNC_CREDENTIAL_NONE;
    told = told_of(effect, &hooks);
    assert_true(str_has_prefix(told, "3:0:307:POST /away"));
    assert_null(strstr(told, "Authorization"));
    assert_int_equal(hooked.attached, 1);
}

static void tells_why_no_request_was_made(void **state)
{
    (void)state;
    struct ocync_effect effect = {.kind = OCYNC_EFFECT_HTTP,
                                  .url = "http://127.0.0.1:1/",
                                  .credential = OCYNC_CREDENTIAL_BASIC};
    static const struct flow_hooks none;
    static const struct flow_hooks no_credentials = {.http = &settings};
    hooked.refuse = 1;
    assert_string_equal(told_of(effect, &hooks), "3:-2:0:not to http://127.0.0.1:1/\n");
    hooked.refuse = 0;
    assert_true(str_has_prefix(told_of(effect, &hooks), "3:-6:0:"));
    assert_true(str_has_prefix(told_of(effect, &none), "3:-10:0:"));
    assert_true(str_has_prefix(told_of(effect, &no_credentials), "3:-2:0:no credential may be"));
    _cleanup_free_ char *large = xasprintf("%s/large", url);
    effect = (struct ocync_effect){.kind = OCYNC_EFFECT_HTTP,
                                   .method = "POST",
                                   .url = large,
                                   .body = "END",
                                   .body_len = 3,
                                   .cap = 10};
    assert_true(str_has_prefix(told_of(effect, &hooks), "3:-1:"));
}

static void reads_files(void **state)
{
    (void)state;
    _cleanup_free_ char *path = xasprintf("%s/file", folder), *missing = xasprintf("%s/no", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("content", file);
    fclose(file);
    struct ocync_effect effect = {.kind = OCYNC_EFFECT_FILE, .text = path};
    assert_string_equal(told_of(effect, &hooks), "4:0:0:content\n");
    effect.cap = 7;
    assert_string_equal(told_of(effect, &hooks), "4:0:0:content\n");
    effect.cap = 6;
    assert_non_null(strstr(told_of(effect, &hooks), "4:-1:0:"));
    assert_non_null(strstr(play.told, "larger than the driver expects"));
    effect.text = missing;
    assert_string_equal(told_of(effect, &hooks), "4:0:0:-\n");
    effect.text = folder;
    assert_non_null(strstr(told_of(effect, &hooks), "not a regular file"));
    assert_int_equal(remove(path), 0);
}

static void reads_the_environment(void **state)
{
    (void)state;
    setenv("OCYNC_TEST_FLOW", "value", 1);
    struct ocync_effect effect = {.kind = OCYNC_EFFECT_ENV, .text = "OCYNC_TEST_FLOW"};
    assert_string_equal(told_of(effect, &hooks), "5:0:0:value\n");
    unsetenv("OCYNC_TEST_FLOW");
    assert_string_equal(told_of(effect, &hooks), "5:0:0:-\n");
}

static void runs_programs(void **state)
{
    (void)state;
    static const char *const cat[] = {"cat", NULL}, *const fails[] = {"false", NULL},
                             *const none[] = {"/no/such/program", NULL};
    struct ocync_effect effect = {
        .kind = OCYNC_EFFECT_EXEC, .argv = cat, .body = "input", .body_len = 5};
    assert_string_equal(told_of(effect, &hooks), "6:0:0:input\n");
    effect = (struct ocync_effect){.kind = OCYNC_EFFECT_EXEC, .argv = fails};
    assert_true(str_has_prefix(told_of(effect, &hooks), "6:0:1:"));
    effect.argv = none;
    assert_true(str_has_prefix(told_of(effect, &hooks), "6:-4:0:"));
}

static void sleeps_and_delivers(void **state)
{
    (void)state;
    struct ocync_effect effect = {.kind = OCYNC_EFFECT_SLEEP, .duration_ms = 1};
    assert_string_equal(told_of(effect, &hooks), "7:0:0:-\n");
    effect = (struct ocync_effect){.kind = OCYNC_EFFECT_ROW, .row = some_argv, .n_row = 1};
    assert_string_equal(told_of(effect, &hooks), "8:0:0:-\n");
    assert_string_equal(hooked.row, "true 1");
    assert_int_equal(hooked.rows, 1);
}

static void fails_where_rows_are_not_taken(void **state)
{
    (void)state;
    static const struct flow_hooks none;
    play.script[0] = (struct ocync_effect){.kind = OCYNC_EFFECT_ROW, .row = some_argv, .n_row = 1};
    struct flow_op *op = run_flow(&none);
    assert_int_equal(flow_task(op)->result, ERR_PLUGIN);
    assert_non_null(strstr(flow_task(op)->err.text, "rows, which nobody takes"));
    task_free(flow_task(op));
    play.next = 0;
    hooked.refuse = 1;
    op = run_flow(&hooks);
    assert_int_equal(flow_task(op)->result, ERR_IO);
    task_free(flow_task(op));
    assert_int_equal(play.ended, 2);
}

static void ends_with_a_token(void **state)
{
    (void)state;
    play.script[0] = (struct ocync_effect){.kind = OCYNC_EFFECT_DONE,
                                           .text = "abc.def",
                                           .authorization = "Basic",
                                           .refresh_token = "again",
                                           .duration_ms = 300000};
    struct flow_op *op = run_flow(&hooks);
    assert_int_equal(flow_task(op)->result, 0);
    assert_int_equal(play.ended, 1);
    const struct flow_token *token = flow_token(op);
    assert_string_equal(secret_reveal(token->text), "abc.def");
    assert_string_equal(secret_reveal(token->refresh), "again");
    assert_string_equal(token->scheme, "Basic");
    assert_int_equal(token->lifetime_ms, 300000);
    task_free(flow_task(op));
    play.next = 0;
    play.script[0] = (struct ocync_effect){.kind = OCYNC_EFFECT_DONE, .text = "x"};
    op = run_flow(&hooks);
    assert_string_equal(flow_token(op)->scheme, "Bearer");
    assert_int_equal(flow_token(op)->lifetime_ms, FLOW_LIFETIME_DEFAULT_MS);
    assert_null(flow_token(op)->refresh);
    task_free(flow_task(op));
}

static void refuses_tokens_that_break_headers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme;
    } cases[] = {{NULL, NULL}, {"", NULL}, {"a\r\nb", NULL}, {"a b", NULL}, {"a", "Basic x"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        play.next = 0;
        play.script[0] = (struct ocync_effect){
            .kind = OCYNC_EFFECT_DONE, .text = cases[i].text, .authorization = cases[i].scheme};
        struct flow_op *op = run_flow(&hooks);
        assert_int_equal(flow_task(op)->result, ERR_PLUGIN);
        assert_non_null(strstr(flow_task(op)->err.text, "without a token"));
        task_free(flow_task(op));
    }
}

static bool has_asked(void *arg)
{
    (void)arg;
    return play.next > 0;
}

/* A cancelled flow: whatever it waits for goes with it, and the driver is told. */
static void can_be_dropped_at_any_time(void **state)
{
    (void)state;
    static const char *const sleeper[] = {"sleep", "60", NULL};
    static struct ocync_token_args args;
    const struct ocync_effect effects[] = {
        {.kind = OCYNC_EFFECT_SLEEP, .duration_ms = 60000},
        {.kind = OCYNC_EFFECT_EXEC, .argv = sleeper},
        {.kind = OCYNC_EFFECT_HTTP, .url = url},
        {.kind = OCYNC_EFFECT_FILE, .text = "/etc/passwd"},
    };
    for (size_t i = 0; i < ARRAY_LEN(effects); i++) {
        play.next = 0;
        play.script[0] = effects[i];
        struct flow_op *op = driver_auth_start(loop, NULL, instance, &args, &hooks);
        loop_run(loop, has_asked, NULL);
        task_free(flow_task(op));
        assert_int_equal(play.ended, i + 1);
    }
    task_free(flow_task(driver_auth_start(loop, NULL, instance, &args, &hooks)));
    assert_int_equal(play.ended, ARRAY_LEN(effects));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_hooks, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(steps_through_a_table),
        TEST(begins_and_ends_in_pairs),
        TEST(judges_effects),
        TEST(bounds_what_it_hands_out),
        TEST(stops_endless_flows),
        TEST(passes_on_what_the_driver_says),
        TEST(sends_requests),
        TEST(tells_why_no_request_was_made),
        TEST(reads_files),
        TEST(reads_the_environment),
        TEST(runs_programs),
        TEST(sleeps_and_delivers),
        TEST(fails_where_rows_are_not_taken),
        TEST(ends_with_a_token),
        TEST(refuses_tokens_that_break_headers),
        TEST(can_be_dropped_at_any_time),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
