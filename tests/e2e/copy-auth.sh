#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Credentials: where they may come from and in which order, Basic and bearer tokens, and that no
# secret ever shows.
. "$(dirname "$0")/lib.sh"

start_registry open
start_registry basic htpasswd
cat >"$WORK/rules" <<'END'
{"issuer": "test-issuer", "service": "test-registry",
 "users": {"alice": {"password": "wonder", "rights": {"*": ["pull", "push"]}},
           "bob": {"password": "builder", "rights": {"app": ["pull"]}}},
 "anonymous": {"public/*": ["pull"]}}
END
start_token_server tokens "$WORK/rules"
start_registry bearer "token=http://${LISTEN_OF[tokens]}/token"
O=${LISTEN_OF[open]}
B=${LISTEN_OF[basic]}
K=${LISTEN_OF[bearer]}
push_image six-blobs open app:v1

# auth_json HOST NAME:PASSWORD...: the file that docker login writes.
auth_json()
{
    python3 - "$@" <<'END'
import base64, json, sys
pairs = zip(sys.argv[1::2], sys.argv[2::2])
print(json.dumps({"auths": {host: {"auth": base64.b64encode(user.encode()).decode()}
                            for host, user in pairs}}))
END
}

# secrets_stay_hidden DESCRIPTION: no password in anything that the last run printed.
secrets_stay_hidden()
{
    if grep -qE "wonder|builder|$(printf alice:wonder | base64)" "$OUT" "$ERR"; then
        not_ok "$1: a secret shows" "$OUT" "$ERR"
    else
        ok "$1"
    fi
}

# ---- Basic, each source of credentials --------------------------------------------------------

expect_error "basic: without credentials" 4 "$B" copy "$O/app:v1" "$B/app:v1"

printf 'alice:wonder\n' >"$WORK/creds"
chmod 600 "$WORK/creds"
expect_run "basic: --dest-creds-file" 0 -v -v copy --dest-creds-file "$WORK/creds" \
    "$O/app:v1" "$B/file:v1"
secrets_stay_hidden "basic: --dest-creds-file shows no secret"
same "basic: the same" "http://$O/app:v1" "http://$B/file:v1" --user alice:wonder
expect_run "basic: --src-creds-file" 0 copy --src-creds-file "$WORK/creds" "$B/file:v1" \
    "$O/back:v1"

auth_json "$B" alice:wonder >"$WORK/auth.json"
auth_json "$B" alice:wrong >"$WORK/wrong.json"
expect_run "basic: --dest-authfile" 0 copy --dest-authfile "$WORK/auth.json" \
    "$O/app:v1" "$B/authfile:v1"
export REGISTRY_AUTH_FILE=$WORK/auth.json
expect_run "basic: REGISTRY_AUTH_FILE" 0 copy "$O/app:v1" "$B/env-file:v1"
unset REGISTRY_AUTH_FILE
DOCKER_AUTH_CONFIG=$(cat "$WORK/auth.json")
export DOCKER_AUTH_CONFIG
expect_run "basic: DOCKER_AUTH_CONFIG" 0 copy "$O/app:v1" "$B/env-text:v1"
unset DOCKER_AUTH_CONFIG
mkdir -p "$WORK/docker"
cp "$WORK/auth.json" "$WORK/docker/config.json"
export DOCKER_CONFIG=$WORK/docker
expect_run "basic: DOCKER_CONFIG" 0 copy "$O/app:v1" "$B/docker-config:v1"
unset DOCKER_CONFIG

# in_place FILE: the same file in one of the usual places.
in_place()
{
    mkdir -p "$(dirname "$1")"
    cp "$WORK/auth.json" "$1"
    expect_run "basic: ${1#"$WORK/"}" 0 copy "$O/app:v1" "$B/place$COUNT:v1"
    rm "$1"
}
in_place "$HOME/.docker/config.json"
in_place "$XDG_RUNTIME_DIR/containers/auth.json"
in_place "$HOME/.config/containers/auth.json"

# ---- Order ------------------------------------------------------------------------------------

mkdir -p "$HOME/.docker"
cp "$WORK/wrong.json" "$HOME/.docker/config.json"
export REGISTRY_AUTH_FILE=$WORK/auth.json
expect_run "order: REGISTRY_AUTH_FILE goes before the home folder" 0 \
    copy "$O/app:v1" "$B/order1:v1"
export REGISTRY_AUTH_FILE=$WORK/wrong.json
expect_run "order: a flag goes before REGISTRY_AUTH_FILE" 0 \
    copy --dest-creds-file "$WORK/creds" "$O/app:v1" "$B/order2:v1"
auth_json other.example alice:other >"$WORK/other.json"
export REGISTRY_AUTH_FILE=$WORK/other.json
cp "$WORK/auth.json" "$HOME/.docker/config.json"
expect_run "order: a file without the host gives way to the next" 0 \
    copy "$O/app:v1" "$B/order3:v1"
unset REGISTRY_AUTH_FILE
rm "$HOME/.docker/config.json"

# ---- Helpers ------------------------------------------------------------------------------------

mkdir -p "$WORK/bin"
cat >"$WORK/bin/docker-credential-test" <<END
#!/bin/sh
read -r host
echo "\$1 \$host" >>"$WORK/helper.calls"
printf '{"ServerURL":"%s","Username":"alice","Secret":"wonder"}' "\$host"
END
chmod +x "$WORK/bin/docker-credential-test"
printf '{"credHelpers": {"%s": "test"}}' "$B" >"$HOME/.docker/config.json"
PATH=$WORK/bin:$PATH expect_run "a credential helper" 0 -v -v copy "$O/app:v1" "$B/helper:v1"
secrets_stay_hidden "a credential helper: no secret shows"
equal "a credential helper is asked once" "get $B" "$(cat "$WORK/helper.calls")"
rm "$HOME/.docker/config.json"

# ---- Wrong ----------------------------------------------------------------------------------

printf 'alice:wrong-wonder\n' >"$WORK/wrong-creds"
chmod 600 "$WORK/wrong-creds"
expect_error "basic: a wrong password" 4 "$B" \
    copy --dest-creds-file "$WORK/wrong-creds" "$O/app:v1" "$B/wrong:v1"
secrets_stay_hidden "basic: a wrong password does not show"
expect_error "bearer: a wrong password" 4 "$K" \
    copy --dest-creds-file "$WORK/wrong-creds" "$O/app:v1" "$K/wrong:v1"
secrets_stay_hidden "bearer: a wrong password does not show"

# ---- Bearer tokens --------------------------------------------------------------------------

expect_run "bearer: into the registry" 0 -v -v --events "$WORK/events" \
    copy --dest-creds-file "$WORK/creds" "$O/app:v1" "$K/app:v1"
secrets_stay_hidden "bearer: no secret shows"
if grep -qE 'eyJ|wonder' "$OUT" "$ERR" "$WORK/events"; then
    not_ok "bearer: no token shows" "$OUT" "$ERR" "$WORK/events"
else
    ok "bearer: no token shows"
fi
same "bearer: the same" "http://$O/app:v1" "http://$K/app:v1" --user alice:wonder
expect_run "bearer: anonymous from a public place (a prefix copy first)" 0 \
    copy --dest-creds-file "$WORK/creds" "$O/app:v1" "$K/public/app:v1"
expect_run "bearer: anonymous pull" 0 copy "$K/public/app:v1" "oci:$WORK/anonymous:v1"
expect_error "bearer: anonymous pull of what is not public" 4 "$K" \
    copy "$K/app:v1" "oci:$WORK/refused:v1"
printf 'bob:builder\n' >"$WORK/bob"
chmod 600 "$WORK/bob"
expect_run "bearer: pull with the right to pull" 0 \
    copy --src-creds-file "$WORK/bob" "$K/app:v1" "oci:$WORK/bob-layout:v1"
expect_error "bearer: push without the right to push" 4 "$K" \
    copy --dest-creds-file "$WORK/bob" "$O/app:v1" "$K/app:v2"

: >"$WORK/tokens.requests"
expect_run "bearer: on to another repository" 0 copy --src-creds-file "$WORK/creds" \
    --dest-creds-file "$WORK/creds" "$K/app:v1" "$K/team/app:v1"
same "bearer: on to another repository: the same" "http://$O/app:v1" "http://$K/team/app:v1" \
    --user alice:wonder

# ---- Identity tokens and tokens that are past their time ---------------------------------------

refresh=$(curl -s -u alice:wonder \
    "http://${LISTEN_OF[tokens]}/token?service=test-registry&offline_token=true" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["refresh_token"])')
printf '{"auths": {"%s": {"identitytoken": "%s"}}}' "$K" "$refresh" >"$WORK/identity.json"
: >"$WORK/tokens.requests"
expect_run "bearer: an identity token" 0 copy --dest-authfile "$WORK/identity.json" \
    "$O/app:v1" "$K/identity:v1"
check "bearer: an identity token goes by POST" grep -q '"POST".*"alice"' \
    "$WORK/tokens.requests"

sed 's/"anonymous"/"expired": 1, "anonymous"/' "$WORK/rules" >"$WORK/rules-expired"
start_token_server stale "$WORK/rules-expired"
start_registry late "token=http://${LISTEN_OF[stale]}/token"
expect_run "bearer: a token that is past its time is fetched anew" 0 \
    copy --dest-creds-file "$WORK/creds" "$O/app:v1" "${LISTEN_OF[late]}/app:v1"
same "bearer: past its time: the same" "http://$O/app:v1" "http://${LISTEN_OF[late]}/app:v1" \
    --user alice:wonder
