#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A source that breaks: cut off at every byte, dripping, stalled, lying about lengths, sending
# wrong bytes. The copy resumes or ends in time with one clear sentence; the target never holds a
# damaged blob or a tag with a missing part; once the source is well, the next run completes it.
. "$(dirname "$0")/lib.sh"

SMALL=50
BIG=3000000
"$E2E/images.py" layout one-blob "$WORK/small:v1" --size $SMALL >"$WORK/pushed"
"$E2E/images.py" layout one-blob "$WORK/big:v1" --size $BIG >"$WORK/pushed"

# digest_of_blob SIZE
digest_of_blob()
{
    "$E2E/images.py" show one-blob --size "$1" | python3 -c '
import json, sys
print([blob["digest"] for blob in json.load(sys.stdin)["blobs"]
       if blob["size"] == int(sys.argv[1])][0])' "$1"
}
SMALL_BLOB=$(digest_of_blob $SMALL)
BIG_BLOB=$(digest_of_blob $BIG)

# One repository for each place at which the small blob is cut, so that all can run at once.
seed="\"big\": \"$WORK/big\""
for ((at = 0; at <= SMALL; at++)); do
    seed+=", \"cut$at\": \"$WORK/small\""
done
start_scripted source
start_registry target
S=${LISTEN_OF[source]}
T=${LISTEN_OF[target]}
tell source PUT /_script "{\"seed\": {$seed}}"

# The limits of all runs here. A run that can't succeed ends within (retries + 1) * (connect +
# stall) + the backoff of about a second, and a little for a busy machine.
LIMITS=(--retries 2 --connect-timeout 2s --stall-timeout 2s)
FEW=(--retries 1 --connect-timeout 2s --stall-timeout 2s)
BOUND=$((2 * (2 + 2) + 2 + 5))

target_is_whole()
{
    check "$1: the target is whole" "$E2E/verify.py" whole "http://$T" --root "$WORK/target.d"
}

no_tag()
{
    equal "$1: no tag" 404 "$(curl -s -o "$WORK/body" -w '%{http_code}' "http://$T/v2/$2/manifests/v1")"
}

# fault ACTION [COUNT [BLOB]]: hits the big blob's (or another's) next COUNT GETs; 0 is for ever.
fault()
{
    tell source DELETE /_faults
    tell source POST /_faults "{\"match\": {\"method\": \"GET\", \"count\": ${2:-1},
        \"path\": \"${3:-/blobs/$BIG_BLOB}\"}, \"action\": $1}"
}

RUN=0

# recovers DESCRIPTION ACTION [COUNT]: the copy succeeds all the same, and the fault was met.
recovers()
{
    RUN=$((RUN + 1))
    fault "$2" "${3:-1}"
    expect_run "$1: recovers" 0 copy "${LIMITS[@]}" "$S/big:v1" "$T/run$RUN:v1"
    check "$1: the fault was met" python3 -c '
import json, sys
assert all(fault["fired"] > 0 for fault in json.load(sys.stdin))' \
        < <(tell source GET /_faults)
    same "$1: the same" "oci:$WORK/big:v1" "http://$T/run$RUN:v1"
}

# gives_up DESCRIPTION PATTERN ACTION [PATH]: for ever; then the source is well again.
gives_up()
{
    RUN=$((RUN + 1))
    fault "$3" 0 "${4:-/blobs/$BIG_BLOB}"
    local begin=$SECONDS
    expect_error "$1: one clear sentence" 2 "$2" copy "${FEW[@]}" "$S/big:v1" "$T/run$RUN:v1"
    check "$1: within $BOUND s" test $((SECONDS - begin)) -le "$BOUND"
    no_tag "$1" "run$RUN"
    tell source DELETE /_faults
    expect_run "$1: a second run completes it" 0 copy "$S/big:v1" "$T/run$RUN:v1"
    same "$1: after the second run: the same" "oci:$WORK/big:v1" "http://$T/run$RUN:v1"
}

# ---- Cut after every byte of a small blob ------------------------------------------------------

tell source DELETE /_faults
faults=
for ((at = 0; at < SMALL; at++)); do
    faults+=", {\"match\": {\"method\": \"GET\", \"path\": \"/cut$at/blobs/$SMALL_BLOB\"},
        \"action\": {\"cut_after_bytes\": $at}}"
done
tell source POST /_faults "[${faults#, }]"

copy_cut()
{
    timeout 120 "$OCYNC" copy "${LIMITS[@]}" "$S/cut$1:v1" "$T/cut$1:v1" \
        >"$WORK/cut$1.out" 2>&1 </dev/null
    echo $? >"$WORK/cut$1.status"
}

for ((at = 0; at < SMALL; at++)); do
    copy_cut "$at" &
    # Not all at once: the machine may be small.
    while [ "$(jobs -rp | wc -l)" -ge 18 ]; do
        wait -n
    done
done
for ((at = 0; at < SMALL; at++)); do
    wait_until 120 test -s "$WORK/cut$at.status"
    equal "cut after byte $at of $SMALL: recovers" 0 "$(cat "$WORK/cut$at.status")"
    same "cut after byte $at of $SMALL: the same" "oci:$WORK/small:v1" "http://$T/cut$at:v1"
done

# ---- Cut elsewhere --------------------------------------------------------------------------------

for at in 0 1 65535 65536 262144 1500000 $((BIG - 65536)) $((BIG - 1)); do
    recovers "cut after $at bytes" "{\"cut_after_bytes\": $at}"
done
recovers "reset after 1000000 bytes" '{"cut_after_bytes": 1000000, "reset": true}'
recovers "reset before the answer" '{"lose_answer": true}'
gives_up "cut for ever before the first byte" "$BIG_BLOB|blob" '{"cut_after_bytes": 0}'

tell source PATCH /_script '{"switches": {"range": "ignore"}}'
recovers "cut, and ranges are ignored" '{"cut_after_bytes": 2000000}'
tell source PATCH /_script '{"switches": {"range": "honour"}}'

# ---- Slow -----------------------------------------------------------------------------------------

recovers "dripping" '{"drip_bytes": 300000, "drip_interval_ms": 100}'
recovers "dripping too slowly once" '{"drip_bytes": 50, "drip_interval_ms": 100}'
recovers "stalled once" '{"stall_after_bytes": 1000000}'
gives_up "stalled for ever at the start" 'stall|slow|KiB|time' '{"stall_after_bytes": 0}'
gives_up "never an answer" 'stall|time|answer' '{"hang": true}'
gives_up "never an answer for the manifest" 'stall|time|answer' '{"hang": true}' '/manifests/'

# ---- Lies -----------------------------------------------------------------------------------------

recovers "more promised than there is" '{"lie_content_length": 100}' 0
gives_up "less promised than there is" 'byte|length|size|not HTTP' '{"lie_content_length": -100}'
gives_up "a wrong byte at the start" 'digest|sha256' '{"corrupt_at": 0}'
gives_up "a wrong byte at the end" 'digest|sha256' "{\"corrupt_at\": $((BIG - 1))}"
gives_up "another blob" 'digest|sha256|byte|length|size' '{"wrong_body": "something else"}'
gives_up "a damaged manifest" 'manifest' '{"corrupt_at": 20}' '/manifests/'
gives_up "another manifest than the header says" 'digest|sha256' \
    "$(jq -nc --arg digest "$SMALL_BLOB" '{wrong_body: ({schemaVersion: 2, config: {
        mediaType: "application/vnd.oci.image.config.v1+json", digest: $digest, size: 1},
        layers: []} | tojson)}')" '/manifests/'
RUN=$((RUN + 1))
fault "{\"wrong_digest_header\": \"$SMALL_BLOB\"}" 0 '/manifests/'
expect_run "a digest header that lies: the bytes count" 0 \
    copy "${FEW[@]}" "$S/big:v1" "$T/run$RUN:v1"
same "a digest header that lies: the same" "oci:$WORK/big:v1" "http://$T/run$RUN:v1"
tell source DELETE /_faults
RUN=$((RUN + 1))
fault '{"corrupt_at": 10}' 0
run copy "${FEW[@]}" "$S/big:v1" "$T/run$RUN:v1"
equal "a damaged blob never arrives" 404 \
    "$(curl -sI -o "$WORK/body" -w '%{http_code}' "http://$T/v2/run$RUN/blobs/$BIG_BLOB")"
rm -rf "$WORK/layout"
run copy "${FEW[@]}" "$S/big:v1" "oci:$WORK/layout:v1"
equal "into a layout: a damaged blob is an error" 2 "$STATUS"
equal "into a layout: a damaged blob never arrives" 0 \
    "$(find "$WORK/layout" -name "${BIG_BLOB#sha256:}" | wc -l)"
tell source DELETE /_faults
expect_run "into a layout: a second run completes it" 0 copy "$S/big:v1" "oci:$WORK/layout:v1"
same "into a layout: the same" "oci:$WORK/big:v1" "oci:$WORK/layout:v1"

# ---- Errors that pass ------------------------------------------------------------------------------

recovers "two times 503" '{"status": 503}' 2
gives_up "500 for ever" '500' '{"status": 500}'

target_is_whole "after all of this"
