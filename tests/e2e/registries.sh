#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a configuration says about a registry is heeded: mirrors, endpoint, credentials, ways to
# ask and to send; and what earlier runs remember saves requests.
. "$(dirname "$0")/lib.sh"
requires jq

start_registry source
start_registry mirror
start_registry target
S=${LISTEN_OF[source]} M=${LISTEN_OF[mirror]} T=${LISTEN_OF[target]}
push_image six-blobs source app:v1
push_image six-blobs mirror app:v1
push_image no-layers source app:v2

# config SOURCE_KEYS TARGET_KEYS MAPPING...
config()
{
    local source=$1 target=$2
    shift 2
    cat >"$WORK/ocync.yaml" <<END
global: {cache_dir: $WORK/state}
registries:
  source: {url: '$S', $source}
  target: {url: '$T', $target}
defaults: {source: source, targets: target, artifacts: {enabled: false}}
mappings:
$(printf '  - %s\n' "$@")
END
}
sync() { expect_run "$1" "${2:-0}" sync -c "$WORK/ocync.yaml"; }

# ---- Mirrors ------------------------------------------------------------------------------------

config "plain_http: true, mirrors: ['127.0.0.1:1', '$M']" 'plain_http: true' '{from: app}'
forget source
forget mirror
sync "through mirrors, the first of which is down"
settle source
settle mirror
expect_requests "what the mirror has comes from it" mirror '^GET [^ ]*/blobs/[^ ]* 200' 6
expect_requests "what it lacks comes from the registry" source '^GET [^ ]*/(blobs|manifests)/' 2
expect_requests "the list of tags is the registry's" source '^GET [^ ]*/tags/' 1
check "the mirror that is down is named once" test "$(grep -c 'mirror 127.0.0.1:1/app' "$ERR")" = 1
same "through mirrors: the same" "http://$S/app:v1" "http://$T/app:v1"
same "through mirrors: the same, from the registry" "http://$S/app:v2" "http://$T/app:v2"

stop mirror
rm -rf "$WORK/state"
config "plain_http: true, mirrors: ['$M']" 'plain_http: true' '{from: app, to: again}'
sync "all mirrors are down"
same "all mirrors are down: the same" "http://$S/app:v1" "http://$T/again:v1"

# ---- Another endpoint -----------------------------------------------------------------------------

cat >"$WORK/ocync.yaml" <<END
global: {cache_dir: $WORK/state}
registries:
  source: {url: registry.example, endpoint: '$S', plain_http: true}
  target: {url: '$T', plain_http: true}
mappings:
  - {from: app, to: by-endpoint, source: source, targets: target, tags: v1}
END
expect_run "requests go to the endpoint" 0 sync -c "$WORK/ocync.yaml" --json
equal "reports name the registry" "registry.example/app:v1" "$(jq -r '.images[0].source' "$OUT")"
same "by the endpoint: the same" "http://$S/app:v1" "http://$T/by-endpoint:v1"

# ---- How manifests are asked for ------------------------------------------------------------------

config 'plain_http: true, head_first: true' 'plain_http: true' '{from: app, to: asked, tags: v1}'
rm -rf "$WORK/state"
forget source
sync "head_first"
settle source
expect_requests "head_first: a HEAD before the GET" source '^HEAD [^ ]*/manifests/v1' 1
expect_requests "head_first: the GET by digest" source '^GET [^ ]*/manifests/sha256:' 1

# ---- How blobs are sent ----------------------------------------------------------------------------

for way in put patch chunk; do
    config 'plain_http: true' "plain_http: true, upload: $way" "{from: app, to: sent/$way, tags: v1}"
    forget target
    sync "upload: $way"
    settle target
    same "upload: $way: the same" "http://$S/app:v1" "http://$T/sent/$way:v1"
done
# All but the first are mounted: a registry of its own for each way shows the requests.
for way in put patch chunk; do
    start_registry way-$way
    cat >"$WORK/ocync.yaml" <<END
global: {cache_dir: $WORK/state-$way}
registries:
  source: {url: '$S', plain_http: true}
  target: {url: '${LISTEN_OF[way-$way]}', plain_http: true, upload: $way}
mappings:
  - {from: app, source: source, targets: target, tags: v1}
END
    sync "upload: $way, to an empty registry"
    settle way-$way
    expect_requests "upload: $way: PATCHes" way-$way '^PATCH ' "$([ $way = put ] && echo 0 || echo 6)"
    expect_requests "upload: $way: PUTs" way-$way '^PUT [^ ]*/blobs/' 6
done

# ---- Credentials ------------------------------------------------------------------------------------

start_registry locked htpasswd
L=${LISTEN_OF[locked]}
for auth in 'auth_type: basic, credentials: {username: alice, password: "${PASSWORD}"}' \
    'auth_type: docker_config' 'connect_timeout: 10s'; do
    mkdir -p "$HOME/.docker"
    [ "${auth%% *}" = auth_type: ] && [ "$auth" != 'auth_type: docker_config' ] ||
        echo "{\"auths\": {\"$L\": {\"auth\": \"$(printf alice:wonder | base64)\"}}}" >"$HOME/.docker/config.json"
    T=$L config 'plain_http: true' "plain_http: true, $auth" '{from: app, to: locked, tags: v1}'
    PASSWORD=wonder sync "credentials: ${auth%%,*}"
done
config 'plain_http: true' 'plain_http: true, auth_type: anonymous' '{from: app, to: locked2, tags: v1}'
sed -i "s/$T/$L/" "$WORK/ocync.yaml"
expect_run "anonymous asks for no credential" 4 sync -c "$WORK/ocync.yaml"
sed -i 's/auth_type: anonymous/auth_type: basic, credentials: {username: alice, password: "${EMPTY}"}/' "$WORK/ocync.yaml"
EMPTY='' expect_error "an empty password is refused" 3 'password is empty' sync -c "$WORK/ocync.yaml"
rm -rf "$HOME/.docker"
mkdir -p "$XDG_RUNTIME_DIR/containers"
echo "{\"auths\": {\"$L\": {\"auth\": \"$(printf alice:wonder | base64)\"}}}" >"$XDG_RUNTIME_DIR/containers/auth.json"
config 'plain_http: true' 'plain_http: true, auth_type: docker_config' '{from: app, to: locked3, tags: v1}'
sed -i "s/$T/$L/" "$WORK/ocync.yaml"
expect_run "docker_config does not read the files of containers" 4 sync -c "$WORK/ocync.yaml"
sed -i 's/, auth_type: docker_config//' "$WORK/ocync.yaml"
expect_run "without auth_type they are read" 0 sync -c "$WORK/ocync.yaml"

# ---- What is remembered ------------------------------------------------------------------------------

rm -rf "$WORK/state"
start_registry fresh
T=${LISTEN_OF[fresh]}
config 'plain_http: true' 'plain_http: true' '{from: app, to: one, tags: v1}'
sync "a first repository"
config 'plain_http: true' 'plain_http: true' '{from: app, to: two, tags: v1}'
forget fresh
forget source
sync "a second one in another run"
settle fresh
settle source
expect_requests "what the host is remembered to have is mounted" fresh '^POST [^ ]*from=one 201' 6
expect_requests "no blob is read for it" source '^GET [^ ]*/blobs/' 0

push_image no-layers source app:v1
config 'plain_http: true' 'plain_http: true' '{from: app, to: one, tags: v1}' '{from: app, to: two, tags: v1}'
sync "a new image"
push_image six-blobs source app:v1
forget fresh
sync "the old one again"
settle fresh
expect_requests "its blobs are remembered: nobody asks for them" fresh '/blobs/' 0

# The registry loses everything below one repository.
stop fresh
rm -rf "$WORK/fresh.d/docker/registry/v2/repositories/two"
start_registry fresh "port=${T##*:}"
forget fresh
sync "the target lost a repository that is remembered"
same "it is whole again" "http://$S/app:v1" "http://$T/two:v1"
forget fresh
expect_run "--verify asks" 0 sync -c "$WORK/ocync.yaml" --verify
expect_run "what is remembered can be shown" 0 cache stats --cache-dir "$WORK/state" --json
check "and is a number of blobs" jq -e '.blobs > 0 and .vouched_blobs > 0' "$OUT"
expect_run "and cleared" 0 cache clear -c "$WORK/ocync.yaml"
expect_run "then there is nothing" 0 cache stats --cache-dir "$WORK/state" --json
equal "no blob" 0 "$(jq .blobs "$OUT")"
expect_error "no such folder" 2 'state.db' cache stats --cache-dir "$WORK/nowhere"
expect_error "no such action" 2 'stats or clear' cache empty
echo 'no database' >"$WORK/state/state.db"
sync "what is remembered is damaged"
check "it is said" grep -q 'damaged' "$ERR"
