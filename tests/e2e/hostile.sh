#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Peers that mean ill or are broken in odd ways: nothing is believed that was not checked, every
# try is counted, and no words of a peer bring a secret to light.
. "$(dirname "$0")/lib.sh"

SIZE=3000000
"$E2E/images.py" layout one-blob "$WORK/big:v1" --size $SIZE >"$WORK/pushed"
"$E2E/images.py" layout six-blobs "$WORK/small:v1" >"$WORK/pushed"
start_scripted source
start_scripted target
S=${LISTEN_OF[source]}
T=${LISTEN_OF[target]}
tell source PUT /_script \
    "{\"seed\": {\"big\": \"$WORK/big\", \"small\": \"$WORK/small\", \"other\": \"$WORK/big\"}}"
LIMITS=(--retries 1 --connect-timeout 2s --stall-timeout 5s)

# fault NAME METHOD PATH ACTION [COUNT]: the only fault from now on; COUNT 0 is for ever.
fault()
{
    tell "$1" DELETE /_faults
    tell "$1" POST /_faults "{\"match\": {\"method\": \"$2\", \"path\": \"$3\",
        \"count\": ${5:-1}}, \"action\": $4}"
}

# sent NAME METHOD PATTERN: how many such requests the scripted registry has seen.
sent()
{
    tell "$1" GET /_log | jq -s --arg method "$2" --arg pattern "$3" \
        '[.[] | select(.method == $method and (.target | test($pattern)))] | length'
}

# at_most DESCRIPTION COUNT NAME METHOD PATTERN
at_most()
{
    local found
    found=$(sent "${@:3}")
    check "$1 ($found, at most $2)" test "$found" -le "$2"
}

# ---- Answers that say too little or too much ------------------------------------------------------

tell source POST /_faults '{"match": {"method": "HEAD", "path": "/manifests/", "count": 0},
    "action": {"no_digest_header": true}}'
expect_run "no digests in HEAD: a first copy" 0 copy "$S/small:v1" "$T/quiet:v1"
fault target HEAD '/manifests/' '{"no_digest_header": true}' 0
expect_run "no digests in HEAD: another image" 0 copy "$S/big:v1" "$T/quiet:v1"
tell target DELETE /_faults
tell source DELETE /_faults
same "no digests in HEAD: it was copied" "http://$S/big:v1" "http://$T/quiet:v1"

tell target DELETE /_log
fault target PUT '/manifests/' '{"status": 202}' 0
expect_error "a manifest taken and not kept" 2 'does not have it' \
    copy "${LIMITS[@]}" "$S/small:v1" "$T/taken:v1"
at_most "a manifest taken and not kept: tries" 3 target PUT '/taken/manifests/'
tell target DELETE /_faults

# ---- Tries are counted ----------------------------------------------------------------------------

tell target DELETE /_log
fault target PUT '/blobs/uploads/' '{"status": 500}' 0
expect_error "500 to each PUT of a large blob" 2 '500' \
    copy "${LIMITS[@]}" "$S/big:v1" "$T/large:v1"
at_most "500 to each PUT of a large blob: tries of two blobs" 4 target PUT '/large/blobs/'
tell target DELETE /_faults

tell source DELETE /_log
fault source GET '/big/blobs/' '{"status": 500}' 0
expect_error "500 to each GET of a blob" 2 '500' copy "${LIMITS[@]}" "$S/big:v1" "$T/unread:v1"
at_most "500 to each GET of a blob: tries of two blobs" 4 source GET '/big/blobs/'
tell source DELETE /_faults

fault target POST '/blobs/uploads/' '{"status": 429, "headers": {"Retry-After": "1"}}'
expect_run "asked to slow down at the first upload" 0 \
    copy "${LIMITS[@]}" "$S/small:v1" "$T/slower:v1"
tell target DELETE /_faults

fault target PUT '/blobs/uploads/' '{"perform": true, "status": 204}' 0
expect_run "each blob is answered 204" 0 copy -j 64 "$S/small:v1" "$T/no-content:v1"
tell target DELETE /_faults
same "each blob is answered 204: the same" "http://$S/small:v1" "http://$T/no-content:v1"

expect_run "for the next one" 0 copy "$S/big:v1" "$T/moved:v1"
fault source GET '/manifests/sha256:' '{"status": 404}'
expect_run "the manifest is not served by digest" 0 copy "$S/small:v1" "$T/moved:v1"
tell source DELETE /_faults
same "the manifest is not served by digest: the same" "http://$S/small:v1" "http://$T/moved:v1"

# ---- Secrets --------------------------------------------------------------------------------------

printf 'alice:topsecret-password' >"$WORK/creds"
pair=$(printf 'alice:topsecret-password' | base64)
tell target PATCH /_script '{"switches": {"auth": "basic"},
    "users": [{"name": "alice", "password": "topsecret-password", "rights": {"*": "*"}}]}'
fault target PUT '/manifests/' "{\"status\": 403, \"body\": {\"errors\": [{\"code\": \"DENIED\",
    \"message\": \"you sent Basic $pair, that is topsecret-password\"}]}}" 0
expect_error "a peer repeats the password" 4 'not shown' --events "$WORK/events" \
    copy --json --dest-creds-file "$WORK/creds" "$S/small:v1" "$T/echo:v1"
check "a peer repeats the password: nobody sees it" \
    bash -c '! grep -qE "topsecret|'"$pair"'" "$@"' _ "$OUT" "$ERR" "$WORK/events"
