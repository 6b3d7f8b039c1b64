/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every byte of every layer passes through here, so the algorithm is looked up once per run and
 * OpenSSL does the rest. Invariant of struct digest: `text` is "" or follows the grammar.
 */
#include "oci/digest.h"

#include "base/log.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hasher {
    enum digest_algorithm algorithm;
    EVP_MD_CTX *context;
};

static const struct {
    const char *name, *openssl_name;
    size_t hex_len;
} algorithms[] = {
    [DIGEST_SHA256] = {"sha256", "SHA256", 64},
    [DIGEST_SHA512] = {"sha512", "SHA512", 128},
};

/* OpenSSL fails here only without memory or without its own providers: nothing can go on. */
static void must(bool ok)
{
    if (ok)
        return;
    log_error("OpenSSL can't compute digests: check its installation");
    abort();
}

/* Fetched once: a fetch costs more than hashing a small manifest. Lives as long as the program. */
static const EVP_MD *method_of(enum digest_algorithm algorithm)
{
    static EVP_MD *methods[ARRAY_LEN(algorithms)];
    if (!methods[algorithm]) {
        methods[algorithm] = EVP_MD_fetch(NULL, algorithms[algorithm].openssl_name, NULL);
        must(methods[algorithm] != NULL);
    }
    return methods[algorithm];
}

static bool hex_is_valid(const char *hex, size_t len)
{
    return strlen(hex) == len && strspn(hex, "0123456789abcdef") == len;
}

int digest_parse(const char *text, struct digest *ret, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        size_t name_len = strlen(algorithms[i].name);
        if (strncmp(text, algorithms[i].name, name_len) != 0 || text[name_len] != ':')
            continue;
        if (!hex_is_valid(text + name_len + 1, algorithms[i].hex_len))
            return error_set(err, ERR_PROTOCOL,
                             "digest \"%.160s\" is malformed: expected %zu lower-case hexadecimal "
                             "digits after \"%s:\"",
                             text, algorithms[i].hex_len, algorithms[i].name);
        *ret = (struct digest){.algorithm = (enum digest_algorithm)i};
        memcpy(ret->text, text, strlen(text) + 1);
        return 0;
    }
    return error_set(err, ERR_PROTOCOL,
                     "digest \"%.160s\" is malformed: expected \"sha256:\" or \"sha512:\" and "
                     "hexadecimal digits",
                     text);
}

bool digest_is_set(const struct digest *digest)
{
    return digest->text[0] != '\0';
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return a->text[0] && strcmp(a->text, b->text) == 0;
}

const char *digest_algorithm_name(const struct digest *digest)
{
    return algorithms[digest->algorithm].name;
}

const char *digest_hex(const struct digest *digest)
{
    const char *colon = strchr(digest->text, ':');
    return colon ? colon + 1 : digest->text;
}

void digest_short(const struct digest *digest, char *out, size_t size)
{
    if (digest_is_set(digest))
        snprintf(out, size, "%s:%.12s", digest_algorithm_name(digest), digest_hex(digest));
    else if (size)
        out[0] = '\0';
}

static void write_text(enum digest_algorithm algorithm, const unsigned char *raw, size_t len,
                       struct digest *ret)
{
    static const char hex[] = "0123456789abcdef";
    *ret = (struct digest){.algorithm = algorithm};
    char *to = ret->text;
    for (const char *p = algorithms[algorithm].name; *p; p++)
        *to++ = *p;
    *to++ = ':';
    for (size_t i = 0; i < len; i++) {
        *to++ = hex[raw[i] >> 4];
        *to++ = hex[raw[i] & 15];
    }
    *to = '\0';
}

void digest_compute(enum digest_algorithm algorithm, const void *data, size_t len,
                    struct digest *ret)
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned int raw_len = 0;
    must(EVP_Digest(data, len, raw, &raw_len, method_of(algorithm), NULL) == 1);
    write_text(algorithm, raw, raw_len, ret);
}

struct hasher *hasher_new(enum digest_algorithm algorithm)
{
    struct hasher *hasher = xcalloc(1, sizeof(*hasher));
    hasher->algorithm = algorithm;
    hasher->context = EVP_MD_CTX_new();
    must(hasher->context != NULL);
    hasher_reset(hasher);
    return hasher;
}

void hasher_free(struct hasher *hasher)
{
    if (!hasher)
        return;
    EVP_MD_CTX_free(hasher->context);
    free(hasher);
}

void hasher_update(struct hasher *hasher, const void *data, size_t len)
{
    must(EVP_DigestUpdate(hasher->context, data, len) == 1);
}

void hasher_final(struct hasher *hasher, struct digest *ret)
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned int raw_len = 0;
    must(EVP_DigestFinal_ex(hasher->context, raw, &raw_len) == 1);
    write_text(hasher->algorithm, raw, raw_len, ret);
}

void hasher_reset(struct hasher *hasher)
{
    must(EVP_DigestInit_ex2(hasher->context, method_of(hasher->algorithm), NULL) == 1);
}
