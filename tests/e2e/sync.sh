#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ocync sync: what moves, in how many requests; what is left alone, and why; what failures stop.
. "$(dirname "$0")/lib.sh"
requires jq

start_registry source
start_registry one
start_registry two
S=${LISTEN_OF[source]} A=${LISTEN_OF[one]} B=${LISTEN_OF[two]}
push_image six-blobs source app:v1
push_image six-blobs source app:v2
push_image two-platforms source app:v3
push_image no-layers source app:v4-rc1
push_image six-blobs source other/app:v1

# config [LINE...]: the file $CONFIG; the lines are its mappings.
CONFIG=$WORK/ocync.yaml
config()
{
    cat >"$CONFIG" <<END
global: {cache_dir: $WORK/state}
registries:
  source: {url: '$S', plain_http: true}
  one: {url: '$A', plain_http: true}
  two: {url: '$B', plain_http: true}
defaults: {source: source, targets: [one, two], artifacts: {enabled: false}}
mappings:
$(printf '  - %s\n' "$@")
END
}

all() { local name; for name in source one two; do "$1" "$name"; done; }

# ---- The first time ---------------------------------------------------------------------------

config '{from: app, to: mirror/app, tags: {glob: "v[0-9]"}}' '{from: other/app}'
all forget
expect_run "the first time" 0 sync -c "$CONFIG"
check "a summary" grep -qE '^8 copied; .* sent' "$OUT"
all settle
expect_requests "the first time: a GET of each manifest" source '^GET [^ ]*/manifests/' 6
expect_requests "the first time: no HEAD at the source" source '^HEAD ' 0
expect_requests "the first time: each distinct blob is read once" source '^GET [^ ]*/blobs/' 12
for name in one two; do
    expect_requests "the first time: each distinct blob is sent once to $name" $name \
        '^PUT [^ ]*/blobs/' 12
    expect_requests "the first time: what $name has is mounted in the other repository" $name \
        '^POST [^ ]*mount=[^ ]*from=[^ ]* 201' 6
    expect_requests "the first time: a PUT for each tag and child at $name" $name \
        '^PUT [^ ]*/manifests/' 6
done
for target in "$A" "$B"; do
    for tag in v1 v2 v3; do
        same "$tag is the same" "http://$S/app:$tag" "http://$target/mirror/app:$tag"
    done
    same "the other repository is the same" "http://$S/other/app:v1" "http://$target/other/app:v1"
done
check "the tag that the rules leave out is not there" \
    test "$(curl -s -o /dev/null -w '%{http_code}' "http://$A/v2/mirror/app/manifests/v4-rc1")" = 404

# ---- Again --------------------------------------------------------------------------------------

all forget
expect_run "again" 0 sync -c "$CONFIG"
check "again: nothing but the summary" test "$(cat "$OUT" | wc -l)" = 1
check "again: all unchanged" grep -q '^8 unchanged; 0 B sent' "$OUT"
all settle
expect_requests "again: two tag lists and a HEAD for each tag at the source" source . 6
expect_requests "again: a HEAD for each tag at a target" one . 4
expect_requests "again: no manifest is read" source '^GET [^ ]*/manifests/' 0

rm -rf "$WORK/state"
all forget
expect_run "again, with nothing remembered" 0 sync -c "$CONFIG"
all settle
expect_requests "nothing remembered: the same requests at the source" source . 6
expect_requests "nothing remembered: the same requests at a target" one . 4

# ---- A tag that moved, a tag that went -----------------------------------------------------------

push_image zstd source app:v2
curl -sf -X DELETE "http://$A/v2/mirror/app/manifests/$("$E2E/verify.py" digest "http://$A/mirror/app:v3")" ||
    bail "no deletion"
expect_run "one moved, one gone" 0 sync -c "$CONFIG" --json
equal "one moved, one gone: three are synced" 3 "$(jq .stats.images_synced "$OUT")"
equal "one moved, one gone: five are left" 5 "$(jq .stats.images_skipped "$OUT")"
same "the one that moved is the same" "http://$S/app:v2" "http://$A/mirror/app:v2"
same "the one that was gone is the same" "http://$S/app:v3" "http://$A/mirror/app:v3"
check "the report follows its schema" python3 -c "
import json, jsonschema
jsonschema.validate(json.load(open('$OUT')),
                    json.load(open('$OCYNC_TEST_SOURCE/conf/sync-report.schema.json')))"

push_image six-blobs source app:v3
expect_run "--missing leaves what is there" 0 sync -c "$CONFIG" --missing
check "--missing: nothing copied" grep -q '^8 unchanged' "$OUT"

all forget
expect_run "--dry-run" 0 sync -c "$CONFIG" --dry-run
all settle
check "--dry-run names what changed" grep -q "/app:v3 -> $A/mirror/app:v3: changed" "$OUT"
check "--dry-run names what is the same" grep -q "/app:v1 -> $A/mirror/app:v1: same" "$OUT"
check "--dry-run says why a tag is left out" grep -qE '^v4-rc1: .*glob' "$OUT"
expect_requests "--dry-run writes nothing" one '^(PUT|POST|PATCH|DELETE) ' 0

expect_run "--only one repository" 0 sync -c "$CONFIG" --only 'other/*' --json
equal "--only one repository: its items" 2 "$(jq '.images | length' "$OUT")"
expect_error "--only with a bad glob" 2 'only' sync -c "$CONFIG" --only '['

# ---- Platforms, digests, names -------------------------------------------------------------------

push_image two-platforms source app:v3
config '{from: app, to: arm, tags: {glob: v3}, platforms: linux/arm64}' \
    '{from: app, to: named, tags: {glob: "v*", exclude: "*-rc*", rename: {regex: "v(.*)", replacement: "$1-mirror"}}}'
expect_run "platforms and names" 0 sync -c "$CONFIG"
equal "of an index, the platform asked for" "arm64" \
    "$(curl -s -H 'Accept: application/vnd.oci.image.index.v1+json' "http://$A/v2/arm/manifests/v3" | jq -r '[.manifests[].platform.architecture] | join(" ")')"
same "the new name" "http://$S/app:v3" "http://$A/named:3-mirror"
all forget
expect_run "platforms again" 0 sync -c "$CONFIG"
all settle
check "platforms again: unchanged" grep -q ' unchanged' "$OUT"
expect_requests "platforms again: the manifest is remembered" source '^GET [^ ]*/manifests/' 0

# ---- Immutable tags ------------------------------------------------------------------------------

config '{from: app, to: mirror/app, targets: one, tags: {glob: "v[12]", immutable_tags: "v*"}}'
push_image no-layers source app:v1
all forget
expect_run "immutable tags" 0 sync -c "$CONFIG" --json
all settle
equal "immutable tags are not looked at" 2 "$(jq .stats.immutable_tag_skips "$OUT")"
expect_requests "immutable tags: one list at the target" one . 1
expect_requests "immutable tags: one list at the source" source . 1

# ---- Failures --------------------------------------------------------------------------------------

config '{from: app, to: again}' '{from: nowhere}' '{from: other/app, to: again2}'
expect_run "a missing repository stops nothing else" 1 sync -c "$CONFIG"
same "the mapping behind it" "http://$S/other/app:v1" "http://$B/again2:v1"
check "it is named" grep -q '^error: .*nowhere' "$ERR"

stop two
sed -i "s/^global:.*/global: {cache_dir: $(printf %s "$WORK/state" | sed 's|/|\\/|g')}/
    s/two: {/two: {retries: 0, /" "$CONFIG"
config '{from: app, to: alone}'
sed -i 's/  two: {/  two: {retries: 0, /' "$CONFIG"
expect_run "a target that is down" 1 sync -c "$CONFIG"
for tag in v1 v2 v3 v4-rc1; do
    same "a target that is down: the other has $tag" "http://$S/app:$tag" "http://$A/alone:$tag"
done
config '{from: nowhere}' '{from: nothing}'
expect_run "nothing works" 2 sync -c "$CONFIG"
config '{from: app, to: few, targets: one, tags: {glob: v1, min_tags: 2}}'
expect_error "too few tags" 3 'min_tags' sync -c "$CONFIG"
equal "too few tags: nothing is copied" 404 \
    "$(curl -s -o /dev/null -w '%{http_code}' "http://$A/v2/few/manifests/v1")"
expect_error "no configuration" 2 'configuration file' sync
expect_error "keys that can't be heeded are refused" 3 keep_tokens \
    sync -c "$CONFIG" --set global.keep_tokens=true
config '{from: app, to: never, targets: one}' '{from: nowhere, targets: one}'
run sync -c "$CONFIG" --fail-fast --set global.max_concurrent_transfers=1 --json
equal "--fail-fast reports what it did not begin" true \
    "$(jq '.stats.images_interrupted + .stats.images_synced >= 1' "$OUT")"

# ---- Killed ----------------------------------------------------------------------------------------

# Ends the program at the first event of that kind.
kill_at()
{
    rm -f "$WORK/events"
    mkfifo "$WORK/events"
    "$OCYNC" sync -c "$CONFIG" --events "$WORK/events" >"$OUT" 2>"$ERR" </dev/null &
    local pid=$!
    grep -m1 "\"event\":\"$1\"" "$WORK/events" >/dev/null
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

for event in image-start image-plan blob-plan blob-start blob-end manifest image-end; do
    config "{from: app, to: killed/$event, targets: one}"
    kill_at $event
    check "killed at $event: no tag has a missing part" "$E2E/verify.py" whole "http://$A"
    expect_run "killed at $event: the next run completes it" 0 sync -c "$CONFIG"
    same "killed at $event: all is there" "http://$S/app:v3" "http://$A/killed/$event:v3"
done
