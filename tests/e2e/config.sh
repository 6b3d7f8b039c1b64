#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Configuration files: the examples are right by our checks and by those of a validator that is
# not ours, wrong ones are refused at the right place, and expand says what was understood.
. "$(dirname "$0")/lib.sh"
requires jq
python3 -c 'import jsonschema, yaml; jsonschema.Draft202012Validator' 2>"$WORK/import" ||
    bail "needs Python's jsonschema (4.0 or later) and yaml (Debian: python3-jsonschema," \
        "python3-yaml); ./check installs everything that the tests need"

CONF=$OCYNC_TEST_SOURCE/conf
SCHEMA=$CONF/ocync.schema.json
FULL=$CONF/examples/full.yaml
ask()
{
    python3 "$E2E/config_check.py" "$@"
}

unset OCYNC_TEST_UNSET
export DOCKER_USERNAME=bob DOCKER_PASSWORD='se: "cret' GITHUB_TOKEN=hunter2 QUAY_PASSWORD=swordfish

# ---- The examples -------------------------------------------------------------------------------

mkdir "$WORK/expanded"
for file in "$CONF"/examples/*.yaml; do
    name=${file##*/}
    check "$name is valid" "$OCYNC" validate "$file"
    "$OCYNC" validate "$file" 2>&1 >"$WORK/out" | cmp -s - /dev/null &&
        grep -qE '^valid: [0-9]+ mappings?, [0-9]+ registr(y|ies)$' "$WORK/out" &&
        ok "$name: one line on standard output, nothing else" ||
        not_ok "$name: one line on standard output, nothing else" "$WORK/out"

    "$OCYNC" expand --show-secrets "$file" >"$WORK/expanded/$name"
    "$OCYNC" expand --show-secrets - <"$WORK/expanded/$name" >"$WORK/again" 2>"$WORK/err"
    check "$name: what expand prints expands to itself" \
        diff "$WORK/expanded/$name" "$WORK/again"
    "$OCYNC" expand "$file" >"$WORK/masked"
    for secret in 'cret' hunter2 swordfish; do
        if grep -q -e "$secret" "$WORK/expanded/$name"; then
            check "$name: expand hides a secret" bash -c "! grep -q $secret '$WORK/masked'"
        fi
    done
done
grep -q 'password: "se: \\"cret"' "$WORK/expanded/docker-hub.yaml" &&
    ok "what a variable holds stays one value" ||
    not_ok "what a variable holds stays one value" "$WORK/expanded/docker-hub.yaml"
check "the examples fit the schema" ask schema "$SCHEMA" "$CONF"/examples/*.yaml
check "what expand prints fits the schema" ask schema "$SCHEMA" "$WORK"/expanded/*.yaml
check "every key is in the full example and in the manual" \
    ask complete "$SCHEMA" "$FULL" "$OCYNC_TEST_SOURCE/docs/ocync.yaml.5"
check "every section refuses unknown keys and ignores x-" ask closed "$SCHEMA" "$FULL" "$OCYNC"

# ---- Files that are wrong -----------------------------------------------------------------------

# The first line of each: "# LINE:COLUMN PATTERN", of the only error that it may give.
refused()
{
    local file=$1 first status=0
    IFS= read -r first <"$file"
    first=${first#\# }
    "$OCYNC" validate "$file" >"$WORK/out" 2>"$WORK/err" || status=$?
    echo "expected: $first"
    cat "$WORK/err"
    [ "$status" -eq 3 ] && [ ! -s "$WORK/out" ] &&
        [ "$(grep -ac '^error: ' "$WORK/err")" -eq 1 ] &&
        grep -qaE "^error: $file:${first%% *}: .*(${first#* })" "$WORK/err" &&
        ! grep -qa hunter2 "$WORK/err"
}

number=0
for file in "$E2E"/configs/*.yaml; do
    number=$((number + 1))
    check "refused: ${file##*/}" refused "$file"
done
check "there are at least 40 of them" test "$number" -ge 40

# Everything that is wrong comes in one pass, in the order of the file.
cat >"$WORK/many.yaml" <<'END'
mappings:
  - from: A
    source: nobody
    tags: {latest: x, glob: "["}
global:
  cache_ttl: soon
registries:
  hub: {url: a/b, retires: 1}
  hub: {url: docker.io}
END
"$OCYNC" validate "$WORK/many.yaml" 2>"$WORK/err"
sed -nE 's/^error: [^:]*:([0-9]+:[0-9]+): .*/\1/p' "$WORK/err" >"$WORK/places"
printf '%s\n' 2:5 2:11 3:13 4:20 4:29 6:14 8:14 8:19 9:3 >"$WORK/wanted"
check "all errors in one pass, in order" diff "$WORK/wanted" "$WORK/places"

{
    echo 'mappings:'
    for i in $(seq 150); do echo "  - {from: A$i, source: docker.io, targets: quay.io}"; done
} >"$WORK/flood.yaml"
"$OCYNC" validate "$WORK/flood.yaml" 2>"$WORK/err"
check "a hundred errors, and how many more" bash -c \
    "[ \$(wc -l <'$WORK/err') -eq 101 ] && grep -q 'and 50 more errors' '$WORK/err'"

# ---- Where it comes from ------------------------------------------------------------------------

# fails STATUS PATTERN COMMAND...
fails()
{
    local wanted=$1 pattern=$2 status=0
    shift 2
    "$@" >"$WORK/out" 2>"$WORK/err" </dev/null || status=$?
    cat "$WORK/err"
    [ "$status" -eq "$wanted" ] && grep -qE -e "$pattern" "$WORK/err" && [ ! -s "$WORK/out" ]
}

HUB=$CONF/examples/docker-hub.yaml
check "--config FILE" "$OCYNC" validate --config "$HUB"
check "-c before the command" "$OCYNC" -c "$HUB" validate
check "standard input" bash -c "'$OCYNC' validate -c - <'$HUB'"
check "errors of standard input say so" fails 3 '^error: \(standard input\):1:1: mappings' \
    "$OCYNC" validate -
check "no file named" fails 2 'no configuration file' "$OCYNC" validate
check "two files named" fails 2 'two configuration files' "$OCYNC" expand -c "$HUB" "$HUB"
check "a file that is not there" fails 3 "can't be read: No such file" \
    "$OCYNC" validate "$WORK/nowhere"
check "a folder" fails 3 "can't be read: Is a directory" "$OCYNC" validate "$WORK"
head -c 5000000 /dev/zero | tr '\0' '#' >"$WORK/large.yaml"
check "a file over 4 MiB" fails 3 'larger than 4 MiB' "$OCYNC" validate "$WORK/large.yaml"
check "--quiet says nothing" bash -c "[ -z \"\$('$OCYNC' -q validate '$HUB' 2>&1)\" ]"
check "errors as JSON" bash -c "'$OCYNC' --log-format json validate '$WORK/many.yaml' 2>&1 |
    jq -es 'length == 9 and (.[0].message | test(\"many.yaml:2:5: \"))'"

# ---- --set --------------------------------------------------------------------------------------

# expands_to LINE ARGUMENT...: the line is in what expand prints.
expands_to()
{
    local line=$1
    shift
    "$OCYNC" expand "$HUB" "$@" >"$WORK/out" 2>"$WORK/err"
    cat "$WORK/err" "$WORK/out"
    grep -qFx -e "$line" "$WORK/out"
}

check "--set of a key" expands_to '    url: ghcr.io' --set registries.hub.url=ghcr.io
check "--set of a list item" expands_to '    to: other' --set 'mappings[0].to=other'
check "--set of a list item with a dot" expands_to '    to: other' --set mappings.0.to=other
check "--set of one more item" expands_to '  - from: a/b' --set 'mappings[1].from=a/b'
check "--set of a name with dots" expands_to '  a.b:' --set 'registries."a.b".url=a.b'
check "--set of a whole map" expands_to '      - "[1-3]"' \
    --set 'mappings.0={from: a, tags: ["[1-3]"]}'
check "--set of a text that YAML would not take" expands_to '      glob: "*-dev"' \
    --set 'mappings.0.tags.glob=*-dev'
check "the last --set holds" expands_to '  cache_ttl: 2h' \
    --set global.cache_ttl=1h --set global.cache_ttl=2h
check "--set takes variables" expands_to '    url: "docker.io"' \
    --set 'registries.hub.url=${OCYNC_TEST_UNSET:-docker.io}'
check "an error names the --set" fails 3 '^error: --set registries.hub.urk: .*did you mean "url"' \
    "$OCYNC" validate "$HUB" --set registries.hub.urk=hunter2
check "an error does not show its value" bash -c "! grep -q hunter2 '$WORK/err'"
check "--set that is none" fails 3 'expected KEY=VALUE' "$OCYNC" validate "$HUB" --set nothing
check "--set beyond the end of a list" fails 3 'from 0 to 1' \
    "$OCYNC" validate "$HUB" --set mappings.7.from=a

# ---- Warnings -----------------------------------------------------------------------------------

cat >"$WORK/old.yaml" <<'END'
registries:
  a: {url: ghcr.io, auth_type: ghcr}
  b: {url: ghcr.example, auth_type: ghcr}
  c: {url: quay.io, token: "${OCYNC_TEST_UNSET}"}
mappings:
  - {from: a, source: a, targets: b}
END
"$OCYNC" validate "$WORK/old.yaml" >"$WORK/out" 2>"$WORK/err"
check "auth_type: ghcr is deprecated, said once" test "$(grep -c deprecated "$WORK/err")" -eq 1
check "a secret without a value is said" grep -q '^warning: .*:4:28: .*token is empty' "$WORK/err"
check "neither is an error" grep -q '^valid: ' "$WORK/out"
