#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is said to be there and is not: it is looked at again and made whole; and small promises
# about references and reports.
. "$(dirname "$0")/lib.sh"

"$E2E/images.py" layout two-platforms "$WORK/source:v1" >"$WORK/pushed"
"$E2E/images.py" layout attestations "$WORK/source:v2" >"$WORK/pushed"
start_scripted target
T=${LISTEN_OF[target]}

# ---- A layout that lost a layer -------------------------------------------------------------------

expect_run "into a layout" 0 copy "oci:$WORK/source:v1" "oci:$WORK/kept:v1"
largest=$(find "$WORK/kept/blobs" -type f -printf '%s %p\n' | sort -rn | sed -n '1s/^[0-9]* //p')
rm "$largest"
expect_run "a layer was lost: the same copy" 0 copy "oci:$WORK/source:v1" "oci:$WORK/kept:v1"
check "a layer was lost: it is there again" test -f "$largest"
same "a layer was lost: the layout is whole" "oci:$WORK/source:v1" "oci:$WORK/kept:v1"
rm "$largest"
expect_run "a layer was lost: the same image under another tag" 0 \
    copy "oci:$WORK/source:v1" "oci:$WORK/kept:again"
same "a layer was lost: the other tag is whole" "oci:$WORK/source:v1" "oci:$WORK/kept:again"

# ---- A target that denies what it has ------------------------------------------------------------

unknown='{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown"}]}'
for child in $("$OCYNC" inspect --raw "oci:$WORK/source:v1" | jq -r '.manifests[].digest'); do
    delay=$((${delay:--500} + 500)) # the second one comes when the first was repaired
    tell target POST /_faults "{\"match\": {\"method\": \"PUT\", \"path\": \"$child\"},
        \"action\": {\"status\": 400, \"delay_ms\": $delay, \"body\": $unknown}}"
done
expect_run "children that share blobs are denied once each" 0 \
    copy "oci:$WORK/source:v1" "$T/denied:v1"
tell target DELETE /_faults
same "children that share blobs are denied once each: the same" \
    "oci:$WORK/source:v1" "http://$T/denied:v1"

# ---- References and reports ----------------------------------------------------------------------

digest=$("$OCYNC" inspect --digest "oci:$WORK/source:v1")
expect_run "a tag with its digest" 0 copy "oci:$WORK/source:v1@$digest" "$T/pinned"
same "a tag with its digest keeps the tag" "oci:$WORK/source:v1" "http://$T/pinned:v1"
run copy --json --src-authfile "$WORK/nowhere" "$T/pinned:v1" "oci:$WORK/kept:v9"
equal "what can't begin: exit code" 3 "$STATUS"
equal "what can't begin is in the report" failed "$(jq -r '.images[0].status.status' "$OUT")"
expect_error "a config file for a command that reads none" 2 '--config' \
    copy -c "$WORK/none.yaml" "oci:$WORK/source:v1" "oci:$WORK/kept:v9"
expect_error "events of a command that has none" 2 '--events' \
    tags --events "$WORK/events" "oci:$WORK/source"
