#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whatever is wrong: the right exit code, one line that names the object, nothing half-written.
. "$(dirname "$0")/lib.sh"
requires unshare mount truncate

start_registry source
start_registry target
S=${LISTEN_OF[source]}
T=${LISTEN_OF[target]}
push_image six-blobs source app:v1

nothing_written()
{
    settle target
    expect_requests "$1: nothing is written" target '^(POST|PUT|PATCH|DELETE) ' 0
}

# ---- The command line ---------------------------------------------------------------------------

forget target
for reference in '' ':v1' 'example.com/UPPER/case:v1' 'name:' 'name:-bad' 'name@sha256:123' \
    'name@sha256:xyz' 'a//b:v1' 'host:port:tag/x' '/abs' 'oci:' 'name with blanks' \
    "$T/app:$(printf 'a%.0s' {1..129})" $'name\x1b[31m:v1' '../../etc/passwd'; do
    shown=$(printf '%s' "$reference" | tr -c '[:print:]' '?' | cut -c 1-40)
    expect_error "malformed source '$shown'" 2 . copy "$reference" "$T/app:v1"
    expect_error "malformed target '$shown'" 2 . copy "$S/app:v1" "$reference"
done
expect_run "no argument" 2 copy
expect_run "one argument" 2 copy "$S/app:v1"
expect_run "three arguments" 2 copy "$S/app:v1" "$T/app:v1" "$T/b:v1"
expect_error "an unknown option" 2 'no-such-option' copy --no-such-option "$S/app:v1" "$T/app:v1"
expect_error "an unknown subcommand" 2 'no-such-command' no-such-command
expect_error "a duration that is none" 2 'stall-timeout' \
    copy --stall-timeout soon "$S/app:v1" "$T/app:v1"
expect_error "a platform that is none" 2 'platform' \
    copy --platform a/b/c/d/e "$S/app:v1" "$T/app:v1"
expect_error "--resolve that is none" 2 'resolve' --resolve nonsense copy "$S/app:v1" "$T/app:v1"
nothing_written "a bad command line"

# ---- Files ----------------------------------------------------------------------------------------

stop target
start_registry target htpasswd
T=${LISTEN_OF[target]}
expect_error "an auth file that is not there" 3 'nowhere.json' \
    copy --dest-authfile "$WORK/nowhere.json" "$S/app:v1" "$T/app:v1"
expect_error "an auth file that is a folder" 3 "$WORK" \
    copy --dest-authfile "$WORK" "$S/app:v1" "$T/app:v1"
printf '{"auths": {' >"$WORK/cut.json"
expect_error "an auth file that is no JSON" 3 'cut.json' \
    copy --dest-authfile "$WORK/cut.json" "$S/app:v1" "$T/app:v1"
expect_error "a credential file that is not there" 3 'nowhere' \
    copy --dest-creds-file "$WORK/nowhere" "$S/app:v1" "$T/app:v1"
stop target
start_registry target
T=${LISTEN_OF[target]}
forget target
expect_error "a source layout that is not there" 2 'nowhere' copy "oci:$WORK/nowhere:v1" \
    "$T/app:v1"
mkdir "$WORK/no-layout"
echo data >"$WORK/no-layout/file"
expect_error "a source folder that is no layout" 2 'no-layout' \
    copy "oci:$WORK/no-layout:v1" "$T/app:v1"
nothing_written "bad files"
expect_error "a target folder that holds something else" 2 'no-layout' \
    copy "$S/app:v1" "oci:$WORK/no-layout:v1"
equal "a folder that holds something else is left alone" file "$(ls "$WORK/no-layout")"

# ---- What is not there ------------------------------------------------------------------------------

expect_error "a tag that is not there" 2 'app:v9' copy "$S/app:v9" "$T/app:v9"
expect_error "a repository that is not there" 2 'nobody' copy "$S/nobody:v1" "$T/app:v1"
"$E2E/images.py" layout six-blobs "$WORK/layout:v1" >"$WORK/pushed"
expect_error "a tag that the layout has not" 2 'v9' copy "oci:$WORK/layout:v9" "$T/app:v9"
closed=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
expect_error "nobody listens" 2 "$closed" copy --retries 0 "127.0.0.1:$closed/app:v1" "$T/app:v1"
expect_error "no such host" 2 'nowhere.invalid' copy --retries 0 nowhere.invalid/app:v1 "$T/app:v1"

# A layout whose blob is damaged: no tag may appear.
blob=$(python3 -c '
import json, sys
shape = json.load(sys.stdin)
print(max(shape["blobs"], key=lambda blob: blob["size"])["digest"].split(":")[1])' \
    < <("$E2E/images.py" show six-blobs))
printf X | dd of="$WORK/layout/blobs/sha256/$blob" bs=1 seek=100 conv=notrunc status=none
expect_error "a damaged blob in the source" 2 "$blob" copy "oci:$WORK/layout:v1" "$T/damaged:v1"
equal "a damaged blob: no tag" 404 \
    "$(curl -s -o "$WORK/body" -w '%{http_code}' "http://$T/v2/damaged/manifests/v1")"
equal "a damaged blob: no blob" 404 \
    "$(curl -sI -o "$WORK/body" -w '%{http_code}' "http://$T/v2/damaged/blobs/sha256:$blob")"

# ---- Drivers ------------------------------------------------------------------------------------

mkdir "$WORK/junk"
echo "this is no shared object" >"$WORK/junk/junk.so"
truncate -s 0 "$WORK/junk/empty.so"
expect_run "junk among the drivers is ignored" 0 --plugin-dir "$WORK/junk" \
    copy "$S/app:v1" "$T/junk:v1"
run --plugin-dir "$WORK/junk" plugin list
equal "plugin list lives with junk" 0 "$STATUS"
check "plugin list names the junk" grep -q 'junk' "$OUT" "$ERR"

# The ABI major lies in the note, behind namesz, descsz, type and the owner of 8 bytes.
mkdir "$WORK/future"
driver=$(find "$OCYNC_TEST_PLUGINS" -name '*.so' | sort | head -n 1)
check "a driver of the next ABI can be made" python3 - "$driver" "$WORK/future/future.so" <<'END'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(struct.pack("<I", 1) + b"ocync\0\0\0") + 12
assert struct.unpack_from("<H", data, at)[0] == 1
struct.pack_into("<H", data, at, 99)
# It claims a host of its own: the name generic-oci and its globs stay behind the ABI numbers.
open(sys.argv[2], "wb").write(data)
END
run --plugin-dir "$WORK/future" plugin list
check "plugin list names the driver of another ABI" grep -qE 'future|99' "$OUT" "$ERR"

# ---- A full disk ----------------------------------------------------------------------------------

push_image one-blob source big:v1 --size 3000000
mkdir "$WORK/small"
cat >"$WORK/full.sh" <<'END'
mount -t tmpfs -o size=1m none "$1" || exit 99
"$2" copy "$3" "oci:$1/layout:v1"
status=$?
find "$1" -type f ! -name '.*' ! -name '*.lock' -size +900k >&2
[ ! -e "$1/layout/index.json" ] || ! grep -q '"v1"' "$1/layout/index.json" || echo "TAG WRITTEN" >&2
exit $status
END
namespace=(unshare -m)
[ "$(id -u)" -eq 0 ] || namespace=(unshare -rm)
STATUS=0
"${namespace[@]}" bash "$WORK/full.sh" "$WORK/small" "$OCYNC" "$S/big:v1" >"$OUT" 2>"$ERR" ||
    STATUS=$?
[ "$STATUS" -ne 99 ] || bail "a small tmpfs can't be mounted here, not even in a user namespace"
equal "a full disk: the exit code" 2 "$STATUS"
check "a full disk: the sentence" grep -qi 'no space left' "$ERR"
if grep -q 'TAG WRITTEN' "$ERR" || grep -q "^$WORK/small" "$ERR"; then
    not_ok "a full disk leaves nothing behind" "$ERR"
else
    ok "a full disk leaves nothing behind"
fi
