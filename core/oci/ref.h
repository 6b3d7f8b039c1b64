/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References, by docker's rules: "nginx" is docker.io/library/nginx:latest in meaning. The
 * canonical host and a driver's repository prefix are applied later, by whoever knows the driver.
 *     [docker://][HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]
 *     oci:DIR[:TAG][@DIGEST]      an OCI image layout on disk (also ocidir://)
 */
#pragma once

#include "oci/digest.h"

enum ref_kind { REF_REGISTRY, REF_LAYOUT };

struct ref {
    enum ref_kind kind;
    char *host;           /* REF_REGISTRY: lower case, with the port if given */
    bool host_given;      /* false: docker.io was implied */
    char *repository;     /* REF_REGISTRY */
    char *path;           /* REF_LAYOUT: the directory */
    char *tag;            /* NULL: none given */
    struct digest digest; /* not set: none given */
};

int ref_parse(const char *text, struct ref *ret, struct error *err); /* ERR_USAGE */
void ref_done(struct ref *ref);
/* "host/repo:tag@digest" or "oci:dir:tag"; free it. */
char *ref_text(const struct ref *ref);

/* The grammars of the distribution spec. */
bool repository_name_is_valid(const char *name); /* 255 bytes at most */
bool tag_is_valid(const char *tag);
/* HOST[:PORT]: a DNS name, IPv4 or [IPv6], port 1-65535. */
bool host_is_valid(const char *host);
