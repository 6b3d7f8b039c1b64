#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shortest proof that copying works; small enough to run under valgrind as well.
. "$(dirname "$0")/lib.sh"

start_registry source
start_registry target tls
push_image two-platforms source app:v1

expect_run "registry to registry over TLS" 0 copy --dest-ca-file "$CERTS/ca.pem" \
    "${LISTEN_OF[source]}/app:v1" "${LISTEN_OF[target]}/app:v1"
same "registry to registry: the same" "http://${LISTEN_OF[source]}/app:v1" \
    "https://${LISTEN_OF[target]}/app:v1" --ca "$CERTS/ca.pem"
expect_run "registry to layout" 0 copy "${LISTEN_OF[source]}/app:v1" "oci:$WORK/layout:v1"
same "registry to layout: the same" "http://${LISTEN_OF[source]}/app:v1" "oci:$WORK/layout:v1"
expect_error "a tag that is not there" 2 'v9' \
    copy "${LISTEN_OF[source]}/app:v9" "oci:$WORK/layout:v9"
expect_run "version" 0 version
check "version says which" grep -q '[0-9]\.[0-9]' "$OUT"
