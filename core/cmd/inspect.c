/* SPDX-License-Identifier: Apache-2.0 */
/* ocync inspect: what a reference stands for. */
#include "base/log.h"
#include "base/str.h"
#include "cmd/query.h"

#include <jansson.h>
#include <stdlib.h>

struct inspect_options {
    bool raw, digest, json;
};

static const struct option inspect_table[] = {
    {"raw", 0, NULL, OPTION_FLAG, offsetof(struct inspect_options, raw),
     "print the manifest as it is, byte for byte"},
    {"digest", 0, NULL, OPTION_FLAG, offsetof(struct inspect_options, digest),
     "print only the digest"},
    {"json", 0, NULL, OPTION_FLAG, offsetof(struct inspect_options, json),
     "print the summary as JSON"},
    {0},
};

static json_t *descriptor_json(const struct descriptor *d)
{
    json_t *o = json_pack("{s:s, s:s, s:I}", "mediaType", d->media_type, "digest", d->digest.text,
                          "size", (json_int_t)d->size);
    if (d->platform.os) {
        _cleanup_free_ char *platform = platform_text(&d->platform);
        json_object_set_new(o, "platform", json_string(platform));
    }
    return o;
}

static json_t *list_json(const struct descriptor *list, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, descriptor_json(&list[i]));
    return array;
}

static json_t *summary_json(const char *name, const struct manifest *m)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:I}", "name", name, "digest", m->digest.text,
                          "mediaType", m->media_type, "size", (json_int_t)m->len);
    if (m->artifact_type)
        json_object_set_new(o, "artifactType", json_string(m->artifact_type));
    if (m->has_subject)
        json_object_set_new(o, "subject", descriptor_json(&m->subject));
    if (m->kind == MANIFEST_INDEX) {
        json_object_set_new(o, "manifests", list_json(m->children, m->n_children));
        return o;
    }
    if (m->config.media_type)
        json_object_set_new(o, "config", descriptor_json(&m->config));
    json_object_set_new(o, "layers", list_json(m->layers, m->n_layers));
    return o;
}

static void print_escaped(const char *key, const char *value)
{
    char text[512];
    str_escape(value, text, sizeof(text));
    printf("%-10s %s\n", key, text);
}

static void print_descriptor(const char *role, const struct descriptor *d)
{
    char size[16], type[160];
    _cleanup_free_ char *platform = d->platform.os ? platform_text(&d->platform) : xstrdup("");
    char shown[100];
    str_escape(platform, shown, sizeof(shown));
    str_escape(d->media_type, type, sizeof(type));
    str_bytes((uint64_t)d->size, size, sizeof(size));
    printf("  %-8s %s  %9s  %s%s%s\n", role, d->digest.text, size, *shown ? shown : type,
           d->is_attestation ? " (attestation)" : "", d->has_urls ? " (foreign)" : "");
}

static void print_summary(const char *name, const struct manifest *m)
{
    print_escaped("Name:", name);
    print_escaped("Digest:", m->digest.text);
    print_escaped("Type:", m->media_type);
    printf("%-10s %zu bytes\n", "Size:", m->len);
    if (m->artifact_type)
        print_escaped("Artifact:", m->artifact_type);
    if (m->has_subject)
        print_descriptor("subject", &m->subject);
    for (size_t i = 0; i < m->n_children; i++)
        print_descriptor("image", &m->children[i]);
    if (m->config.media_type)
        print_descriptor("config", &m->config);
    for (size_t i = 0; i < m->n_layers; i++)
        print_descriptor("layer", &m->layers[i]);
}

static void print(const struct query *q, const struct manifest *m,
                  const struct inspect_options *options)
{
    _cleanup_free_ char *name = endpoint_text(&q->endpoint, q->endpoint.reference);
    if (options->raw) {
        fwrite(m->bytes, 1, m->len, stdout);
    } else if (options->digest) {
        puts(m->digest.text);
    } else if (options->json) {
        json_t *document = summary_json(name, m);
        json_dumpf(document, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(document);
    } else {
        print_summary(name, m);
    }
}

static int inspect(struct query *q, void *arg)
{
    struct store *store = q->endpoint.store;
    const char *reference = q->endpoint.reference;
    struct digest digest;
    bool by_digest = digest_parse(reference, &digest, NULL) == 0;
    struct store_op *op = store->ops->get(store, reference, by_digest ? &digest : NULL, NULL, NULL);
    int code = query_wait(q, op);
    if (code == 0)
        print(q, op->manifest, arg);
    store_op_drop(&op);
    return code;
}

static int inspect_main(const struct command *self, struct globals *globals, int argc, char **argv)
{
    struct inspect_options options = {0};
    const struct option_group group = {"Options", inspect_table, &options};
    return query_run(self, globals, ENDPOINT_READ, &group, argc, argv, inspect, &options);
}

const struct command command_inspect = {
    .name = "inspect",
    .operands = "REFERENCE",
    .summary = "show a manifest, its digest or its parts",
    .description = "Shows what a reference stands for: digest, type and parts; or the manifest "
                   "itself.\nNothing but the manifest is read.",
    .run = inspect_main,
};
