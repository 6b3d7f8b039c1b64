/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver for every registry that has none of its own. It speaks plain OCI; what it adds is
 * knowledge of how registries word their refusals. The table below is searched from the top, and
 * the first rule that fits decides; an answer that fits none is left to the plain rule.
 */
#include <ocync/driver.h>

#include <string.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct ocync_option options[] = {
    {.key = "upload",
     .type = OCYNC_OPTION_ENUM,
     .default_value = "put",
     .choices = "put patch",
     .help = "How blobs are sent: one PUT, or one PATCH and an empty PUT."},
    {.key = "mount",
     .type = OCYNC_OPTION_ENUM,
     .default_value = "any",
     .choices = "any owner never",
     .help = "Between which repositories blobs may be mounted; owner: those with the same first "
             "path component."},
    {.key = "scopes_per_token",
     .type = OCYNC_OPTION_INT,
     .default_value = "1",
     .help = "How many repositories one token may cover, 1 to 10."},
    {.key = "tag_page_size",
     .type = OCYNC_OPTION_INT,
     .default_value = "1000",
     .help = "How many tags are asked for at once, 1 to 10000."},
};

static const struct ocync_profile profile = {.struct_size = sizeof(struct ocync_profile)};

struct generic {
    const struct ocync_host *host;
};

/* ---- Options ------------------------------------------------------------------------------- */

static int read_number(const struct ocync_host *host, struct ocync_object *object, const char *key,
                       uint32_t max, uint32_t *ret)
{
    const char *text = host->option(object, key);
    uint32_t value = 0;
    for (const char *p = text; *p && value <= max; p++)
        value = 10 * value + (uint32_t)(*p - '0');
    if (value < 1 || value > max)
        return host->error(object, OCYNC_ERR_OPTION, "driver option %s is %s, but must be 1 to %u",
                           key, text, (unsigned)max);
    *ret = value;
    return 0;
}

static int generic_open(const struct ocync_host *host, struct ocync_object *object,
                        struct ocync_profile *ours, void **ret_self)
{
    const char *mount = host->option(object, "mount");
    int r = read_number(host, object, "scopes_per_token", 10, &ours->scopes_per_token);
    if (r == 0)
        r = read_number(host, object, "tag_page_size", 10000, &ours->tag_page_size);
    if (r)
        return r;
    ours->upload = strcmp(host->option(object, "upload"), "patch") == 0 ? OCYNC_UPLOAD_PATCH
                                                                        : OCYNC_UPLOAD_PUT;
    ours->mount = strcmp(mount, "never") == 0   ? OCYNC_MOUNT_NEVER
                  : strcmp(mount, "owner") == 0 ? OCYNC_MOUNT_SAME_OWNER
                                                : OCYNC_MOUNT_ANY;
    struct generic *self = host->alloc(object, sizeof(*self));
    self->host = host;
    *ret_self = self;
    return 0;
}

/* ---- Answers ------------------------------------------------------------------------------- */

/* What kind of request a rule is about. */
enum about {
    ABOUT_ANY,
    ABOUT_PUSH, /* manifests and blobs on their way in */
    ABOUT_MANIFEST_PUT,
    ABOUT_BLOB_PUSH
};

/* A rule fits when everything that it names fits. "%r" in a sentence is the repository with the
 * tag or digest, "%s" what the registry said. */
struct rule {
    enum about about;
    int status;       /* 0: any */
    const char *code; /* first error code; NULL: any */
    const char *text; /* part of the message or body, in lower case; NULL: any */
    int32_t error;
    const char *sentence;
};

#define IMMUTABLE                                                                                  \
    "%r exists and the registry does not let tags be changed; use another tag, or leave this one " \
    "out"
#define QUOTA "the registry has no room left for %r: %s; free some, or have the quota raised"
#define LOCKED "%r is locked against changes at the registry; unlock it there"
#define THROTTLED "the registry asks to slow down: %s"

static const struct rule rules[] = {
    /* Tags that exist and may not change. */
    {ABOUT_MANIFEST_PUT, 400, "TAG_INVALID", "is immutable", OCYNC_ERR_IMMUTABLE, IMMUTABLE},
    {ABOUT_MANIFEST_PUT, 409, "TAG_IMMUTABLE", NULL, OCYNC_ERR_IMMUTABLE, IMMUTABLE},
    {ABOUT_MANIFEST_PUT, 409, NULL, "immutable", OCYNC_ERR_IMMUTABLE, IMMUTABLE},
    {ABOUT_MANIFEST_PUT, 412, NULL, "configured as immutable", OCYNC_ERR_IMMUTABLE, IMMUTABLE},
    {ABOUT_MANIFEST_PUT, 0, NULL, "enabled tag immutability", OCYNC_ERR_IMMUTABLE, IMMUTABLE},
    {ABOUT_MANIFEST_PUT, 0, NULL, "due to immutability settings", OCYNC_ERR_IMMUTABLE, IMMUTABLE},
    {ABOUT_MANIFEST_PUT, 403, "MANIFEST_INVALID", "http 403 forbidden", OCYNC_ERR_IMMUTABLE,
     "the registry refuses to overwrite %r: tags there may not change, or your account may not "
     "delete; use another tag, or ask for the right to overwrite"},

    /* No room. */
    {ABOUT_PUSH, 403, NULL, "quota", OCYNC_ERR_REFUSED, QUOTA},
    {ABOUT_PUSH, 403, NULL, "will exceed the configured upper limit", OCYNC_ERR_REFUSED, QUOTA},
    {ABOUT_PUSH, 403, NULL, "limit exceeded", OCYNC_ERR_REFUSED, QUOTA},
    {ABOUT_PUSH, 507, NULL, NULL, OCYNC_ERR_REFUSED, QUOTA},

    /* Places that take no push. */
    {ABOUT_PUSH, 403, NULL, "to a proxy project", OCYNC_ERR_REFUSED,
     "%r lies in a proxy cache, which takes no pushes; choose a project of your own"},
    {ABOUT_PUSH, 405, NULL, "is_readonly", OCYNC_ERR_REFUSED,
     "the registry is in read-only mode; try again when it is not"},
    {ABOUT_PUSH, 0, NULL, "operation is disallowed", OCYNC_ERR_REFUSED, LOCKED},
    {ABOUT_MANIFEST_PUT, 405, "UNSUPPORTED", "invalid", OCYNC_ERR_UNSUPPORTED,
     "the registry does not take the manifest of %r: %s"},
    {ABOUT_PUSH, 405, "UNSUPPORTED", NULL, OCYNC_ERR_UNSUPPORTED,
     "the registry takes no pushes (%s): it may be a pull-through cache or read-only"},

    /* Things that must exist first. */
    {ABOUT_ANY, 404, "NAME_UNKNOWN", "does not exist in the registry with id",
     OCYNC_ERR_NO_REPOSITORY,
     "the repository of %r does not exist, and this registry creates none on push; create it "
     "first (aws ecr create-repository)"},
    {ABOUT_PUSH, 404, "NAME_UNKNOWN", NULL, OCYNC_ERR_NO_REPOSITORY,
     "the repository of %r does not exist, and this registry creates none on push; create it "
     "first"},
    {ABOUT_ANY, 401, "UNAUTHORIZED", "not found", OCYNC_ERR_NO_REPOSITORY,
     "the registry says of %r: %s; create the project first, or correct its name"},
    {ABOUT_ANY, 404, "NOT_FOUND", "project ", OCYNC_ERR_NO_REPOSITORY,
     "the registry says of %r: %s; create the project first, or correct its name"},
    {ABOUT_ANY, 400, "NAME_INVALID", "nested repositories", OCYNC_ERR_UNSUPPORTED,
     "the registry takes no more than two path components, which %r exceeds; choose a shorter "
     "name"},

    /* Content that is refused. */
    {ABOUT_MANIFEST_PUT, 415, NULL, NULL, OCYNC_ERR_UNSUPPORTED,
     "the registry refuses the media type of %r; it may take OCI media types only (zot: allow "
     "Docker ones with http.compat [\"docker2s2\"])"},
    {ABOUT_MANIFEST_PUT, 400, "BLOB_UNKNOWN", NULL, OCYNC_ERR_MISSING_PART,
     "the registry lacks a blob of %r: %s"},
    {ABOUT_MANIFEST_PUT, 404, "BLOB_UNKNOWN", NULL, OCYNC_ERR_MISSING_PART,
     "the registry lacks a blob of %r: %s"},
    {ABOUT_MANIFEST_PUT, 0, "MANIFEST_BLOB_UNKNOWN", NULL, OCYNC_ERR_MISSING_PART,
     "the registry lacks a blob or child of %r: %s"},
    {ABOUT_BLOB_PUSH, 413, NULL, NULL, OCYNC_ERR_UNSUPPORTED,
     "a blob of %r is larger than the registry takes in one request; set the driver option "
     "upload to patch, or raise the limit of the registry or the proxy in front of it"},
    {ABOUT_MANIFEST_PUT, 413, NULL, NULL, OCYNC_ERR_UNSUPPORTED,
     "the manifest of %r is larger than the registry takes"},
    {ABOUT_ANY, 412, "PROJECTPOLICYVIOLATION", NULL, OCYNC_ERR_REFUSED,
     "a policy of the project forbids to pull %r: %s"},
    {ABOUT_ANY, 404, "TAG_EXPIRED", NULL, OCYNC_ERR_NOT_FOUND,
     "%r has expired or was deleted at the registry"},

    /* Credentials and pace. */
    {ABOUT_ANY, 0, NULL, "authorization token has expired", OCYNC_ERR_AUTH,
     "the token for %r has expired; log in again"},
    {ABOUT_ANY, 0, NULL, "only one auth mechanism allowed", OCYNC_ERR_PROTOCOL,
     "a storage server refused %r because a credential was sent along with a signed URL"},
    {ABOUT_ANY, 403, NULL, "secondary rate limit", OCYNC_ERR_THROTTLED, THROTTLED},
    {ABOUT_ANY, 400, NULL, "rate exceeded", OCYNC_ERR_THROTTLED, THROTTLED},
    {ABOUT_ANY, 503, NULL, "rate exceeded", OCYNC_ERR_THROTTLED, THROTTLED},
    {ABOUT_ANY, 0, "TOOMANYREQUESTS", "data limit exceeded", OCYNC_ERR_REFUSED,
     "the registry's traffic limit for this address is used up (%s); log in, or go on another day"},
    {ABOUT_ANY, 429, NULL, "pull rate limit", OCYNC_ERR_THROTTLED,
     "the registry's pull limit is used up (%s); log in with an account that may pull more, or go "
     "on later"},
    {ABOUT_ANY, 0, "TOOMANYREQUESTS", NULL, OCYNC_ERR_THROTTLED, THROTTLED},
    {ABOUT_ANY, 0, "TOO_MANY_REQUEST", NULL, OCYNC_ERR_THROTTLED, THROTTLED},
    {ABOUT_ANY, 0, NULL, "quota exceeded for quota metric", OCYNC_ERR_THROTTLED, THROTTLED},
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Is `part`, which is in lower case, somewhere in the text? */
static int contains(const char *text, const char *part)
{
    for (; text && *text; text++) {
        size_t i = 0;
        while (part[i] && lower(text[i]) == part[i])
            i++;
        if (!part[i])
            return 1;
    }
    return 0;
}

static int is_about(enum about about, uint32_t action)
{
    int blob = action == OCYNC_ACTION_UPLOAD_START || action == OCYNC_ACTION_UPLOAD_DATA ||
               action == OCYNC_ACTION_UPLOAD_END;
    switch (about) {
    case ABOUT_ANY:
        return 1;
    case ABOUT_BLOB_PUSH:
        return blob;
    case ABOUT_MANIFEST_PUT:
        return action == OCYNC_ACTION_MANIFEST_PUT;
    case ABOUT_PUSH:
        return blob || action == OCYNC_ACTION_MANIFEST_PUT;
    }
    return 0;
}

static int fits(const struct rule *rule, const struct ocync_response *response)
{
    if (!is_about(rule->about, response->action))
        return 0;
    if (rule->status && rule->status != response->status)
        return 0;
    if (rule->code && (!response->error_code || strcmp(rule->code, response->error_code) != 0))
        return 0;
    return !rule->text || contains(response->error_text, rule->text) ||
           contains(response->body, rule->text);
}

/* "library/nginx:1.27", "library/nginx@sha256:...", or "the registry". */
static const char *object_of(const struct generic *self, struct ocync_object *object,
                             const struct ocync_response *response)
{
    if (!response->repository)
        return "the request";
    if (!response->reference)
        return response->repository;
    return self->host->printf(object, "%s%s%s", response->repository,
                              strchr(response->reference, ':') ? "@" : ":", response->reference);
}

/* Puts the object and the registry's words into a sentence. */
static const char *compose(const struct generic *self, struct ocync_object *object,
                           const char *sentence, const struct ocync_response *response)
{
    const char *said = response->error_text && *response->error_text ? response->error_text
                       : response->error_code                        ? response->error_code
                                                                     : "no reason given";
    const char *text = "";
    while (*sentence) {
        size_t len = strcspn(sentence, "%");
        const char *value =
            sentence[len] ? (sentence[len + 1] == 'r' ? object_of(self, object, response) : said)
                          : "";
        text = self->host->printf(object, "%s%.*s%s", text, (int)len, sentence, value);
        sentence += sentence[len] ? len + 2 : len;
    }
    return text;
}

/*
 * The time in "retry-after: 880.092µs, allowed: 44000/minute": Go's notation, rounded up. -1 when
 * the text has none.
 */
static int64_t go_duration_ms(const char *text)
{
    static const char mark[] = "retry-after: ";
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ns", 1e-6}, {"us", 1e-3}, {"\xc2\xb5s", 1e-3}, {"\xce\xbcs", 1e-3},
                 {"ms", 1},    {"s", 1e3},   {"m", 6e4},          {"h", 36e5}};
    const char *p = text ? strstr(text, mark) : NULL;
    double total = 0;
    if (!p || p[sizeof(mark) - 1] < '0' || p[sizeof(mark) - 1] > '9')
        return -1;
    for (p += sizeof(mark) - 1; *p >= '0' && *p <= '9';) {
        double value = 0, place = 1;
        for (; *p >= '0' && *p <= '9' && value < 1e9; p++)
            value = 10 * value + (*p - '0');
        if (*p == '.') {
            for (p++; *p >= '0' && *p <= '9'; p++)
                value += (*p - '0') * (place /= 10);
        }
        size_t i = 0;
        while (i < ARRAY_LEN(units) && strncmp(p, units[i].unit, strlen(units[i].unit)) != 0)
            i++;
        if (i == ARRAY_LEN(units))
            return -1;
        total += value * units[i].ms;
        if (total > 1e15)
            return -1;
        p += strlen(units[i].unit);
    }
    return (int64_t)total + 1;
}

static void generic_classify(void *opaque, struct ocync_object *object,
                             const struct ocync_response *response, struct ocync_verdict *verdict)
{
    const struct generic *self = opaque;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (!fits(&rules[i], response))
            continue;
        verdict->error = rules[i].error;
        verdict->sentence = compose(self, object, rules[i].sentence, response);
        if (rules[i].error == OCYNC_ERR_THROTTLED)
            verdict->retry_after_ms = go_duration_ms(response->error_text);
        return;
    }
}

static const struct ocync_driver generic_oci = {
    .magic = OCYNC_DRIVER_MAGIC,
    .abi_major = OCYNC_ABI_MAJOR,
    .abi_minor = OCYNC_ABI_MINOR,
    .struct_size = sizeof(struct ocync_driver),
    .option_size = sizeof(struct ocync_option),
    .name = "generic-oci",
    .version = "1.0",
    .hosts = "*",
    .license = "Apache-2.0",
    .summary = "Any registry that speaks the OCI distribution protocol",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .profile = &profile,
    .open = generic_open,
    .classify = generic_classify,
};

OCYNC_DRIVER(generic_oci, "generic-oci", "1.0", "*");
