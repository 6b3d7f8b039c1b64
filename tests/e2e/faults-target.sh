#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A target that breaks: it loses the answer of a PUT, refuses, stalls, dies and comes back; and
# ocync itself is interrupted or killed. At whatever instant: no damaged blob, no tag with a
# missing part, and the next run completes the copy.
. "$(dirname "$0")/lib.sh"

SIZE=3000000
"$E2E/images.py" layout one-blob "$WORK/big:v1" --size $SIZE >"$WORK/pushed"
start_scripted source
start_scripted target
S=${LISTEN_OF[source]}
T=${LISTEN_OF[target]}
tell source PUT /_script "{\"seed\": {\"big\": \"$WORK/big\"}}"
LIMITS=(--retries 2 --connect-timeout 2s --stall-timeout 2s)
FEW=(--retries 1 --connect-timeout 2s --stall-timeout 2s)
BOUND=$((2 * (2 + 2) + 2 + 5))

# fault NAME METHOD PATH ACTION [COUNT]
fault()
{
    tell "$1" DELETE /_faults
    tell "$1" POST /_faults "{\"match\": {\"method\": \"$2\", \"path\": \"$3\",
        \"count\": ${5:-1}}, \"action\": $4}"
}

RUN=0

# recovers DESCRIPTION METHOD PATH ACTION [COUNT]
recovers()
{
    RUN=$((RUN + 1))
    fault target "${@:2}"
    expect_run "$1: recovers" 0 copy "${LIMITS[@]}" "$S/big:v1" "$T/run$RUN:v1"
    check "$1: the fault was met" python3 -c '
import json, sys
assert all(fault["fired"] > 0 for fault in json.load(sys.stdin))' \
        < <(tell target GET /_faults)
    same "$1: the same" "http://$S/big:v1" "http://$T/run$RUN:v1"
}

# gives_up DESCRIPTION PATTERN METHOD PATH ACTION
gives_up()
{
    local begin=$SECONDS
    RUN=$((RUN + 1))
    fault target "${@:3}" 0
    expect_error "$1: one clear sentence" 2 "$2" copy "${FEW[@]}" "$S/big:v1" "$T/run$RUN:v1"
    check "$1: within $BOUND s" test $((SECONDS - begin)) -le "$BOUND"
    tell target DELETE /_faults
    equal "$1: no tag" 404 "$(curl -s -o "$WORK/body" -w '%{http_code}' \
        "http://$T/v2/run$RUN/manifests/v1")"
    expect_run "$1: a second run completes it" 0 copy "$S/big:v1" "$T/run$RUN:v1"
    same "$1: after the second run: the same" "http://$S/big:v1" "http://$T/run$RUN:v1"
}

# ---- Answers that get lost ------------------------------------------------------------------------

tell target DELETE /_log
recovers "the answer of a blob's PUT is lost" PUT '/blobs/uploads/.*digest=' \
    '{"perform": true, "lose_answer": true}'
recovers "the answer of the manifest's PUT is lost" PUT '/manifests/v1' \
    '{"perform": true, "lose_answer": true}'
recovers "the answer of a POST is lost" POST '/blobs/uploads/' \
    '{"perform": true, "lose_answer": true}'
recovers "a PUT is cut in its middle" PUT '/blobs/uploads/' \
    '{"reset_request_after_bytes": 50}'
recovers "a large PUT is cut in its middle" PUT '/blobs/uploads/' \
    '{"reset_request_after_bytes": 1000000}' 2
recovers "two times 503" POST '/blobs/uploads/' '{"status": 503}' 2
recovers "503 for the manifest" PUT '/manifests/' '{"status": 503}'

# ---- Answers that do not come, or say no ------------------------------------------------------------

gives_up "never an answer to a POST" 'stall|time|answer' POST '/blobs/uploads/' '{"hang": true}'
gives_up "never an answer to a PUT" 'stall|time|answer' PUT '/blobs/uploads/' '{"hang": true}'
gives_up "500 to each PUT" '500' PUT '/blobs/uploads/' '{"status": 500}'
gives_up "500 to the manifest" '500' PUT '/manifests/' '{"status": 500}'
RUN=$((RUN + 1))
fault target PUT '/manifests/' \
    '{"status": 403, "body": {"errors": [{"code": "DENIED", "message": "not for you"}]}}' 0
expect_error "403 without credentials: one clear sentence" 4 'not for you.*credential' \
    copy "${LIMITS[@]}" "$S/big:v1" "$T/run$RUN:v1"
tell target DELETE /_faults

# ---- A target that dies and comes back --------------------------------------------------------------

start_registry real
R=${LISTEN_OF[real]}

bytes_arrived()
{
    [ -n "$(find "$WORK/real.d" -path '*_uploads*' -name data -size +100k 2>/dev/null)" ]
}

# in_the_middle: starts a slow copy in the background and waits until half of it is there.
in_the_middle()
{
    fault source GET "/blobs/" '{"drip_bytes": 100000, "drip_interval_ms": 100}' 0
    rm -rf "$WORK/real.d/docker/registry/v2/repositories"
    timeout 120 "$OCYNC" "$@" >"$OUT" 2>"$ERR" </dev/null &
    COPY=$!
    wait_until 30 bytes_arrived || bail "the copy did not get going"
}

# ended WANTED...: the exit code is one of these.
ended()
{
    local status=0 wanted
    wait "$COPY" || status=$?
    for wanted in "${@:2}"; do
        if [ "$status" -eq "$wanted" ]; then
            ok "$1: exit code $status"
            return
        fi
    done
    not_ok "$1: exit code $status, wanted ${*:2}" "$OUT" "$ERR"
}

real_is_whole()
{
    check "$1: the target is whole" "$E2E/verify.py" whole "http://$R" --root "$WORK/real.d"
    tell source DELETE /_faults
    expect_run "$1: the next run completes it" 0 copy "$S/big:v1" "$R/app:v1"
    same "$1: the same" "http://$S/big:v1" "http://$R/app:v1"
}

in_the_middle copy --retries 5 "$S/big:v1" "$R/app:v1"
stop real KILL
start_registry real "port=${R##*:}"
ended "killed and back" 0
real_is_whole "killed and back"

in_the_middle copy "${LIMITS[@]}" "$S/big:v1" "$R/app:v1"
stop real KILL
ended "killed for good" 2
equal "killed for good: one line of error" 1 "$(grep -c '^error: ' "$ERR")"
start_registry real "port=${R##*:}"
real_is_whole "killed for good"

# ---- ocync itself ---------------------------------------------------------------------------------

# The signal goes to ocync, whose parent here is timeout.
signal_copy()
{
    pkill "-$1" -P "$COPY"
}

in_the_middle copy "$S/big:v1" "$R/app:v1"
signal_copy KILL
ended "killed ocync" 137
real_is_whole "killed ocync"

in_the_middle copy --drain-timeout 100ms "$S/big:v1" "$R/app:v1"
signal_copy TERM
ended "SIGTERM" 143
real_is_whole "SIGTERM"

in_the_middle copy --drain-timeout 100ms "$S/big:v1" "$R/app:v1"
signal_copy INT
ended "SIGINT" 130
real_is_whole "SIGINT"

in_the_middle copy --drain-timeout 60s "$S/big:v1" "$R/app:v1"
signal_copy TERM
signal_copy TERM
ended "a second signal ends at once" 143
real_is_whole "a second signal"
