#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every shape of image through every pair of stores: the copy is the same to the last byte, and
# copying again moves nothing.
. "$(dirname "$0")/lib.sh"
requires skopeo

start_registry source foreign
start_registry target foreign
S=${LISTEN_OF[source]}
T=${LISTEN_OF[target]}
shapes=$("$E2E/images.py" list | awk '{ print $1 }')

# again_moves_nothing WHAT SRC DST LAYOUT: the same command once more; LAYOUT is the target's
# folder, or empty.
again_moves_nothing()
{
    local what=$1 src=$2 dst=$3 layout=$4
    [ -z "$layout" ] || snapshot "$layout/blobs" >"$WORK/before"
    forget source
    forget target
    expect_run "$what, again" 0 copy "$src" "$dst"
    settle source
    settle target
    expect_requests "$what, again: reads no blob" source '^GET [^ ]*/blobs/' 0
    expect_requests "$what, again: writes nothing" target '^(POST|PUT|PATCH|DELETE) ' 0
    [ -z "$layout" ] || check "$what, again: writes no file" diff "$WORK/before" \
        <(snapshot "$layout/blobs")
}

# both_ways SHAPE: registry to registry, to a layout, layout to layout, to a registry.
both_ways()
{
    local shape=$1 origin
    push_image "$shape" source "in/$shape:v1"
    origin=http://$S/in/$shape:v1

    expect_run "$shape: registry to registry" 0 copy "$S/in/$shape:v1" "$T/r2r/$shape:v1"
    same "$shape: registry to registry: the same" "$origin" "http://$T/r2r/$shape:v1"
    again_moves_nothing "$shape: registry to registry" "$S/in/$shape:v1" "$T/r2r/$shape:v1" ''

    expect_run "$shape: registry to layout" 0 copy "$S/in/$shape:v1" "oci:$WORK/one:$shape"
    same "$shape: registry to layout: the same" "$origin" "oci:$WORK/one:$shape"
    again_moves_nothing "$shape: registry to layout" "$S/in/$shape:v1" "oci:$WORK/one:$shape" \
        "$WORK/one"

    expect_run "$shape: layout to layout" 0 copy "oci:$WORK/one:$shape" "oci:$WORK/two:$shape"
    same "$shape: layout to layout: the same" "$origin" "oci:$WORK/two:$shape"
    again_moves_nothing "$shape: layout to layout" "oci:$WORK/one:$shape" \
        "oci:$WORK/two:$shape" "$WORK/two"

    expect_run "$shape: layout to registry" 0 copy "oci:$WORK/two:$shape" "$T/l2r/$shape:v1"
    same "$shape: layout to registry: the same" "$origin" "http://$T/l2r/$shape:v1"
    again_moves_nothing "$shape: layout to registry" "oci:$WORK/two:$shape" \
        "$T/l2r/$shape:v1" ''
}

for shape in $shapes; do
    both_ways "$shape"
    case $shape in
    nested-index) ;; # skopeo can't read it
    foreign-*) ;;    # skopeo would look for the layer at its foreign URL
    *)
        check "$shape: skopeo pulls the copy" skopeo copy -q --all --src-tls-verify=false \
            "docker://$T/l2r/$shape:v1" "dir:$WORK/pulled"
        rm -rf "$WORK/pulled"
        ;;
    esac
done

check "the target registry is whole" "$E2E/verify.py" whole "http://$T" --root "$WORK/target.d"
check "the first layout is whole" "$E2E/verify.py" whole "oci:$WORK/one"
check "the second layout is whole" "$E2E/verify.py" whole "oci:$WORK/two"
equal "layouts hold nothing but blobs and their two files" "" \
    "$(find "$WORK/one" "$WORK/two" -type f ! -path '*/blobs/sha256/*' ! -name index.json \
        ! -name oci-layout ! -name '*.lock' ! -name '.*')"

# ---- Foreign layers -------------------------------------------------------------------------

expect_run "foreign layers go along when asked for" 0 \
    copy --foreign-layers "$S/in/foreign-held:v1" "$T/with-foreign:v1"
same "foreign layers go along: the same" "http://$S/in/foreign-held:v1" \
    "http://$T/with-foreign:v1" --foreign
start_registry strict
expect_error "a registry that refuses foreign layers: the sentence names the option" 2 \
    '--foreign-layers' copy "$S/in/foreign-layer:v1" "${LISTEN_OF[strict]}/x:v1"

# ---- References -----------------------------------------------------------------------------

two=http://$S/in/two-platforms:v1
expect_run "a target without a tag takes the source's" 0 copy "$S/in/two-platforms:v1" "$T/no-tag"
same "a target without a tag: the same" "$two" "http://$T/no-tag:v1"

digest=$("$E2E/verify.py" digest "$two")
expect_run "a source by digest" 0 copy "$S/in/two-platforms@$digest" "$T/by-digest"
same "a source by digest is pushed by digest" "$two" "http://$T/by-digest@$digest"
expect_run "a source by tag and digest" 0 copy "$S/in/two-platforms:v1@$digest" "$T/by-both:v2"
same "a source by tag and digest: the same" "$two" "http://$T/by-both:v2"
expect_error "a source whose tag moved on" 2 'sha256' \
    copy "$S/in/two-platforms:v1@sha256:$(printf '0%.0s' {1..64})" "$T/by-wrong:v1"

expect_run "cp is copy" 0 cp "$S/in/six-blobs:v1" "$T/cp:v1"

# ---- Platforms ------------------------------------------------------------------------------

arm=$(curl -s "http://$S/v2/in/two-platforms/manifests/$digest" \
    -H 'Accept: application/vnd.oci.image.index.v1+json' |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["manifests"][1]["digest"])')
expect_run "one platform" 0 copy --platform linux/arm64 "$S/in/two-platforms:v1" "$T/arm:v1"
equal "one platform is that child itself" "$arm" \
    "$("$E2E/verify.py" digest "http://$T/arm:v1")"
expect_error "a platform that is not there" 2 'linux/riscv64' \
    copy --platform linux/riscv64 "$S/in/two-platforms:v1" "$T/riscv:v1"
equal "a platform that is not there leaves no tag" 404 \
    "$(curl -s -o "$WORK/body" -w '%{http_code}' "http://$T/v2/riscv/manifests/v1")"

# ---- Output ---------------------------------------------------------------------------------

expect_run "a dry run" 0 copy --dry-run "$S/in/six-blobs:v1" "$T/dry:v1"
equal "a dry run writes nothing" 404 \
    "$(curl -s -o "$WORK/body" -w '%{http_code}' "http://$T/v2/dry/manifests/v1")"
expect_run "quiet" 0 -q copy "$S/in/six-blobs:v1" "$T/quiet:v1"
equal "quiet is quiet" "" "$(cat "$OUT" "$ERR")"
expect_run "--json" 0 copy --json "$S/in/six-blobs:v1" "$T/json:v1"
check "--json prints one document and nothing else" python3 -m json.tool "$OUT"
expect_run "--events" 0 --events "$WORK/events" copy "$S/in/six-blobs:v1" "$T/events:v1"
check "--events writes one JSON object a line" python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert events and all(isinstance(event, dict) for event in events)' "$WORK/events"
