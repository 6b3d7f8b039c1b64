#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How blobs are sent: where all in one PUT is too much, in one PATCH, and where that is, too, in
# pieces of 16 MiB. What worked is remembered for the run. In none of these ways does a blob that
# came wrong get committed.
. "$(dirname "$0")/lib.sh"

MIB=1048576
BIG=$((17 * MIB + 5))

# An image of a config and two layers of different content, straight into a layout.
python3 - "$WORK/two" "$BIG" <<'END' || bail "no image"
import hashlib, json, os, random, sys
where, size = sys.argv[1], int(sys.argv[2])
os.makedirs(where + "/blobs/sha256")
def put(data, media_type):
    name = hashlib.sha256(data).hexdigest()
    with open(where + "/blobs/sha256/" + name, "wb") as file:
        file.write(data)
    return {"mediaType": media_type, "digest": "sha256:" + name, "size": len(data)}
kind = "application/vnd.oci.image."
layers = [put(random.Random(seed).randbytes(size), kind + "layer.v1.tar") for seed in (1, 2)]
config = put(b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
             kind + "config.v1+json")
def image(layers):
    manifest = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json", "config": config,
                "layers": layers}
    return put(json.dumps(manifest).encode(), manifest["mediaType"])
index = [dict(image(some), annotations={"org.opencontainers.image.ref.name": tag})
         for tag, some in (("one", layers[:1]), ("two", layers))]
with open(where + "/index.json", "w") as file:
    json.dump({"schemaVersion": 2, "manifests": index}, file)
with open(where + "/oci-layout", "w") as file:
    file.write('{"imageLayoutVersion": "1.0.0"}')
END

start_scripted source
start_scripted target
S=${LISTEN_OF[source]}
T=${LISTEN_OF[target]}
tell source PUT /_script "{\"seed\": {\"app\": \"$WORK/two\"}}"

# limits JSON: an empty target that behaves so, and its log begins here.
limits()
{
    tell target DELETE /_state
    tell target PUT /_script "{\"switches\": $1}"
    tell target DELETE /_log
}

# sent [METHOD]: the requests that carried large blobs, in order: METHOD CONTENT-RANGE STATUS.
sent()
{
    tell target GET /_log | python3 -c '
import json, sys
for line in sorted(map(json.loads, sys.stdin), key=lambda entry: entry["seq"]):
    length = int(line.get("content_length") or 0)
    if line["method"] in ("PUT", "PATCH") and "/uploads/" in line["target"] and length > 1000:
        print(line["method"], line.get("content_range") or "-", length, line["status"], end="; ")'
}

# blobs: how many large ones were committed.
blobs()
{
    tell target GET /_state | python3 -c '
import json, sys
sizes = [blob["size"] if isinstance(blob, dict) else blob
         for repository in json.load(sys.stdin)["repositories"].values()
         for blob in repository["blobs"].values()]
print(sum(size > 1000 for size in sizes))'
}

PATCHED="PATCH - $BIG 202; "
CHUNKED="PATCH 0-16777215 16777216 202; PATCH 16777216-$((BIG - 1)) $((BIG - 16777216)) 202; "

# ---- Learned ------------------------------------------------------------------------------------

limits '{}'
expect_run "no limit" 0 copy "$S/app:one" "$T/app:one"
equal "no limit: one PUT" "PUT - $BIG 201; " "$(sent)"

limits "{\"upload_max_put\": $MIB}"
expect_run "413 to a PUT" 0 -j 1 copy "$S/app:two" "$T/app:two"
equal "413 to a PUT: then a PATCH, and the second blob begins with it" \
    "PUT - $BIG 413; $PATCHED$PATCHED" "$(sent)"
same "413 to a PUT: the same" "http://$S/app:two" "http://$T/app:two"

limits "{\"upload_max_put\": $MIB, \"upload_max_patch\": 16777216}"
expect_run "413 to a PATCH, too" 0 -j 1 copy "$S/app:two" "$T/app:two"
equal "413 to a PATCH, too: then pieces, and the second blob begins with them" \
    "PUT - $BIG 413; PATCH - $BIG 413; $CHUNKED$CHUNKED" "$(sent)"
same "413 to a PATCH, too: the same" "http://$S/app:two" "http://$T/app:two"

limits "{\"upload_max_put\": $MIB, \"upload_max_patch\": $MIB}"
expect_error "413 to everything: one clear sentence" 2 '413' copy --retries 2 "$S/app:one" \
    "$T/app:one"
equal "413 to everything: nothing was committed" 0 "$(blobs)"

limits '{}'
tell target POST /_faults '{"match": {"method": "PUT", "path": "/uploads/", "count": 0},
    "action": {"reset_request_after_bytes": 1000000}}'
expect_run "each PUT breaks off" 0 copy --retries 4 "$S/app:one" "$T/app:one"
equal "each PUT breaks off: after two, a PATCH" "$PATCHED" "$(sent | grep -o 'PATCH.*')"
equal "each PUT breaks off: two of them" 2 "$(sent | grep -o 'PUT - [0-9]* [^;]*;' | wc -l)"
tell target DELETE /_faults

# ---- As told ------------------------------------------------------------------------------------

limits '{}'
expect_run "--upload patch" 0 copy --upload patch "$S/app:one" "$T/app:one"
equal "--upload patch: one PATCH" "$PATCHED" "$(sent)"
limits '{}'
expect_run "--upload chunk" 0 copy --upload chunk "$S/app:one" "$T/app:one"
equal "--upload chunk: pieces" "$CHUNKED" "$(sent)"
same "--upload chunk: the same" "http://$S/app:one" "http://$T/app:one"
limits "{\"upload_min_chunk\": $((17 * MIB))}"
expect_run "a registry that wants larger pieces" 0 copy --upload chunk "$S/app:one" "$T/app:one"
equal "a registry that wants larger pieces: gets them" \
    "PATCH 0-$((17 * MIB - 1)) $((17 * MIB)) 202; PATCH $((17 * MIB))-$((BIG - 1)) 5 202; " \
    "$(tell target GET /_log | python3 -c '
import json, sys
for line in sorted(map(json.loads, sys.stdin), key=lambda entry: entry["seq"]):
    if line.get("content_range") and int(line["content_range"].split("-")[1]) > 1000:
        print(line["method"], line["content_range"], line["content_length"], line["status"],
              end="; ")')"
limits "{\"upload_max_put\": $MIB}"
expect_error "--upload put stays with it" 2 '413' copy --upload put --retries 1 "$S/app:one" \
    "$T/app:one"
check "--upload put stays with it: no PATCH" test -z "$(sent | grep PATCH)"
expect_error "another word" 2 'auto, put, patch or chunk' copy --upload post "$S/app:one" \
    "$T/app:one"
limits '{"upload_range": "stuck"}'
expect_run "a Range that stays at the first piece" 0 copy --upload chunk "$S/app:one" "$T/app:one"
limits '{}'
expect_run "within one registry" 0 copy --upload patch "$S/app:one" "$S/other:one"
same "within one registry: the same" "http://$S/app:one" "http://$S/other:one"

# ---- Wrong bytes --------------------------------------------------------------------------------

for way in patch chunk; do
    limits '{}'
    tell source POST /_faults '{"match": {"method": "GET", "path": "/blobs/", "count": 0},
        "action": {"corrupt_at": 20}}'
    expect_error "wrong bytes by $way: refused" 2 'digest|sha256' copy --retries 1 \
        --upload "$way" "$S/app:one" "$T/app:one"
    tell source DELETE /_faults
    equal "wrong bytes by $way: nothing was committed" 0 "$(blobs)"
done
