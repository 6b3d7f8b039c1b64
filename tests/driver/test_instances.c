/* SPDX-License-Identifier: Apache-2.0 */
/* Real drivers at work: sizes of other headers, profiles, verdicts, and flows. */
#include "folders.h"

#include "base/str.h"
#include "driver/flow_machine.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

/* ---- Sizes of other headers ---------------------------------------------------------------- */

static void reads_longer_structs(void **state)
{
    (void)state;
    struct driver_instance *instance = NULL;
    put_driver("newer", "one/newer.so");
    struct catalogue *catalogue = look();
    assert_int_equal(open_host(catalogue, "newer.example", NULL, &instance, NULL), 0);
    const struct driver *driver = driver_instance_driver(instance);
    assert_int_equal(driver->api.n_options, 2);
    assert_string_equal(driver->options[1].key, "second");
    assert_string_equal(driver->options[1].default_value, "2");
    assert_int_equal(driver_instance_profile(instance)->tag_page_size, 7);
    assert_true(driver_instance_has_auth(instance));
    assert_null(driver->api.auth->end);
    driver_instance_free(instance);
    catalogue_free(catalogue);
}

static void reads_shorter_structs(void **state)
{
    (void)state;
    struct driver_instance *instance = NULL;
    put_driver("older", "one/older.so");
    struct catalogue *catalogue = look();
    assert_int_equal(open_host(catalogue, "older.example", NULL, &instance, NULL), 0);
    const struct ocync_profile *profile = driver_instance_profile(instance);
    assert_int_equal(profile->scopes_per_token, 3);
    assert_null(profile->token_realm);
    assert_int_equal(profile->tag_page_size, 1000);
    assert_false(driver_instance_has_auth(instance));
    const struct ocync_response response = {.status = 500};
    assert_int_equal(driver_instance_classify(instance, &response, NULL), 0);
    driver_instance_free(instance);
    catalogue_free(catalogue);
}

/* ---- One registry -------------------------------------------------------------------------- */

static void settles_the_profile(void **state)
{
    (void)state;
    struct driver_instance *instance = NULL;
    struct error err = ERROR_INIT;
    put_driver("good", "one/good.so");
    put_driver("bad-profile", "one/bad-profile.so");
    struct catalogue *catalogue = look();
    static const struct driver_setting settings[] = {{"api_host", "api.example:8443"}};
    struct driver_request request = {.host = "registry.example"};
    assert_int_equal(driver_for_host(catalogue, &request, &instance, NULL), 0);
    const struct ocync_profile *profile = driver_instance_profile(instance);
    assert_string_equal(profile->canonical_host, "registry.example");
    assert_string_equal(profile->api_host, "127.0.0.1:5000");
    assert_string_equal(profile->api_scheme, "http");
    assert_string_equal(profile->repository_prefix, "library/");
    assert_int_equal(profile->scopes_per_token, 10);
    assert_int_equal(profile->upload, OCYNC_UPLOAD_PUT);
    assert_int_equal(profile->mount, OCYNC_MOUNT_ANY);
    driver_instance_free(instance);
    request.settings = settings;
    request.n_settings = 1;
    assert_int_equal(driver_for_host(catalogue, &request, &instance, NULL), 0);
    assert_string_equal(driver_instance_profile(instance)->api_host, "api.example:8443");
    driver_instance_free(instance);
    instance = NULL;
    request = (struct driver_request){.host = "profile.example"};
    assert_int_equal(driver_for_host(catalogue, &request, &instance, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "api_host of its profile is \"good.example@evil.example/x\""));
    assert_null(instance);
    catalogue_free(catalogue);
}

static void refuses_wrong_settings(void **state)
{
    (void)state;
    struct driver_instance *instance = NULL;
    struct error err = ERROR_INIT;
    put_driver("good", "one/good.so");
    put_driver("refuses", "one/refuses.so");
    struct catalogue *catalogue = look();
    static const struct driver_setting settings[] = {{"api_hots", "x"}};
    const struct driver_request request = {
        .host = "registry.example", .settings = settings, .n_settings = 1};
    assert_int_equal(driver_for_host(catalogue, &request, &instance, &err), ERR_CONFIG);
    assert_string_equal(err.text, "registry.example: driver good has no option \"api_hots\"; did "
                                  "you mean \"api_host\"?");
    assert_int_equal(open_host(catalogue, "refuses.example", NULL, &instance, &err), ERR_CONFIG);
    assert_string_equal(err.text, "refuses.example: refuses.example needs a region");
    assert_null(instance);
    catalogue_free(catalogue);
}

static void passes_verdicts_on(void **state)
{
    (void)state;
    static const struct {
        int status, class;
        const char *sentence;
        int64_t retry_after_ms;
    } cases[] = {
        {418, ERR_THROTTLED, "a teapot asks for time", 2500},
        {420, ERR_NOT_FOUND, "", -1},
        {421, 0, "untouched", 77},
        {500, 0, "untouched", 77},
    };
    struct driver_instance *instance = NULL;
    put_driver("good", "one/good.so");
    struct catalogue *catalogue = look();
    assert_int_equal(open_host(catalogue, "registry.example", NULL, &instance, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = {.retry_after_ms = 77, .text = "untouched"};
        const struct ocync_response response = {.status = cases[i].status};
        assert_int_equal(driver_instance_classify(instance, &response, &err), cases[i].class);
        assert_string_equal(err.text, cases[i].sentence);
        assert_int_equal(err.retry_after_ms, cases[i].retry_after_ms);
        assert_int_equal(err.http_status, cases[i].class ? cases[i].status : 0);
    }
    driver_instance_free(instance);
    catalogue_free(catalogue);
}

/* ---- Flows --------------------------------------------------------------------------------- */

static const char *const scopes[] = {"repository:a/b:pull"};
static const struct ocync_token_args args = {.struct_size = sizeof(args),
                                             .n_scopes = 1,
                                             .scopes = scopes,
                                             .realm = "https://auth.steps.example/token",
                                             .service = "steps"};

static void begin(struct flow_machine *machine, struct driver_instance *instance)
{
    const struct ocync_flow *flow = driver_instance_driver(instance)->api.auth;
    assert_int_equal(flow_machine_begin(machine, instance, flow, "auth", &args, NULL), 0);
    assert_int_equal(flow_machine_step(machine, NULL, NULL), 0);
}

static void runs_a_flow_from_canned_results(void **state)
{
    (void)state;
    static const struct ocync_result user = {.text = "me", .text_len = 2},
                                     password = {.text = "pw", .text_len = 2},
                                     token = {.status = 200,
                                              .text = "{\"token\":\"abc\",\"expires_in\":120}",
                                              .text_len = 32};
    struct driver_instance *instance = NULL;
    struct flow_machine machine;
    put_driver("steps", "one/steps.so");
    struct catalogue *catalogue = look();
    assert_int_equal(open_host(catalogue, "steps.example", NULL, &instance, NULL), 0);
    begin(&machine, instance);
    assert_int_equal(machine.effect.kind, OCYNC_EFFECT_ENV);
    assert_string_equal(machine.effect.text, "STEPS_USER");
    assert_int_equal(flow_machine_step(&machine, &user, NULL), 0);
    assert_int_equal(machine.effect.kind, OCYNC_EFFECT_FILE);
    assert_int_equal(flow_machine_step(&machine, &password, NULL), 0);
    assert_int_equal(machine.effect.kind, OCYNC_EFFECT_HTTP);
    assert_string_equal(machine.effect.url, "https://auth.steps.example/token?service=steps&"
                                            "scope=repository%3Aa%2Fb%3Apull");
    assert_string_equal(machine.effect.headers[0].value, "Basic bWU6cHc=");
    assert_int_equal(flow_machine_step(&machine, &token, NULL), 0);
    assert_int_equal(machine.effect.kind, OCYNC_EFFECT_DONE);
    assert_string_equal(machine.effect.text, "abc");
    assert_int_equal(machine.effect.duration_ms, 120000);
    flow_machine_end(&machine);
    /* The next flow finds what this one kept. */
    begin(&machine, instance);
    assert_int_equal(machine.effect.kind, OCYNC_EFFECT_DONE);
    assert_string_equal(machine.effect.text, "abc");
    flow_machine_end(&machine);
    driver_instance_free(instance);
    catalogue_free(catalogue);
}

static void passes_failures_of_flows_on(void **state)
{
    (void)state;
    static const struct ocync_result nothing, password = {.text = "pw", .text_len = 2},
                                              teapot = {.status = 418, .text = "<html>"};
    struct driver_instance *instance = NULL;
    struct flow_machine machine;
    struct error err = ERROR_INIT;
    put_driver("steps", "one/steps.so");
    put_driver("unknown-effect", "one/unknown-effect.so");
    struct catalogue *catalogue = look();
    assert_int_equal(open_host(catalogue, "steps.example", NULL, &instance, NULL), 0);
    begin(&machine, instance);
    assert_int_equal(flow_machine_step(&machine, &nothing, NULL), 0);
    assert_int_equal(flow_machine_step(&machine, &nothing, &err), ERR_AUTH);
    assert_string_equal(err.text, "steps.example: put the password into /etc/steps/password");
    flow_machine_end(&machine);
    begin(&machine, instance);
    assert_int_equal(flow_machine_step(&machine, &nothing, NULL), 0);
    assert_int_equal(flow_machine_step(&machine, &password, NULL), 0);
    assert_int_equal(flow_machine_step(&machine, &teapot, &err), ERR_AUTH);
    assert_string_equal(err.text, "steps.example: no token came: status 418");
    flow_machine_end(&machine);
    driver_instance_free(instance);
    assert_int_equal(open_host(catalogue, "effect.example", NULL, &instance, NULL), 0);
    const struct ocync_flow *flow = driver_instance_driver(instance)->api.auth;
    assert_int_equal(flow_machine_begin(&machine, instance, flow, "auth", &args, NULL), 0);
    assert_int_equal(flow_machine_step(&machine, NULL, &err), ERR_PLUGIN);
    assert_non_null(strstr(err.text, "driver unknown-effect asks for effect 1000"));
    flow_machine_end(&machine);
    driver_instance_free(instance);
    catalogue_free(catalogue);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, folders_set_up, folders_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(reads_longer_structs),        TEST(reads_shorter_structs),
        TEST(settles_the_profile),         TEST(refuses_wrong_settings),
        TEST(passes_verdicts_on),          TEST(runs_a_flow_from_canned_results),
        TEST(passes_failures_of_flows_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
