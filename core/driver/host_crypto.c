/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/host.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdlib.h>

/* These can only fail for want of memory or of the algorithm, which is part of OpenSSL's core. */
static void must(int ok)
{
    if (!ok)
        abort();
}

void host_sha256(struct ocync_object *object, const void *data, size_t len, uint8_t out[32])
{
    (void)object;
    must(EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1);
}

void host_hmac_sha256(struct ocync_object *object, const void *key, size_t key_len,
                      const void *data, size_t len, uint8_t out[32])
{
    uint8_t digest[32];
    (void)object;
    if (key_len > 64) { /* RFC 2104: longer keys count as their digest; keeps the int below safe */
        host_sha256(object, key, key_len, digest);
        key = digest;
        key_len = sizeof(digest);
    }
    must(HMAC(EVP_sha256(), key ? key : "", (int)key_len, data, len, out, NULL) != NULL);
    OPENSSL_cleanse(digest, sizeof(digest));
}

/* Without this, OpenSSL would ask for the key's password on the terminal. */
static int no_password(char *to, int size, int writing, void *arg)
{
    (void)to, (void)size, (void)writing, (void)arg;
    return -1;
}

static EVP_PKEY *read_rsa_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    must(bio != NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    if (key && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static uint8_t *sign(struct ocync_object *object, EVP_PKEY *key, const void *data, size_t len,
                     size_t *ret_len)
{
    size_t size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL);
    uint8_t *signature = NULL;
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, NULL, &size, data, len) == 1) {
        signature = object_alloc(object, size);
        if (EVP_DigestSign(context, signature, &size, data, len) != 1)
            signature = NULL;
    }
    EVP_MD_CTX_free(context);
    if (signature)
        *ret_len = size;
    return signature;
}

uint8_t *host_rs256_sign(struct ocync_object *object, const char *pem, const void *data, size_t len,
                         size_t *ret_len)
{
    EVP_PKEY *key = read_rsa_key(pem);
    uint8_t *signature = key ? sign(object, key, data, len, ret_len) : NULL;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return signature;
}
