#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What refers to an image travels with it: by the referrers API, by the tag that stands in for it,
# and by the tags that cosign writes.
. "$(dirname "$0")/lib.sh"
requires jq

start_scripted source
start_scripted target
start_registry plain
S=${LISTEN_OF[source]} T=${LISTEN_OF[target]} P=${LISTEN_OF[plain]}
TYPE=application/vnd.oci.image.manifest.v1+json
ANY="$TYPE, application/vnd.oci.image.index.v1+json"

# refer REPOSITORY SUBJECT TYPE [TEXT]: an artifact at the source, its digest in $REFERRER.
refer()
{
    python3 - "$S" "$1" "$2" "$3" "${4:-x}" >"$WORK/referrer" <<'END'
import hashlib, json, sys, urllib.request
host, repository, subject, kind, text = sys.argv[1:]
base = "http://%s/v2/%s/" % (host, repository)
accept = {"Accept": "application/vnd.oci.image.index.v1+json, "
                    "application/vnd.oci.image.manifest.v1+json"}
def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()
def send(method, url, data, kind):
    request = urllib.request.Request(url, data, {"Content-Type": kind}, method=method)
    return urllib.request.urlopen(request)
answer = urllib.request.urlopen(urllib.request.Request(base + "manifests/" + subject, headers=accept))
bytes_, media_type = answer.read(), answer.headers["Content-Type"]
for blob in (b"{}", text.encode()):
    place = send("POST", base + "blobs/uploads/", b"", "application/octet-stream").headers["Location"]
    place = place if "://" in place else "http://" + host + place
    send("PUT", place + ("&" if "?" in place else "?") + "digest=" + digest(blob), blob,
         "application/octet-stream")
def descriptor(blob, media_type):
    return {"mediaType": media_type, "digest": digest(blob), "size": len(blob)}
manifest = json.dumps({
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "artifactType": kind, "config": descriptor(b"{}", "application/vnd.oci.empty.v1+json"),
    "layers": [descriptor(text.encode(), "text/plain")],
    "subject": descriptor(bytes_, media_type), "annotations": {"note": text}}).encode()
send("PUT", base + "manifests/" + digest(manifest), manifest,
     "application/vnd.oci.image.manifest.v1+json")
print(digest(manifest))
END
    REFERRER=$(cat "$WORK/referrer")
}

config()
{
    cat >"$WORK/ocync.yaml" <<END
global: {cache_dir: $WORK/state}
registries:
  source: {url: '$S', plain_http: true}
  target: {url: '$T', plain_http: true}
  plain: {url: '$P', plain_http: true}
mappings:
  - {from: app, source: source, targets: [target, plain], artifacts: {$1}}
END
}
sync() { sync_with "$1" "$2" 0; }
sync_with() { expect_run "$1" "$3" sync -c "$WORK/ocync.yaml" $2; }
digest_at() { "$E2E/verify.py" digest "http://$1"; }
has() { curl -sf -o /dev/null -H "Accept: $TYPE" "http://$1/v2/app/manifests/$2"; }
listed_by_api() { curl -s "http://$T/v2/app/referrers/$1" | jq -r '.manifests[].digest' | sort | tr '\n' ' '; }
listed_by_tag() { curl -s -H "Accept: $ANY" "http://$P/v2/app/manifests/${1/:/-}" | jq -r '.manifests[].digest' | sort | tr '\n' ' '; }
sorted() { printf '%s\n' "$@" | sort | tr '\n' ' '; }

push_image two-platforms source app:v1
push_image two-platforms target scratch:v1
TOP=$(digest_at "$S/app:v1")
CHILD=$(curl -s -H "Accept: $ANY" "http://$S/v2/app/manifests/v1" | jq -r '.manifests[0].digest')
refer app "$TOP" application/vnd.example.sbom sbom && SBOM=$REFERRER
refer app "$SBOM" application/vnd.example.signature signature-of-sbom && NESTED=$REFERRER
refer app "$CHILD" application/vnd.example.signature signature-of-child && OF_CHILD=$REFERRER

# ---- With the image -------------------------------------------------------------------------------

config ''
sync "an image with what refers to it" ''
for place in "$T" "$P"; do
    check "what refers to the image is at $place" has "$place" "$SBOM"
    check "what refers to that, too" has "$place" "$NESTED"
    check "what refers to a child, too" has "$place" "$OF_CHILD"
done
equal "the API lists it" "$SBOM " "$(listed_by_api "$TOP")"
equal "where there is no API, the tag lists it" "$SBOM " "$(listed_by_tag "$TOP")"
equal "the tag of the child lists its own" "$OF_CHILD " "$(listed_by_tag "$CHILD")"
equal "the tag of the artifact lists its own" "$NESTED " "$(listed_by_tag "$SBOM")"
equal "the entry has type and annotations" "application/vnd.example.sbom sbom" \
    "$(curl -s -H "Accept: $ANY" "http://$P/v2/app/manifests/${TOP/:/-}" |
        jq -r '.manifests[0] | .artifactType + " " + .annotations.note')"
same "the image itself" "http://$S/app:v1" "http://$P/app:v1"

# ---- Later ------------------------------------------------------------------------------------------

forget plain
sync "nothing new" ''
settle plain
expect_requests "nothing new: a HEAD at the target" plain . 1
refer app "$TOP" application/vnd.example.signature late && LATE=$REFERRER
sync "a signature of an unchanged image" ''
check "it arrives" has "$T" "$LATE"
equal "the API lists both" "$(sorted "$SBOM" "$LATE")" "$(listed_by_api "$TOP")"
equal "the tag lists both" "$(sorted "$SBOM" "$LATE")" "$(listed_by_tag "$TOP")"

refer app "$CHILD" application/vnd.example.signature late-child && LATE_CHILD=$REFERRER
sync "of an unchanged image only the top is looked at" ''
check "a late one of a child is not seen yet" eval "! has '$T' '$LATE_CHILD'"
sync "--force-recursive looks at the children" --force-recursive
check "and it arrives" has "$T" "$LATE_CHILD"

# An entry of somebody else stays.
index=$(curl -s -H "Accept: $ANY" "http://$P/v2/app/manifests/${TOP/:/-}" |
    jq -c '.manifests += [{"mediaType": "'$TYPE'", "digest": "'"$OF_CHILD"'", "size": 1, "x": "theirs"}]')
curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary "$index" \
    "http://$P/v2/app/manifests/${TOP/:/-}" || bail "could not write the tag"
refer app "$TOP" application/vnd.example.signature later && LATER=$REFERRER
sync "one more" ''
equal "what others listed stays" theirs \
    "$(curl -s -H "Accept: $ANY" "http://$P/v2/app/manifests/${TOP/:/-}" | jq -r '.manifests[].x // empty')"
equal "and ours is added" 4 \
    "$(curl -s -H "Accept: $ANY" "http://$P/v2/app/manifests/${TOP/:/-}" | jq '.manifests | length')"

# ---- Which of them --------------------------------------------------------------------------------

tell target DELETE /_state
config 'include: [application/vnd.example.sbom]'
sync "only one type" ''
check "the wanted one is there" has "$T" "$SBOM"
check "the other one is not" eval "! has '$T' '$LATE'"
tell target DELETE /_state
config 'exclude: [application/vnd.example.sbom]'
sync "all but one type" ''
check "the unwanted one is not there" eval "! has '$T' '$SBOM'"
check "the others are" has "$T" "$LATE"
tell target DELETE /_state
config 'enabled: false'
sync "none" ''
check "none is there" eval "! has '$T' '$LATE'"

# ---- Required --------------------------------------------------------------------------------------

push_image six-blobs source app:unsigned
config 'require_artifacts: true'
sync_with "one image has none" '' 1
check "it is said which" grep -q 'app:unsigned.*requires one' "$ERR"
check "the image that has none is not there" eval "! has '$T' unsigned"
check "the other one is" curl -sf -H "Accept: $ANY" -o /dev/null "http://$T/v2/app/manifests/v1"
same "a tag that was there stays" "http://$S/app:v1" "http://$P/app:v1"

# ---- Tags as cosign writes them ---------------------------------------------------------------------

UNSIGNED=$(digest_at "$S/app:unsigned")
push_image empty-config source "app:${UNSIGNED/:/-}.sig"
tell target DELETE /_state
config ''
sync "a signature that is a tag" ''
same "it is at the target" "http://$S/app:${UNSIGNED/:/-}.sig" "http://$T/app:${UNSIGNED/:/-}.sig"
tell target DELETE /_state
config 'enabled: false'
sync "without artifacts" ''
check "it stays at the source" eval "! has '$T' '${UNSIGNED/:/-}.sig'"

# ---- Targets with ways of their own -----------------------------------------------------------------

tell target DELETE /_state
tell target PATCH /_script '{"switches": {"referrers": "html"}}'
config ''
rm -rf "$WORK/state"
sync "a proxy that answers anything with a web page" ''
equal "a list under a tag" "$(listed_by_tag "$CHILD")" \
    "$(curl -s -H "Accept: $ANY" "http://$T/v2/app/manifests/${CHILD/:/-}" | jq -r '.manifests[].digest' | sort | tr '\n' ' ')"
tell target DELETE /_state
tell target PATCH /_script '{"switches": {"referrers": "api"}}'
tell target POST /_faults '{"match": {"method": "PUT", "path": "manifests/sha256:", "count": 0},
    "action": {"status": 400, "body": {"errors": [{"code": "MANIFEST_INVALID", "message": "no"}]}}}'
sync_with "a target that takes no artifact" '' 1
check "the image is not pushed before its artifacts" \
    eval "! curl -sf -o /dev/null -H 'Accept: $ANY' http://$T/v2/app/manifests/v1"
tell target DELETE /_faults

# ---- A list of tags that comes in slowly ---------------------------------------------------------------

tell source DELETE /_state
tell target DELETE /_state
push_image six-blobs source app:a1
FIRST=$(digest_at "$S/app:a1")
push_image empty-config source "app:${FIRST/:/-}.sig"
push_image no-layers source app:z1
tell source PATCH /_script '{"switches": {"tags_n": "cap", "tags_cap": 1}}'
tell source POST /_faults '{"match": {"path": "/tags/list", "nth": 2}, "action": {"delay_ms": 1000}}'
tell source DELETE /_log
rm -rf "$WORK/state"
sync "tags that come in one by one" ''
curl -s "http://$S/_log" >"$WORK/log"
equal "blobs move before the last tag is listed" true "$(jq -s '
    (map(select(.target | test("/blobs/"))) | map(.seq) | min) <
    (map(select(.target | test("/tags/list"))) | map(.seq) | max)' "$WORK/log")"
same "a signature that is listed late is there" \
    "http://$S/app:${FIRST/:/-}.sig" "http://$T/app:${FIRST/:/-}.sig"
