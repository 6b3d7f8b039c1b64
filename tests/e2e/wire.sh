#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The request floor, counted in the registries' own access logs: a copy sends no request that the
# protocol does not demand.
. "$(dirname "$0")/lib.sh"

start_registry source
start_registry target
S=${LISTEN_OF[source]}
T=${LISTEN_OF[target]}
push_image six-blobs source app:v1

# at_most DESCRIPTION NAME PATTERN COUNT
at_most()
{
    local found
    found=$(requests "$2" "$3")
    if [ "$found" -le "$4" ]; then
        ok "$1 ($found)"
    else
        request_lines "$2" >"$WORK/lines"
        not_ok "$1: $found requests like '$3' at $2, at most $4" "$WORK/lines"
    fi
}

both() { "$1" source; "$1" target; }

# ---- The first copy -------------------------------------------------------------------------

both forget
expect_run "six blobs into an empty registry" 0 copy "$S/app:v1" "$T/app:v1"
both settle
at_most "source: one HEAD of the manifest" source '^HEAD [^ ]*/manifests/' 1
expect_requests "source: one GET of the manifest" source '^GET [^ ]*/manifests/' 1
expect_requests "source: a GET for each blob" source '^GET [^ ]*/blobs/' 6
at_most "source: nothing else" source . 8
at_most "target: one HEAD" target '^HEAD ' 1
expect_requests "target: a POST for each blob" target '^POST ' 6
expect_requests "target: a PUT for each blob" target '^PUT [^ ]*/blobs/' 6
expect_requests "target: one PUT of the manifest" target '^PUT [^ ]*/manifests/' 1
at_most "target: nothing else" target . 14
same "the copy is the same" "http://$S/app:v1" "http://$T/app:v1"

# ---- Again ----------------------------------------------------------------------------------

both forget
expect_run "again" 0 copy "$S/app:v1" "$T/app:v1"
both settle
at_most "again: one request at the source" source . 1
at_most "again: one request at the target" target . 1

# ---- On to another repository of the same host ------------------------------------------------

forget target
expect_run "on to another repository of the host" 0 copy "$T/app:v1" "$T/team/app:v1"
settle target
expect_requests "same host: six mounts" target '^POST [^ ]*mount=[^ ]* 201' 6
expect_requests "same host: no other POST" target '^POST ' 6
expect_requests "same host: no blob is read" target '^GET [^ ]*/blobs/' 0
expect_requests "same host: no blob is written" target '^(PUT|PATCH) [^ ]*/blobs/' 0
expect_requests "same host: one PUT of the manifest" target '^PUT ' 1
same "same host: the same" "http://$S/app:v1" "http://$T/team/app:v1"

# ---- An index: what its children share moves once ----------------------------------------------

push_image two-platforms source two:v1
both forget
expect_run "two platforms" 0 copy "$S/two:v1" "$T/two:v1"
both settle
expect_requests "two platforms: each distinct blob is read once" source '^GET [^ ]*/blobs/' 6
expect_requests "two platforms: each distinct blob is written once" target \
    '^PUT [^ ]*/blobs/[^ ]* 201' 6
expect_requests "two platforms: each manifest is read once" source '^GET [^ ]*/manifests/' 3
expect_requests "two platforms: each manifest is written once" target '^PUT [^ ]*/manifests/' 3
equal "two platforms: the tag is the last write" "PUT /v2/two/manifests/v1 201" \
    "$(request_lines target | grep -E '^(PUT|POST|PATCH) ' | tail -n 1)"

push_image duplicate-layer source dup:v1
both forget
expect_run "a layer that is there twice" 0 copy "$S/dup:v1" "$T/dup:v1"
both settle
expect_requests "a layer that is there twice is read once" source '^GET [^ ]*/blobs/' 4
expect_requests "a layer that is there twice is written once" target '^PUT [^ ]*/blobs/' 4

# ---- With tokens ----------------------------------------------------------------------------

cat >"$WORK/rules" <<'END'
{"issuer": "test-issuer", "service": "test-registry",
 "users": {}, "anonymous": {"*": ["pull", "push"]}}
END
start_token_server tokens "$WORK/rules"
start_registry guarded "token=http://${LISTEN_OF[tokens]}/token"
G=${LISTEN_OF[guarded]}
forget guarded
: >"$WORK/tokens.requests"
expect_run "into a registry with tokens" 0 copy "$S/app:v1" "$G/app:v1"
settle guarded
at_most "tokens: at most one challenge" guarded ' 401$' 1
equal "tokens: one token" 1 "$(wc -l <"$WORK/tokens.requests")"
at_most "tokens: nothing else" guarded . 15

forget guarded
: >"$WORK/tokens.requests"
expect_run "into a registry with tokens, again" 0 copy "$S/app:v1" "$G/app:v1"
settle guarded
at_most "tokens, again: one challenge and one HEAD" guarded . 2
equal "tokens, again: one token" 1 "$(wc -l <"$WORK/tokens.requests")"
