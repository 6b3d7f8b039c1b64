/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocync/driver.h: what a registry driver is made of.
 *
 * A driver is a shared object that tells ocync how one registry (or family of registries) differs
 * from the plain OCI distribution protocol. It consists of data and a few pure functions and does
 * no input or output of its own: a flow that needs some describes it as an *effect*, and the host
 * (ocync) carries the effect out and hands the result back. See ocync-driver(3).
 *
 * The promise: within one ABI major, a driver built against an older header keeps working, and a
 * driver built against a newer header loads on an older host, which ignores what it does not know.
 * Structs only grow at their end and carry their own size; fields are never reordered or removed;
 * enumerations are open, and an unknown value means the default.
 *
 * Rules: a driver runs in one thread, never blocks, starts no threads and no processes, installs
 * no signal handlers, never calls exit, keeps no global state (two registries may use it at once),
 * and exports exactly one symbol, which OCYNC_DRIVER defines.
 *
 * Memory: what a driver hands over must live until the next call with the same object, or lie in
 * the arena of that object (host->alloc and friends). What the host hands over lives until the
 * callback returns, unless said otherwise. Neither side frees the other's memory.
 *
 * Sizes: a struct that the host hands in says in struct_size how much of it there is. A driver
 * that uses a field newer than ABI 1.0 asks OCYNC_HAS first, be it to read or to write.
 *
 * Valid as C11 and as C++17.
 */
#ifndef OCYNC_DRIVER_H
#define OCYNC_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCYNC_DRIVER_MAGIC 0x4f435944u /* "OCYD" */
#define OCYNC_ABI_MAJOR 1
#define OCYNC_ABI_MINOR 0

/* Does this struct, as the host knows it, have the field? */
#define OCYNC_HAS(object, field)                                                                   \
    ((object)->struct_size >=                                                                      \
     (size_t)((const char *)&(object)->field - (const char *)(object)) + sizeof((object)->field))

#ifdef __GNUC__
#define OCYNC_PRINTF_(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#error "ocync drivers need a compiler with GNU attributes"
#endif

/* ---- Errors ------------------------------------------------------------------------------- */

/* What went wrong, for the host to act on. Callbacks return 0 or one of these. */
enum ocync_class {
    OCYNC_OK = 0,
    OCYNC_ERR_INTERNAL = -1,       /* the driver can't go on; its bug or an unexpected answer */
    OCYNC_ERR_AUTH = -2,           /* credentials refused or missing */
    OCYNC_ERR_DENIED = -3,         /* known, but not allowed */
    OCYNC_ERR_NOT_FOUND = -4,      /* no such repository, tag, manifest or blob */
    OCYNC_ERR_THROTTLED = -5,      /* asked to slow down */
    OCYNC_ERR_TRANSIENT = -6,      /* may work when tried again */
    OCYNC_ERR_PROTOCOL = -7,       /* an answer that makes no sense */
    OCYNC_ERR_IMMUTABLE = -8,      /* the tag exists and may not change */
    OCYNC_ERR_MISSING_PART = -9,   /* a manifest names a blob or child that is not there */
    OCYNC_ERR_UNSUPPORTED = -10,   /* the registry does not do that */
    OCYNC_ERR_OPTION = -11,        /* a driver option has a wrong value */
    OCYNC_ERR_NO_REPOSITORY = -12, /* the repository must be created first */
    OCYNC_ERR_REFUSED = -13 /* a quota, a policy or a read-only mode forbids it, whoever asks */
};

/* ---- Options ------------------------------------------------------------------------------ */

enum ocync_option_type {
    OCYNC_OPTION_STRING = 0,
    OCYNC_OPTION_BOOL = 1, /* "true" or "false" */
    OCYNC_OPTION_INT = 2,  /* decimal, 0 or more */
    OCYNC_OPTION_ENUM = 3  /* one of the words in `choices` */
};

/* One option that users may set for a registry (driver_options). The host checks, documents and
 * redacts it; the driver reads it with host->option in `open`. */
struct ocync_option {
    const char *key;
    uint32_t type;             /* enum ocync_option_type */
    uint32_t secret;           /* 1: never shown */
    const char *default_value; /* NULL: unset */
    const char *choices;       /* OCYNC_OPTION_ENUM: words separated by spaces */
    const char *help;          /* one sentence */
};

/* ---- The profile: how this registry differs ------------------------------------------------ */

enum ocync_upload {
    OCYNC_UPLOAD_DEFAULT = 0, /* as OCYNC_UPLOAD_PUT */
    OCYNC_UPLOAD_PUT = 1,     /* POST, then one PUT with the whole blob */
    OCYNC_UPLOAD_PATCH = 2    /* POST, one PATCH with the whole blob, an empty PUT */
};

enum ocync_mount {
    OCYNC_MOUNT_DEFAULT = 0,    /* as OCYNC_MOUNT_ANY */
    OCYNC_MOUNT_NEVER = 1,      /* no mount request is sent */
    OCYNC_MOUNT_SAME_OWNER = 2, /* between repositories whose first path component is the same */
    OCYNC_MOUNT_ANY = 3         /* between any two repositories of the host */
};

enum ocync_tristate { OCYNC_UNSET = 0, OCYNC_NO = 1, OCYNC_YES = 2 };

/* Zero means the plain OCI rule for every field. */
struct ocync_profile {
    uint32_t struct_size;

    /* Endpoint. Hosts are "name" or "name:port". */
    uint32_t scopes_per_token;     /* repositories one token may cover; 0: 1, at most 10 */
    const char *canonical_host;    /* what all claimed names are called in references, reports
                                      and credential lookup; NULL: each is its own */
    const char *api_host;          /* where requests go; NULL: the canonical host */
    const char *api_scheme;        /* "https" or "http"; NULL: as for any registry */
    const char *repository_prefix; /* put before one-component repositories ("library/") */
    const char *credential_keys;   /* more keys to look up in credential files, space-separated,
                                      tried after the canonical host */

    /* Auth. A known realm saves the challenge. */
    const char *token_realm;   /* URL; credentials may go there wherever it lies */
    const char *token_service; /* the `service` of token requests; NULL: as challenged */

    /* Upload. */
    uint32_t upload; /* enum ocync_upload */

    /* Mount. */
    uint32_t mount;             /* enum ocync_mount */
    uint32_t mount_self_probes; /* enum ocync_tristate: a mount "from" the repository itself
                                   answers 201 where the blob is there; unset: learned */

    /* Listing. */
    uint32_t tag_page_size; /* the `n` of tag lists; 0: 1000 */
};

/* ---- Requests and answers ------------------------------------------------------------------ */

struct ocync_header {
    const char *name;
    const char *value;
};

/* What the request was for. Open: new actions may come. */
enum ocync_action {
    OCYNC_ACTION_OTHER = 0,
    OCYNC_ACTION_TOKEN = 1,
    OCYNC_ACTION_MANIFEST_HEAD = 2,
    OCYNC_ACTION_MANIFEST_GET = 3,
    OCYNC_ACTION_MANIFEST_PUT = 4,
    OCYNC_ACTION_BLOB_HEAD = 5,
    OCYNC_ACTION_BLOB_GET = 6,
    OCYNC_ACTION_UPLOAD_START = 7, /* POST, mounts included */
    OCYNC_ACTION_UPLOAD_DATA = 8,  /* PATCH or PUT with the blob */
    OCYNC_ACTION_UPLOAD_END = 9,   /* the closing PUT after PATCH */
    OCYNC_ACTION_TAG_LIST = 10,
    OCYNC_ACTION_REFERRERS = 11,
    OCYNC_ACTION_PING = 12
};

/* An answer, as `classify` and flows see it. Text is capped by the host. */
struct ocync_response {
    uint32_t struct_size;
    uint32_t action; /* enum ocync_action */
    int32_t status;  /* HTTP status */
    uint32_t n_headers;
    const struct ocync_header *headers; /* names in lower case */
    const char *body;                   /* NUL-terminated; may be cut at the host's cap */
    size_t body_len;
    const char *repository; /* NULL where there is none */
    const char *reference;  /* tag or digest; NULL where there is none */
    const char *error_code; /* first code of an OCI error body ("DENIED"); NULL: none */
    const char *error_text; /* its message; NULL: none */
};

/* What `classify` says of an answer. */
struct ocync_verdict {
    uint32_t struct_size;
    int32_t error;          /* enum ocync_class; OCYNC_OK leaves the answer to the plain rule */
    const char *sentence;   /* for people: what it means and what to do; NULL: the host's own */
    int64_t retry_after_ms; /* with OCYNC_ERR_THROTTLED: how long to wait; -1: not said */
};

/* ---- Flows and effects --------------------------------------------------------------------- */

/* What a flow asks the host to do. Open: a host that does not know one fails that flow only.
 * Carried out by ABI 1.0: all below; ROW only in flows that have a row receiver. */
enum ocync_effect_kind {
    OCYNC_EFFECT_DONE = 1,  /* the flow has its result */
    OCYNC_EFFECT_FAIL = 2,  /* the flow failed: `error` and `text` */
    OCYNC_EFFECT_HTTP = 3,  /* one request */
    OCYNC_EFFECT_FILE = 4,  /* read a file: `text` is the path, `cap` its largest size */
    OCYNC_EFFECT_ENV = 5,   /* read the environment variable `text` */
    OCYNC_EFFECT_EXEC = 6,  /* run `argv` without a shell, `body` on its stdin */
    OCYNC_EFFECT_SLEEP = 7, /* wait `duration_ms` */
    OCYNC_EFFECT_ROW = 8    /* deliver one result: `row`, `n_row` columns */
};

/* Which credential the host attaches to an HTTP effect. */
enum ocync_credential {
    OCYNC_CREDENTIAL_NONE = 0,
    OCYNC_CREDENTIAL_BASIC = 1,  /* user name and password of this registry */
    OCYNC_CREDENTIAL_BEARER = 2, /* the ready token of this registry (static_token) */
    OCYNC_CREDENTIAL_SIGV4 = 3   /* AWS Signature Version 4: reserved by name */
};

/* Filled by a flow's `step`; the host hands it in zeroed with struct_size set. */
struct ocync_effect {
    uint32_t struct_size;
    uint32_t kind;       /* enum ocync_effect_kind */
    int32_t error;       /* FAIL: enum ocync_class */
    uint32_t credential; /* HTTP: enum ocync_credential */
    const char *text;    /* FAIL: sentence; FILE: path; ENV: name; DONE of an auth flow: token */

    /* HTTP */
    const char *method; /* NULL: GET */
    const char *url;
    const struct ocync_header *headers;
    size_t n_headers;
    const char *body; /* HTTP, EXEC: may be NULL */
    size_t body_len;
    size_t cap; /* HTTP, FILE, EXEC: largest answer in bytes; 0: 64 KiB */

    int64_t
        duration_ms; /* SLEEP: how long. FAIL: what the peer asked to wait, 0: nothing. EXEC: time
                        limit, 0: 30 s. DONE of an auth flow: how long the token lives, 0: 60 s */
    const char *const *argv; /* EXEC: NULL-terminated */
    const char *const *row;  /* ROW */
    size_t n_row;

    /* DONE of an auth flow. */
    const char *authorization; /* scheme of `text`: NULL: "Bearer"; "Basic": text is base64 */
    const char *refresh_token; /* to keep for the next token; NULL: none */
};

/* What came of the last effect. The first step of a flow gets kind 0. */
struct ocync_result {
    uint32_t struct_size;
    uint32_t kind;    /* of the effect that this answers */
    int32_t error;    /* 0, or enum ocync_class when the effect could not be carried out */
    int32_t status;   /* HTTP: status. EXEC: exit status */
    const char *text; /* HTTP body, file content, value, standard output. NULL: a missing file
                         or an unset variable */
    size_t text_len;
    const struct ocync_header *headers; /* HTTP: names in lower case */
    size_t n_headers;
    const char *error_text; /* with `error`: a sentence */
};

/* An opaque handle of the registry (or flow) at hand; first argument of host functions. */
struct ocync_object;

/* A flow: begin once, then step until it answers DONE or FAIL, then end. Flows of one registry
 * run at once; each has its own `state`. */
struct ocync_flow {
    uint32_t struct_size;
    /* `args` is the flow's own argument struct (for auth: struct ocync_token_args), valid until
     * `end`. Returns 0 or a class. *ret_state may stay NULL; memory of host->alloc (object)
     * lives until `end`. */
    int (*begin)(void *self, struct ocync_object *object, const void *args, void **ret_state);
    /* Looks at the result of the last effect and fills the next one. Returns 0 or a class. */
    int (*step)(void *self, struct ocync_object *object, void *state,
                const struct ocync_result *result, struct ocync_effect *effect);
    /* Called once after every `begin` that returned 0, whatever came then; may be NULL. */
    void (*end)(void *self, struct ocync_object *object, void *state);
};

/* Arguments of an auth flow. */
struct ocync_token_args {
    uint32_t struct_size;
    uint32_t n_scopes;
    const char *const *scopes; /* "repository:library/nginx:pull" */
    const char *scheme;        /* of the challenge, in lower case: "bearer", "basic"; NULL: none */
    const char *realm;         /* of the challenge or the profile; NULL: none */
    const char *service;       /* NULL: none */
    /* What the credential at hand is; all NULL: anonymous. Kept by the host, never logged. */
    const char *username;
    const char *password;
    const char *identity_token; /* a refresh token for the POST form */
};

/* ---- The host table ------------------------------------------------------------------------ */

enum ocync_log_level {
    OCYNC_LOG_ERROR = 0,
    OCYNC_LOG_WARNING = 1,
    OCYNC_LOG_INFO = 2,
    OCYNC_LOG_DEBUG = 3
};

enum ocync_json_type {
    OCYNC_JSON_NONE = 0, /* no such value */
    OCYNC_JSON_NULL = 1,
    OCYNC_JSON_BOOL = 2,
    OCYNC_JSON_NUMBER = 3,
    OCYNC_JSON_STRING = 4,
    OCYNC_JSON_ARRAY = 5,
    OCYNC_JSON_OBJECT = 6
};

struct ocync_json;        /* a value in a parsed document: a read-only cursor */
struct ocync_json_writer; /* builds a document */

/* Services for drivers. Check OCYNC_HOST_HAS before using a field newer than ABI 1.0. Memory that
 * these return lies in the arena of `object` and lives as long as it. */
struct ocync_host {
    uint32_t struct_size;
    uint16_t abi_major, abi_minor;

    /* Memory: zeroed, aligned for any type; never NULL. */
    void *(*alloc)(struct ocync_object *object, size_t size);
    char *(*strdup)(struct ocync_object *object, const char *s);
    char *(*printf)(struct ocync_object *object, const char *fmt, ...)OCYNC_PRINTF_(2, 3);

    /* One line; control characters are escaped. Never put a secret in it. */
    void (*log)(struct ocync_object *object, uint32_t level, const char *fmt, ...)
        OCYNC_PRINTF_(3, 4);
    /* Says why a callback is about to return a class; returns that class. */
    int (*error)(struct ocync_object *object, int error, const char *fmt, ...) OCYNC_PRINTF_(3, 4);

    /* The value of a declared option, its default, or NULL. It lives as long as the registry is
     * open. */
    const char *(*option)(struct ocync_object *object, const char *key);
    /* The host name that this registry was opened for, as users write it. */
    const char *(*hostname)(struct ocync_object *object);

    /* Time and chance, handed in so that tests decide. */
    int64_t (*now_ms)(struct ocync_object *object);       /* monotonic */
    int64_t (*wall_clock_s)(struct ocync_object *object); /* since 1970, UTC */
    uint32_t (*random)(struct ocync_object *object);

    /* Encodings. base64_decode takes both alphabets, padded or not, and returns NULL for malformed
     * input; the result has a NUL behind it; ret_len may be NULL. base64url is without padding. */
    char *(*base64_encode)(struct ocync_object *object, const void *data, size_t len);
    char *(*base64url_encode)(struct ocync_object *object, const void *data, size_t len);
    char *(*base64_decode)(struct ocync_object *object, const char *text, size_t *ret_len);
    char *(*hex_encode)(struct ocync_object *object, const void *data, size_t len);
    char *(*url_encode)(struct ocync_object *object, const char *text);
    /* "a=b&c=d" of NULL-terminated key, value, key, value...; pairs with a NULL value are
     * left out. */
    char *(*form_encode)(struct ocync_object *object, const char *const *pairs);
    /* Puts a query ("a=b") behind a URL with the right separator. */
    char *(*url_add_query)(struct ocync_object *object, const char *url, const char *query);

    /* Cryptography. */
    void (*sha256)(struct ocync_object *object, const void *data, size_t len, uint8_t out[32]);
    void (*hmac_sha256)(struct ocync_object *object, const void *key, size_t key_len,
                        const void *data, size_t len, uint8_t out[32]);
    /* RS256 with a PEM private key; NULL when the key can't be read. */
    uint8_t *(*rs256_sign)(struct ocync_object *object, const char *pem, const void *data,
                           size_t len, size_t *ret_len);

    /* JSON, read: NULL for a document that is malformed, too deep or has duplicate keys. Cursors
     * accept NULL and answer "none". */
    const struct ocync_json *(*json_parse)(struct ocync_object *object, const char *text,
                                           size_t len);
    uint32_t (*json_type)(const struct ocync_json *value); /* enum ocync_json_type */
    const struct ocync_json *(*json_member)(const struct ocync_json *object, const char *key);
    const struct ocync_json *(*json_item)(const struct ocync_json *array, size_t index);
    size_t (*json_count)(const struct ocync_json *value); /* items or members */
    const char *(*json_key)(const struct ocync_json *object, size_t index);
    const char *(*json_string)(const struct ocync_json *value);              /* or NULL */
    int64_t (*json_int)(const struct ocync_json *value, int64_t otherwise);  /* numbers only */
    double (*json_number)(const struct ocync_json *value, double otherwise); /* numbers only */
    int (*json_bool)(const struct ocync_json *value, int otherwise);         /* booleans only */

    /* JSON, write: open and close objects and arrays in order; `key` is NULL inside arrays. */
    struct ocync_json_writer *(*json_new)(struct ocync_object *object);
    void (*json_open_object)(struct ocync_json_writer *writer, const char *key);
    void (*json_open_array)(struct ocync_json_writer *writer, const char *key);
    void (*json_close)(struct ocync_json_writer *writer);
    void (*json_put_string)(struct ocync_json_writer *writer, const char *key, const char *value);
    void (*json_put_int)(struct ocync_json_writer *writer, const char *key, int64_t value);
    void (*json_put_bool)(struct ocync_json_writer *writer, const char *key, int value);
    const char *(*json_text)(struct ocync_json_writer *writer); /* NULL: not closed properly */

    /* Short-lived secrets of this registry, kept in memory and wiped; shared by its flows. */
    const char *(*secret_get)(struct ocync_object *object, const char *key); /* NULL: none */
    void (*secret_put)(struct ocync_object *object, const char *key, const char *value,
                       int64_t lifetime_ms);
};

/* Does this host have the function? */
#define OCYNC_HOST_HAS(host, field) (OCYNC_HAS(host, field) && (host)->field != NULL)

/* ---- The driver ---------------------------------------------------------------------------- */

struct ocync_driver {
    /* Frozen preamble: in this place in every major version. */
    uint32_t magic; /* OCYNC_DRIVER_MAGIC */
    uint16_t abi_major, abi_minor;
    uint32_t struct_size;
    uint32_t option_size; /* sizeof (struct ocync_option): the stride of `options` */
    const char *name;     /* [a-z0-9-]+; the file is NAME.so */
    const char *version;
    const char *hosts; /* globs separated by spaces: "docker.io *.docker.io" */

    /* Declared, readable without calling anything. */
    const char *license; /* SPDX expression */
    const char *summary; /* one line */
    const struct ocync_option *options;
    size_t n_options;
    const struct ocync_profile *profile; /* NULL: plain OCI */

    /* Behaviour: each may be NULL, which means the plain OCI rule. */

    /* Called once per registry before anything else. `profile` is the host's copy of the declared
     * one, for the driver to adjust to its options. Returns 0 or a class. `object` and memory
     * allocated on it live until `close`. */
    int (*open)(const struct ocync_host *host, struct ocync_object *object,
                struct ocync_profile *profile, void **ret_self);
    /* Called once after every `open` that returned 0. */
    void (*close)(void *self, struct ocync_object *object);

    /* Judges an answer that is not a success. `verdict` comes zeroed (retry_after_ms -1). `object`
     * and memory allocated on it live until the host has read the verdict. */
    void (*classify)(void *self, struct ocync_object *object, const struct ocync_response *response,
                     struct ocync_verdict *verdict);

    /* How to get a token; NULL: the distribution token protocol. */
    const struct ocync_flow *auth;
};

/* The note that lets hosts match a driver without loading it: name, version and hosts, each
 * followed by a NUL. It must agree with the struct; the host checks. */
#define OCYNC_NOTE_TYPE 1
#define OCYNC_NOTE_OWNER "ocync"

#define OCYNC_EXPORT_ __attribute__((visibility("default")))
#define OCYNC_NOTE_ATTR_ __attribute__((section(".note.ocync"), aligned(4), used))

#ifdef __cplusplus
#define OCYNC_C_ extern "C"
#else
#define OCYNC_C_
#endif

/*
 * Put once at the end of a driver:
 *     OCYNC_DRIVER (my_driver, "myreg", "1.0", "registry.example *.registry.example")
 * It emits the note and the one exported function. The three strings must be literals and equal
 * those in the struct.
 */
#define OCYNC_DRIVER(driver, name_, version_, hosts_)                                              \
    static const struct {                                                                          \
        uint32_t namesz, descsz, type;                                                             \
        char owner[8];                                                                             \
        uint16_t abi_major, abi_minor;                                                             \
        char text[(sizeof(name_ "\0" version_ "\0" hosts_) + 3) / 4 * 4];                          \
    } ocync_note_ OCYNC_NOTE_ATTR_ = {sizeof(OCYNC_NOTE_OWNER),                                    \
                                      4 + (sizeof(name_ "\0" version_ "\0" hosts_) + 3) / 4 * 4,   \
                                      OCYNC_NOTE_TYPE,                                             \
                                      OCYNC_NOTE_OWNER,                                            \
                                      OCYNC_ABI_MAJOR,                                             \
                                      OCYNC_ABI_MINOR,                                             \
                                      name_ "\0" version_ "\0" hosts_};                            \
    OCYNC_C_ OCYNC_EXPORT_ const struct ocync_driver *ocync_driver_entry(void);                    \
    OCYNC_C_ const struct ocync_driver *ocync_driver_entry(void)                                   \
    {                                                                                              \
        return &driver;                                                                            \
    }                                                                                              \
    typedef int ocync_needs_semicolon_

#ifdef __cplusplus
}
#endif

#endif /* OCYNC_DRIVER_H */
