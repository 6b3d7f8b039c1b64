/* SPDX-License-Identifier: Apache-2.0 */
#include "select/platforms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#include <string.h>

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define IMAGE_TYPE "application/vnd.oci.image.manifest.v1+json"

/* The digest of child N in these tests: sixty-four times its digit. */
static void digest_of(char which, char out[80])
{
    memcpy(out, "sha256:", 7);
    memset(out + 7, which, 64);
    out[71] = '\0';
}

/*
 * An index from words: "linux/amd64" a child, "-" one without platform, "index" one below without
 * platform, "linux/amd64+index" one below with it, "@N" the attestation of child N, "@" one that
 * names nothing.
 */
static struct manifest *make_index(const char *words)
{
    struct buf text = BUF_INIT(65536);
    buf_printf(&text, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[", INDEX_TYPE);
    _cleanup_free_ char *copy = xstrdup(words);
    char *rest = copy, *word;
    for (char which = '0'; (word = strsep(&rest, " ")) && *word; which++) {
        char digest[80];
        digest_of(which, digest);
        bool is_index = str_has_suffix(word, "index");
        buf_printf(&text, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":7",
                   which > '0' ? "," : "", is_index ? INDEX_TYPE : IMAGE_TYPE, digest);
        char *variant = NULL, *architecture = strchr(word, '/');
        if (architecture) {
            *architecture++ = '\0';
            architecture[strcspn(architecture, "+")] = '\0';
            variant = strchr(architecture, '/');
            if (variant)
                *variant++ = '\0';
            buf_printf(&text, ",\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\"", word,
                       architecture);
            if (variant)
                buf_printf(&text, ",\"variant\":\"%s\"", variant);
            buf_add_str(&text, "}");
        } else if (*word == '@') {
            buf_add_str(&text, ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"},"
                               "\"annotations\":{\"vnd.docker.reference.type\":"
                               "\"attestation-manifest\"");
            if (word[1]) {
                digest_of(word[1], digest);
                buf_printf(&text, ",\"vnd.docker.reference.digest\":\"%s\"", digest);
            }
            buf_add_str(&text, "}");
        }
        buf_add_str(&text, "}");
    }
    buf_add_str(&text, "]}");
    struct manifest *index = NULL;
    struct error err = ERROR_INIT;
    if (manifest_parse(buf_str(&text), text.len, NULL, NULL, &index, &err) < 0)
        fail_msg("%s", err.text);
    buf_done(&text);
    return index;
}

static size_t parse_asked(const char *words, struct platform out[8])
{
    _cleanup_free_ char *copy = xstrdup(words);
    char *rest = copy, *word;
    size_t n = 0;
    while ((word = strsep(&rest, " ")))
        assert_int_equal(platform_parse(word, &out[n++], NULL), 0);
    return n;
}

static void chooses(void **state)
{
    (void)state;
    static const struct {
        const char *index, *asked;
        const char *keep;    /* '1' or '0' for each child */
        const char *missing; /* places in `asked` */
        size_t n_undecided;
    } rows[] = {
        {"linux/amd64 linux/arm64", "linux/amd64", "10", "", 0},
        {"linux/amd64 linux/arm64", "linux/arm64 linux/amd64", "11", "", 0},
        {"linux/amd64 linux/arm64/v8 linux/s390x", "linux/s390x linux/arm64", "011", "", 0},
        {"linux/amd64 linux/arm64", "linux/amd64 linux/s390x", "10", "1", 0},
        {"linux/amd64", "linux/s390x linux/amd64 linux/ppc64le", "1", "02", 0},
        /* What nobody asked for a variant of stays in all of them. */
        {"linux/amd64 linux/amd64/v3 linux/arm/v6 linux/arm/v7", "linux/amd64 linux/arm/v6", "1110",
         "", 0},
        /* Several versions of one operating system. */
        {"windows/amd64 windows/amd64 linux/amd64", "windows/amd64", "110", "", 0},
        /* Attestations stay with their image, wherever they stand. */
        {"linux/amd64 linux/arm64 @0 @1", "linux/arm64", "0101", "", 0},
        {"@1 linux/amd64 @3 linux/arm64", "linux/amd64", "1100", "", 0},
        {"linux/amd64 @", "linux/amd64", "10", "", 0},
        {"linux/amd64 @0 @1", "linux/amd64", "110", "", 0},
        /* Asking for what attestations call themselves does not find them. */
        {"linux/amd64 @0", "linux/amd64 unknown/unknown", "11", "1", 0},
        /* No platform: an image goes, an index stays, as nobody can tell. */
        {"linux/amd64 -", "linux/amd64", "10", "", 0},
        {"linux/amd64 index", "linux/amd64", "11", "", 1},
        {"linux/amd64 index", "linux/arm64", "01", "0", 1},
        {"linux/amd64 linux/arm64+index", "linux/arm64", "01", "", 0},
        {"linux/amd64 linux/arm64+index", "linux/amd64", "10", "", 0},
        {"index @0 @2 linux/amd64", "linux/arm64", "1100", "0", 1},
        {"", "linux/amd64", "", "0", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct platform asked[8];
        size_t n_asked = parse_asked(rows[i].asked, asked);
        struct manifest *index = make_index(rows[i].index);
        struct platform_choice choice;
        struct error err = ERROR_INIT;
        if (platforms_choose(index, asked, n_asked, &choice, &err) < 0)
            fail_msg("row %zu: %s", i, err.text);
        char keep[10] = "", missing[10] = "";
        size_t n_kept = 0;
        for (size_t j = 0; j < index->n_children; j++) {
            keep[j] = choice.keep[j] ? '1' : '0';
            n_kept += choice.keep[j];
        }
        for (size_t j = 0; j < choice.n_missing; j++)
            missing[j] = (char)('0' + choice.missing[j]);
        if (strcmp(keep, rows[i].keep) != 0 || strcmp(missing, rows[i].missing) != 0)
            fail_msg("row %zu: kept %s, missing %s", i, keep, missing);
        assert_int_equal(choice.n_kept, n_kept);
        assert_int_equal(choice.n_undecided, rows[i].n_undecided);
        platform_choice_done(&choice);
        assert_null(choice.keep);
        manifest_free(index);
        for (size_t j = 0; j < n_asked; j++)
            platform_done(&asked[j]);
    }
}

static void all_missing(void **state)
{
    (void)state;
    static const struct {
        const char *index, *asked, *text;
    } rows[] = {
        {"linux/amd64 linux/arm64 @0", "linux/s390x",
         "none of the platforms asked for (linux/s390x): it has linux/amd64, linux/arm64"},
        {"linux/arm/v6", "linux/arm/v7 linux/386",
         "(linux/arm/v7, linux/386): it has linux/arm/v6"},
        {"- @0", "linux/amd64", "it has none that it names"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct platform asked[8];
        size_t n_asked = parse_asked(rows[i].asked, asked);
        struct manifest *index = make_index(rows[i].index);
        struct platform_choice choice = {.n_kept = 42};
        struct error err = ERROR_INIT;
        assert_int_equal(platforms_choose(index, asked, n_asked, &choice, &err), ERR_NOT_FOUND);
        assert_int_equal(choice.n_kept, 42);
        if (!strstr(err.text, rows[i].text))
            fail_msg("%s", err.text);
        manifest_free(index);
        for (size_t j = 0; j < n_asked; j++)
            platform_done(&asked[j]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses),
        cmocka_unit_test(all_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
