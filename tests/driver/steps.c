/* SPDX-License-Identifier: Apache-2.0 */
/* An auth flow of several effects: a user from the environment, a password from a file, and a
 * request for a token, which is kept for the next flow. */
#include "small.h"

#include <string.h>

struct steps {
    const struct ocync_host *host;
};

struct progress {
    const struct ocync_token_args *args;
    int at;
    const char *user;
    struct ocync_header header;
};

static int steps_open(const struct ocync_host *host, struct ocync_object *object,
                      struct ocync_profile *profile, void **ret_self)
{
    struct steps *self = host->alloc(object, sizeof(*self));
    self->host = host;
    profile->token_realm = "https://auth.steps.example/token";
    *ret_self = self;
    return 0;
}

static int steps_begin(void *opaque, struct ocync_object *object, const void *args,
                       void **ret_state)
{
    const struct steps *self = opaque;
    struct progress *progress = self->host->alloc(object, sizeof(*progress));
    progress->args = args;
    *ret_state = progress;
    return 0;
}

static void ask_for_token(const struct ocync_host *host, struct ocync_object *object,
                          struct progress *progress, const char *password,
                          struct ocync_effect *effect)
{
    const char *pair = host->printf(object, "%s:%s", progress->user, password);
    const char *const form[] = {"service", progress->args->service, "scope",
                                progress->args->scopes[0], NULL};
    progress->header.name = "Authorization";
    progress->header.value =
        host->printf(object, "Basic %s", host->base64_encode(object, pair, strlen(pair)));
    effect->kind = OCYNC_EFFECT_HTTP;
    effect->url =
        host->url_add_query(object, progress->args->realm, host->form_encode(object, form));
    effect->headers = &progress->header;
    effect->n_headers = 1;
}

static int finish(const struct ocync_host *host, struct ocync_object *object,
                  const struct ocync_result *result, struct ocync_effect *effect)
{
    const struct ocync_json *answer = host->json_parse(object, result->text, result->text_len);
    const char *token = host->json_string(host->json_member(answer, "token"));
    if (result->status != 200 || !token)
        return host->error(object, OCYNC_ERR_AUTH, "no token came: status %d", result->status);
    effect->kind = OCYNC_EFFECT_DONE;
    effect->text = token;
    effect->duration_ms = 1000 * host->json_int(host->json_member(answer, "expires_in"), 60);
    host->secret_put(object, "token", token, effect->duration_ms);
    return 0;
}

static int steps_step(void *opaque, struct ocync_object *object, void *state,
                      const struct ocync_result *result, struct ocync_effect *effect)
{
    const struct ocync_host *host = ((const struct steps *)opaque)->host;
    struct progress *progress = state;
    switch (progress->at++) {
    case 0:
        effect->text = host->secret_get(object, "token");
        effect->kind = effect->text ? OCYNC_EFFECT_DONE : OCYNC_EFFECT_ENV;
        if (!effect->text)
            effect->text = "STEPS_USER";
        return 0;
    case 1:
        progress->user = host->strdup(object, result->text ? result->text : "nobody");
        effect->kind = OCYNC_EFFECT_FILE;
        effect->text = "/etc/steps/password";
        return 0;
    case 2:
        if (!result->text) {
            effect->kind = OCYNC_EFFECT_FAIL;
            effect->error = OCYNC_ERR_AUTH;
            effect->text = "put the password into /etc/steps/password";
            return 0;
        }
        ask_for_token(host, object, progress, result->text, effect);
        return 0;
    default:
        return finish(host, object, result, effect);
    }
}

static const struct ocync_flow auth = {
    .struct_size = sizeof(struct ocync_flow), .begin = steps_begin, .step = steps_step};

static const struct ocync_driver steps = {
    SMALL_DRIVER("steps", "steps.example"),
    .open = steps_open,
    .auth = &auth,
};

OCYNC_DRIVER(steps, "steps", "1.0", "steps.example");
