#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Parts of an index: one platform is that image, several are an index cut from the original.
. "$(dirname "$0")/lib.sh"

start_registry source
start_registry target
S=${LISTEN_OF[source]}
T=${LISTEN_OF[target]}
push_image attestations source app:v1
push_image six-blobs source single:v1

# children REFERENCE: digests of an index, as the registry has it.
children()
{
    curl -sf -H 'Accept: application/vnd.oci.image.index.v1+json' \
        "http://${1%%/*}/v2/${1#*/}" | jq -r '.manifests[].digest'
}

# The platforms of the source, and the attestation that speaks of each.
all=$(children "$S/app/manifests/v1")
amd64=$(sed -n 1p <<<"$all") about_amd64=$(sed -n 2p <<<"$all")
arm64=$(sed -n 3p <<<"$all") about_arm64=$(sed -n 4p <<<"$all")

expect_run "one platform" 0 copy --platform linux/arm64 "$S/app:v1" "$T/one:v1"
equal "one platform is that image" "$arm64" "$(python3 "$E2E/verify.py" digest "http://$T/one:v1")"
expect_run "one platform, again" 0 copy --platform linux/arm64 "$S/app:v1" "$T/one:v1"
equal "one platform, again: nothing is printed" "" "$(cat "$OUT")"

expect_run "an index of one" 0 copy --platform linux/arm64 --keep-index "$S/app:v1" "$T/index:v1"
equal "an index of one: the image and its attestation" "$arm64 $about_arm64" \
    "$(children "$T/index/manifests/v1" | xargs)"
equal "the other platform did not travel" 404 "$(curl -sI -o "$WORK/body" -w '%{http_code}' \
    "http://$T/v2/index/manifests/$amd64")"

expect_run "two platforms" 0 copy --platform linux/arm64 --platform linux/amd64 \
    "$S/app:v1" "$T/two:v1"
equal "two platforms keep the order of the original" \
    "$amd64 $about_amd64 $arm64 $about_arm64" "$(children "$T/two/manifests/v1" | xargs)"
same "all platforms named are the original" "http://$S/app:v1" "http://$T/two:v1"

expect_run "one of two is missing" 0 copy --platform linux/s390x --platform linux/amd64 \
    "$S/app:v1" "$T/some:v1"
check "one of two is missing: a warning" grep -q 'warning.*linux/s390x' "$ERR"
equal "one of two is missing: the other" "$amd64 $about_amd64" \
    "$(children "$T/some/manifests/v1" | xargs)"
check "every tag at the target is whole" python3 "$E2E/verify.py" whole "http://$T"
expect_error "all are missing" 2 'windows/amd64.*linux/amd64' \
    copy --platform windows/amd64 "$S/app:v1" "$T/none:v1"
expect_run "a source that is no index" 0 copy --platform linux/s390x "$S/single:v1" "$T/single:v1"
check "a source that is no index: a warning" grep -q 'warning' "$ERR"
expect_error "keep-index of nothing" 2 'platform' copy --keep-index "$S/app:v1" "$T/app:v1"
expect_error "a platform that is none" 2 'platform' copy --platform linux "$S/app:v1" "$T/app:v1"
