/* SPDX-License-Identifier: Apache-2.0 */
/* Content digests. */
#include "digest.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "util.h"

static const struct algorithm {
    const char *name;
    size_t hex_len;
    const EVP_MD *(*function)(void);
} algorithms[] = {
    {"sha256", 64, EVP_sha256},
    {"sha512", 128, EVP_sha512},
};

static const struct algorithm *algorithm_of(const char *digest)
{
    if (digest == NULL)
        return &algorithms[0];
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        size_t len = strlen(algorithms[i].name);

        if (strncmp(digest, algorithms[i].name, len) == 0 && digest[len] == ':')
            return &algorithms[i];
    }
    return NULL;
}

bool digest_is_valid(const char *digest)
{
    const struct algorithm *algorithm = algorithm_of(digest);

    if (digest == NULL || algorithm == NULL)
        return false;
    const char *hex = digest + strlen(algorithm->name) + 1;
    return strlen(hex) == algorithm->hex_len &&
           strspn(hex, "0123456789abcdef") == algorithm->hex_len;
}

static char *finish(const struct algorithm *algorithm, EVP_MD_CTX *context)
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    EVP_DigestFinal_ex(context, raw, &len);
    CLEANUP(freep) char *hex = hex_encode(raw, len);
    return xasprintf("%s:%s", algorithm->name, hex);
}

static void context_freep(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

char *digest_of_bytes(const char *like, const void *data, size_t len)
{
    const struct algorithm *algorithm = algorithm_of(like);
    CLEANUP(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();

    EVP_DigestInit_ex(context, algorithm->function(), NULL);
    EVP_DigestUpdate(context, data, len);
    return finish(algorithm, context);
}

char *digest_of_file(const char *like, int fd)
{
    const struct algorithm *algorithm = algorithm_of(like);
    CLEANUP(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    CLEANUP(freep) char *block = xcalloc(1, 1 << 18);
    off_t offset = 0;
    ssize_t got;

    EVP_DigestInit_ex(context, algorithm->function(), NULL);
    while ((got = pread(fd, block, 1 << 18, offset)) > 0) {
        EVP_DigestUpdate(context, block, (size_t)got);
        offset += got;
    }
    return got < 0 ? NULL : finish(algorithm, context);
}
