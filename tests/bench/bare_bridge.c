/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The yardstick of the benchmark: one GET feeds one PUT through a ring, a SHA-256 runs along, and
 * nothing else happens. What ocync needs beyond this is what its care costs.
 *
 *     bare_bridge SOURCE_BLOB_URL TARGET_UPLOADS_URL SHA256_HEX SIZE [CA_FILE]
 *
 * TARGET_UPLOADS_URL is http[s]://HOST/v2/REPOSITORY/blobs/uploads/. Prints the bytes moved.
 */
#include <curl/curl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RING_SIZE = 256 * 1024, BUFFER_SIZE = 64 * 1024, LOCATION_SIZE = 16 * 1024 };

struct bridge {
    CURL *get, *put;
    EVP_MD_CTX *hash;
    unsigned char *ring;
    size_t head, fill; /* where reading goes on, and how much is there */
    uint64_t moved;
    bool source_done, get_paused, put_paused;
    char location[LOCATION_SIZE];
};

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "bare_bridge: %s: %s\n", what, why);
    exit(1);
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void ring_put(struct bridge *b, const unsigned char *data, size_t len)
{
    size_t tail = (b->head + b->fill) % RING_SIZE;
    size_t first = min_size(len, RING_SIZE - tail);

    memcpy(b->ring + tail, data, first);
    memcpy(b->ring, data + first, len - first);
    b->fill += len;
}

static size_t ring_take(struct bridge *b, unsigned char *out, size_t len)
{
    size_t n = min_size(len, b->fill);
    size_t first = min_size(n, RING_SIZE - b->head);

    memcpy(out, b->ring + b->head, first);
    memcpy(out + first, b->ring, n - first);
    b->head = (b->head + n) % RING_SIZE;
    b->fill -= n;
    return n;
}

static size_t on_source(char *data, size_t one, size_t len, void *user)
{
    struct bridge *b = user;

    (void)one;
    if (RING_SIZE - b->fill < len) {
        b->get_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    EVP_DigestUpdate(b->hash, data, len);
    ring_put(b, (const unsigned char *)data, len);
    return len;
}

static size_t on_target(char *out, size_t one, size_t len, void *user)
{
    struct bridge *b = user;
    size_t n = ring_take(b, (unsigned char *)out, one * len);

    if (n == 0 && !b->source_done) {
        b->put_paused = true;
        return CURL_READFUNC_PAUSE;
    }
    b->moved += n;
    return n;
}

static size_t on_header(char *line, size_t one, size_t len, void *user)
{
    struct bridge *b = user;
    static const char name[] = "location: ";

    (void)one;
    if (len > sizeof(name) && strncasecmp(line, name, sizeof(name) - 1) == 0) {
        int text = (int)(len - sizeof(name) + 1);

        while (text > 0 && (unsigned char)line[sizeof(name) - 2 + (size_t)text] <= ' ')
            text--;
        snprintf(b->location, sizeof(b->location), "%.*s", text, line + sizeof(name) - 1);
    }
    return len;
}

static size_t ignore_body(char *data, size_t one, size_t len, void *user)
{
    (void)data;
    (void)user;
    return one * len;
}

static CURL *new_handle(const char *url, const char *ca_file)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL)
        give_up(url, "no handle");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_body);
    if (ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    return easy;
}

/* Opens the upload session; its Location goes to b->location. */
static void open_session(struct bridge *b, const char *uploads, const char *ca_file)
{
    CURL *post = new_handle(uploads, ca_file);
    CURLcode code;

    curl_easy_setopt(post, CURLOPT_POST, 1L);
    curl_easy_setopt(post, CURLOPT_POSTFIELDSIZE, 0L);
    curl_easy_setopt(post, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(post, CURLOPT_HEADERDATA, b);
    code = curl_easy_perform(post);
    if (code != CURLE_OK || b->location[0] == '\0')
        give_up(uploads, code != CURLE_OK ? curl_easy_strerror(code) : "no Location");
    curl_easy_cleanup(post);
}

/* Not for a few bytes: every pause and every wake-up costs. */
static void resume(struct bridge *b)
{
    if (b->get_paused && b->fill <= RING_SIZE / 2) {
        b->get_paused = false;
        curl_easy_pause(b->get, CURLPAUSE_CONT);
    }
    if (b->put_paused && (b->fill >= BUFFER_SIZE || b->source_done)) {
        b->put_paused = false;
        curl_easy_pause(b->put, CURLPAUSE_CONT);
    }
}

/* Takes finished transfers off; returns how many there were. */
static int reap(struct bridge *b, CURLM *multi)
{
    int left, done = 0;
    CURLMsg *message;

    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->data.result != CURLE_OK)
            give_up(message->easy_handle == b->get ? "GET" : "PUT",
                    curl_easy_strerror(message->data.result));
        if (message->easy_handle == b->get)
            b->source_done = true;
        done++;
    }
    return done;
}

static void transfer(struct bridge *b, CURLM *multi)
{
    int open = 2, running;

    curl_multi_add_handle(multi, b->get);
    curl_multi_add_handle(multi, b->put);
    while (open > 0) {
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            give_up("transfer", "curl_multi_perform failed");
        open -= reap(b, multi);
        resume(b);
        if (open > 0)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    curl_multi_remove_handle(multi, b->get);
    curl_multi_remove_handle(multi, b->put);
}

static void check_digest(struct bridge *b, const char *wanted)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned int len = 0;

    EVP_DigestFinal_ex(b->hash, digest, &len);
    for (unsigned int i = 0; i < len; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", digest[i]);
    if (strcmp(hex, wanted) != 0)
        give_up("digest", hex);
}

static struct curl_slist *upload_headers(void)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/octet-stream");

    headers = curl_slist_append(headers, "Expect:");
    if (headers == NULL)
        give_up("headers", "out of memory");
    return headers;
}

static void bridge_open(struct bridge *b, char *argv[], const char *ca_file)
{
    char url[LOCATION_SIZE + 128];

    open_session(b, argv[2], ca_file);
    snprintf(url, sizeof(url), "%s%cdigest=sha256:%s", b->location,
             strchr(b->location, '?') != NULL ? '&' : '?', argv[3]);
    b->get = new_handle(argv[1], ca_file);
    curl_easy_setopt(b->get, CURLOPT_WRITEFUNCTION, on_source);
    curl_easy_setopt(b->get, CURLOPT_WRITEDATA, b);
    curl_easy_setopt(b->get, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
    b->put = new_handle(url, ca_file);
    curl_easy_setopt(b->put, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(b->put, CURLOPT_INFILESIZE_LARGE, (curl_off_t)strtoll(argv[4], NULL, 10));
    curl_easy_setopt(b->put, CURLOPT_READFUNCTION, on_target);
    curl_easy_setopt(b->put, CURLOPT_READDATA, b);
    curl_easy_setopt(b->put, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER_SIZE);
}

int main(int argc, char *argv[])
{
    struct bridge b = {0};
    struct curl_slist *headers;
    CURLM *multi;

    if (argc < 5 || argc > 6) {
        fprintf(stderr, "usage: bare_bridge BLOB_URL UPLOADS_URL SHA256_HEX SIZE [CA_FILE]\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    headers = upload_headers();
    b.ring = malloc(RING_SIZE);
    b.hash = EVP_MD_CTX_new();
    if (multi == NULL || b.ring == NULL || b.hash == NULL ||
        EVP_DigestInit_ex(b.hash, EVP_sha256(), NULL) != 1)
        give_up("start", "out of memory");
    bridge_open(&b, argv, argc > 5 ? argv[5] : NULL);
    curl_easy_setopt(b.put, CURLOPT_HTTPHEADER, headers);

    transfer(&b, multi);
    check_digest(&b, argv[3]);
    printf("%llu\n", (unsigned long long)b.moved);

    curl_easy_cleanup(b.get);
    curl_easy_cleanup(b.put);
    curl_slist_free_all(headers);
    curl_multi_cleanup(multi);
    curl_global_cleanup();
    EVP_MD_CTX_free(b.hash);
    free(b.ring);
    return 0;
}
