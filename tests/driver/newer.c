/* SPDX-License-Identifier: Apache-2.0 */
/* Built against a header of the future: every struct has grown. */
#include "small.h"

struct longer_option {
    struct ocync_option option;
    const char *unit;
    void *more;
};
struct longer_profile {
    struct ocync_profile profile;
    const char *more[20];
};
struct longer_flow {
    struct ocync_flow flow;
    int (*more)(void);
};
struct longer_driver {
    struct ocync_driver driver;
    const char *more[20];
};

static int no_begin(void *self, struct ocync_object *object, const void *args, void **ret_state)
{
    (void)self, (void)object, (void)args, (void)ret_state;
    return 0;
}

static int no_step(void *self, struct ocync_object *object, void *state,
                   const struct ocync_result *result, struct ocync_effect *effect)
{
    (void)self, (void)object, (void)state, (void)result;
    effect->kind = OCYNC_EFFECT_DONE;
    effect->text = "token";
    return 0;
}

static const struct longer_option options[] = {
    {.option = {.key = "first", .default_value = "1", .help = "h"}, .unit = "s"},
    {.option = {.key = "second", .default_value = "2", .help = "h"}, .unit = "s"},
};
static const struct longer_profile profile = {
    .profile = {.struct_size = sizeof(struct longer_profile), .tag_page_size = 7}};
static const struct longer_flow auth = {
    .flow = {.struct_size = sizeof(struct longer_flow), .begin = no_begin, .step = no_step}};

static const struct longer_driver newer = {
    .driver =
        {
            .magic = OCYNC_DRIVER_MAGIC,
            .abi_major = OCYNC_ABI_MAJOR,
            .abi_minor = 99,
            .struct_size = sizeof(struct longer_driver),
            .option_size = sizeof(struct longer_option),
            .name = "newer",
            .version = "1.0",
            .hosts = "newer.example",
            .options = &options[0].option,
            .n_options = 2,
            .profile = &profile.profile,
            .auth = &auth.flow,
        },
};

OCYNC_DRIVER(newer.driver, "newer", "1.0", "newer.example");
