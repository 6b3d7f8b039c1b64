/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people write to name an image. Invariant: the parts of a struct ref follow the grammars,
 * so they may be put into URLs; only the path of a layout is free text.
 */
#include "oci/ref.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char default_host[] = "docker.io";

static int refuse(struct error *err, const char *text, const char *why)
{
    return error_set(err, ERR_USAGE, "reference \"%.300s\": %s", text, why);
}

/* Cuts "@DIGEST" off `rest` into ret->digest. */
static int cut_digest(char *rest, const char *text, struct ref *ret, struct error *err)
{
    char *at = strrchr(rest, '@');
    if (!at)
        return 0;
    if (digest_parse(at + 1, &ret->digest, err) < 0)
        return refuse(err, text,
                      "what follows \"@\" is no digest: expected \"sha256:\" and 64, or "
                      "\"sha512:\" and 128 lower-case hexadecimal digits");
    *at = '\0';
    return 0;
}

/* Cuts ":TAG" off the last part of `rest` into ret->tag. */
static int cut_tag(char *rest, const char *text, struct ref *ret, struct error *err)
{
    char *slash = strrchr(rest, '/');
    char *colon = strrchr(slash ? slash : rest, ':');
    if (!colon)
        return 0;
    if (!tag_is_valid(colon + 1))
        return refuse(err, text,
                      "the tag is malformed: expected up to 128 letters, digits, \"_\", \".\" and "
                      "\"-\", not beginning with \".\" or \"-\"");
    ret->tag = xstrdup(colon + 1);
    *colon = '\0';
    return 0;
}

/* Docker's rule: the first part is a host when it can't be the first part of a repository. */
static bool is_host(const char *part, size_t len)
{
    static const char local[] = "localhost";
    if (len == strlen(local) && strncasecmp(part, local, len) == 0)
        return true;
    for (size_t i = 0; i < len; i++) {
        if (strchr(".:[", part[i]) || (part[i] >= 'A' && part[i] <= 'Z'))
            return true;
    }
    return false;
}

static int cut_host(char **rest, const char *text, struct ref *ret, struct error *err)
{
    size_t len = strcspn(*rest, "/");
    ret->host_given = (*rest)[len] == '/' && is_host(*rest, len);
    if (!ret->host_given) {
        ret->host = xstrdup(default_host);
        return 0;
    }
    (*rest)[len] = '\0';
    if (!host_is_valid(*rest))
        return refuse(err, text,
                      "the host is malformed: expected a DNS name, an IPv4 or [IPv6] address, and "
                      "a port from 1 to 65535 if any");
    ret->host = str_lower(*rest);
    *rest += len + 1;
    return 0;
}

static int parse_registry(const char *text, const char *body, struct ref *ret, struct error *err)
{
    _cleanup_free_ char *copy = xstrdup(body);
    char *rest = copy;
    ret->kind = REF_REGISTRY;
    int rc = cut_digest(rest, text, ret, err);
    if (rc == 0)
        rc = cut_host(&rest, text, ret, err);
    if (rc == 0)
        rc = cut_tag(rest, text, ret, err);
    if (rc < 0)
        return rc;
    if (!*rest)
        return refuse(err, text, "the repository is missing: write [HOST/]REPOSITORY[:TAG]");
    if (!repository_name_is_valid(rest))
        return refuse(err, text,
                      "the repository name is malformed: expected lower-case letters and digits, "
                      "separated by \".\", \"_\", \"__\", \"-\" or \"/\", 255 bytes at most");
    ret->repository = xstrdup(rest);
    return 0;
}

/* Folders may have "@" in their names: it begins a digest only where one could stand. */
static bool ends_in_digest(const char *body)
{
    const char *at = strrchr(body, '@');
    return at && strchr(at, ':') && !strchr(at, '/');
}

static int parse_layout(const char *text, const char *body, struct ref *ret, struct error *err)
{
    _cleanup_free_ char *rest = xstrdup(body);
    ret->kind = REF_LAYOUT;
    int rc = ends_in_digest(rest) ? cut_digest(rest, text, ret, err) : 0;
    if (rc == 0)
        rc = cut_tag(rest, text, ret, err);
    if (rc < 0)
        return rc;
    if (!*rest)
        return refuse(err, text, "the directory is missing: write oci:DIR[:TAG]");
    ret->path = take_ptr(&rest);
    return 0;
}

static int parse_any(const char *text, struct ref *ret, struct error *err)
{
    static const char docker[] = "docker://", ocidir[] = "ocidir://", oci[] = "oci:";
    if (str_has_prefix(text, "http://") || str_has_prefix(text, "https://"))
        return refuse(err, text, "leave out \"http://\" and \"https://\": write HOST/REPOSITORY");
    if (str_has_prefix(text, "oci://"))
        return refuse(err, text,
                      "write HOST/REPOSITORY for a registry, or oci:DIR for a directory");
    if (str_has_prefix(text, ocidir))
        return parse_layout(text, text + strlen(ocidir), ret, err);
    if (str_has_prefix(text, oci))
        return parse_layout(text, text + strlen(oci), ret, err);
    size_t skip = str_has_prefix(text, docker) ? strlen(docker) : 0;
    return parse_registry(text, text + skip, ret, err);
}

int ref_parse(const char *text, struct ref *ret, struct error *err)
{
    struct ref ref = {0};
    int rc = parse_any(text, &ref, err);
    if (rc < 0)
        ref_done(&ref);
    else
        *ret = ref;
    return rc;
}

void ref_done(struct ref *ref)
{
    free(ref->host);
    free(ref->repository);
    free(ref->path);
    free(ref->tag);
    *ref = (struct ref){0};
}

char *ref_text(const struct ref *ref)
{
    bool layout = ref->kind == REF_LAYOUT;
    return xasprintf("%s%s%s%s%s%s%s", layout ? "oci" : ref->host, layout ? ":" : "/",
                     layout ? ref->path : ref->repository, ref->tag ? ":" : "",
                     ref->tag ? ref->tag : "", digest_is_set(&ref->digest) ? "@" : "",
                     ref->digest.text);
}
