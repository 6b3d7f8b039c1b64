#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The yardstick of the benchmark does what it says: one blob arrives whole, plain and over TLS.
. "$(dirname "$0")/../e2e/lib.sh"

BARE=$OCYNC_TEST_BUILD/tests/bench/bare_bridge
start_registry plain
start_registry secure tls
push_image one-blob plain app:v1 --size 3000000
read -r hex size < <("$E2E/images.py" show one-blob --size 3000000 | python3 -c '
import json, sys
blob = max(json.load(sys.stdin)["blobs"], key=lambda blob: blob["size"])
print(blob["digest"].split(":")[1], blob["size"])')
source=http://${LISTEN_OF[plain]}/v2/app/blobs/sha256:$hex

# arrives NAME SCHEME
arrives()
{
    local base=$2://${LISTEN_OF[$1]}/v2/copy/blobs
    check "$1: the bridge works" "$BARE" "$source" "$base/uploads/" "$hex" "$size" "$CERTS/ca.pem"
    equal "$1: the blob is there" "$hex" "$(curl -s --cacert "$CERTS/ca.pem" \
        "$base/sha256:$hex" | openssl dgst -sha256 -r | cut -d ' ' -f 1)"
}
arrives plain http
arrives secure https
"$BARE" "$source" "http://${LISTEN_OF[plain]}/v2/copy/blobs/uploads/" "${hex//[0-9]/0}" "$size" \
    >"$OUT" 2>"$ERR"
equal "a wrong digest is noticed" 1 $?
