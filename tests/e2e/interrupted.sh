#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SIGINT and SIGTERM: nothing new starts, what runs may finish for a while, and the next run
# completes the work.
. "$(dirname "$0")/lib.sh"
requires jq

start_scripted source
start_scripted target
S=${LISTEN_OF[source]} T=${LISTEN_OF[target]}
push_image two-platforms source app:v1
push_image six-blobs source app:v2

# Whether a request that fits is in progress or was made, as a registry sees it.
asked() { curl -s "http://${LISTEN_OF[$1]}/_state" | jq -e "[.faults[] | select(.fired > 0)] | length >= ${2:-1}" >/dev/null; }
event() { grep -q "\"event\":\"$1\"" "$WORK/events" 2>/dev/null; }
status_at() { curl -s -o /dev/null -w '%{http_code}' -H 'Accept: */*' "http://$T/v2/$1"; }

# begin ARGUMENT...: in the background, its process in $PID.
begin()
{
    rm -f "$WORK/events"
    "$OCYNC" "$@" --events "$WORK/events" >"$OUT" 2>"$ERR" </dev/null &
    PID=$!
}

# ends DESCRIPTION STATUS SECONDS
ends()
{
    local deadline=$((SECONDS + $3)) status=0
    while kill -0 "$PID" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.02; done
    if kill -9 "$PID" 2>/dev/null; then
        wait "$PID" 2>/dev/null
        not_ok "$1: still running after $3 s" "$OUT" "$ERR"
        return
    fi
    wait "$PID" || status=$?
    equal "$1" "$2" "$status"
}
reset_faults() { tell source DELETE /_faults; tell target DELETE /_faults; }

# ---- Nothing is moving: there is nothing to wait for -----------------------------------------------

tell source POST /_faults '{"match": {"method": "GET", "path": "/manifests/"}, "action": {"hang": true}}'
begin copy "$S/app:v1" "$T/hang:v1"
wait_until 20 asked source || bail "no manifest was asked for"
kill -INT "$PID"
ends "SIGINT while a manifest hangs" 130 10
check "it is said" grep -q 'interrupted' "$ERR"
reset_faults
tell source POST /_faults '{"match": {"method": "GET", "path": "/manifests/"}, "action": {"hang": true}}'
begin copy "$S/app:v1" "$T/hang:v1"
wait_until 20 asked source || bail "no manifest was asked for"
kill -TERM "$PID"
ends "SIGTERM likewise" 143 10
reset_faults
expect_run "the next run completes it" 0 copy "$S/app:v1" "$T/hang:v1"
same "the next run completes it: the same" "http://$S/app:v1" "http://$T/hang:v1"

# ---- A pause before another try ---------------------------------------------------------------------

tell source POST /_faults '{"match": {"method": "GET", "path": "/manifests/", "count": 0},
    "action": {"status": 503, "headers": {"Retry-After": "200"}}}'
begin copy "$S/app:v1" "$T/pause:v1"
wait_until 20 event retry || bail "no retry"
kill -INT "$PID"
ends "SIGINT during a pause" 130 10
reset_faults

# ---- A transfer is running ---------------------------------------------------------------------------

blob=$(curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$S/v2/app/manifests/v2" |
    jq -r '.layers | max_by(.size) | .digest')
slow="{\"match\": {\"method\": \"GET\", \"path\": \"$blob\"},
    \"action\": {\"drip_bytes\": 8000, \"drip_interval_ms\": 200}}"
tell source POST /_faults "$slow"
begin copy --json -j 1 "$S/app:v2" "$T/slow:v2"
wait_until 20 asked source || bail "the slow blob was not asked for"
kill -INT "$PID"
ends "SIGINT while a blob moves" 130 30
equal "the blob that moved is there" 200 "$(status_at "slow/blobs/$blob")"
equal "no tag is there" 404 "$(status_at slow/manifests/v2)"
equal "the report says so" interrupted "$(jq -r '.images[0].status.status' "$OUT")"
equal "and counts what was sent" true "$(jq '.stats.blobs_transferred >= 1' "$OUT")"
reset_faults
expect_run "the rest in the next run" 0 copy "$S/app:v2" "$T/slow:v2"
same "the rest in the next run: the same" "http://$S/app:v2" "http://$T/slow:v2"

stalled="{\"match\": {\"method\": \"GET\", \"path\": \"$blob\"}, \"action\": {\"stall_after_bytes\": 5000}}"
tell source POST /_faults "$stalled"
begin copy --drain-timeout 1s "$S/app:v2" "$T/stalled:v2"
wait_until 20 asked source || bail "the stalled blob was not asked for"
kill -INT "$PID"
ends "the time to drain passes" 130 15
equal "what was not whole is not there" 404 "$(status_at "stalled/blobs/$blob")"
equal "nor is the tag" 404 "$(status_at stalled/manifests/v2)"
reset_faults
tell source POST /_faults "$stalled"
begin copy "$S/app:v2" "$T/stalled:v2"
wait_until 20 asked source || bail "the stalled blob was not asked for"
kill -INT "$PID"
wait_until 20 grep -q interrupted "$ERR" || bail "the first signal was not heard"
kill -INT "$PID"
ends "a second SIGINT ends it at once" 130 10
reset_faults

# ---- A sync ------------------------------------------------------------------------------------------

cat >"$WORK/ocync.yaml" <<END
global: {cache_dir: $WORK/state, max_concurrent_transfers: 1}
registries:
  source: {url: '$S', plain_http: true}
  target: {url: '$T', plain_http: true}
mappings:
  - {from: app, to: synced, source: source, targets: target, tags: [v2, v1]}
END
tell source POST /_faults "$slow"
begin sync --json -c "$WORK/ocync.yaml"
wait_until 20 asked source || bail "the slow blob was not asked for"
kill -INT "$PID"
ends "SIGINT during a sync" 130 30
equal "every item is in the report" 2 "$(jq '.images | length' "$OUT")"
equal "what was not begun is interrupted" interrupted \
    "$(jq -r '.images[] | select(.source | endswith(":v1")).status.status' "$OUT")"
equal "and was not touched" 404 "$(status_at synced/manifests/v1)"
reset_faults
expect_run "the next sync completes it" 0 sync -c "$WORK/ocync.yaml"
same "the next sync completes it: one" "http://$S/app:v1" "http://$T/synced:v1"
same "the next sync completes it: the other" "http://$S/app:v2" "http://$T/synced:v2"
