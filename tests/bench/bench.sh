#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh [--size MIB] [--runs N]: what copying one large layer costs, plain and over TLS: ocync,
# the bare bridge (a GET, a ring, a SHA-256, a PUT: the least that a copy can cost) and skopeo.
#
# Run it from a build folder (make bench does), with an optimised build and an idle machine. Every
# run gets a fresh target registry; the storage of both lies on tmpfs where there is room. Numbers
# are medians; CPU is user + system of the client alone.
size_mib=2048
runs=3
while [ $# -gt 0 ]; do
    case $1 in
    --size) size_mib=$2 ;;
    --runs) runs=$2 ;;
    *)
        echo "usage: bench.sh [--size MIB] [--runs N]" >&2
        exit 2
        ;;
    esac
    shift 2
done
. "$(dirname "$0")/../e2e/lib.sh"
requires skopeo openssl /usr/bin/time unshare

BARE=$OCYNC_TEST_BUILD/tests/bench/bare_bridge
[ -x "$BARE" ] || bail "no $BARE; run make check TESTS= first"
if [ -n "${OCYNC_TEST_SANITIZERS:-}" ]; then
    bail "a build with sanitizers says nothing about speed"
fi

# ---- Where -------------------------------------------------------------------------------------

# Two copies, and half of one more to breathe.
need_kib=$((size_mib * 1024 * 5 / 2))
STORE=$WORK/store
where="the disk below $WORK"
if [ "$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt "$need_kib" ] 2>/dev/null; then
    STORE=/dev/shm/$(basename "$WORK")
    where="tmpfs"
fi
mkdir -p "$STORE"
trap 'rm -rf "$STORE"; finish' EXIT

certificates
blob=$STORE/blob
echo "# making a layer of $size_mib MiB on $where"
openssl enc -aes-128-ctr -nosalt -K 00 -iv 00 -in /dev/zero 2>/dev/null |
    head -c "$((size_mib << 20))" >"$blob"
size=$(stat -c %s "$blob")
hex=$(openssl dgst -sha256 -r "$blob" | cut -d ' ' -f 1)

# push_large NAME: the layer and an image around it, without holding it in memory.
push_large()
{
    local base=http://${LISTEN_OF[$1]}/v2/app config=$WORK/config manifest=$WORK/manifest
    printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["%s"]}}' \
        "sha256:$hex" >"$config"
    python3 - "$config" "$hex" "$size" >"$manifest" <<'END'
import hashlib, json, sys
config = open(sys.argv[1], "rb").read()
image = "application/vnd.oci.image."
print(json.dumps({
    "schemaVersion": 2, "mediaType": image + "manifest.v1+json",
    "config": {"mediaType": image + "config.v1+json", "size": len(config),
               "digest": "sha256:" + hashlib.sha256(config).hexdigest()},
    "layers": [{"mediaType": image + "layer.v1.tar", "size": int(sys.argv[3]),
                "digest": "sha256:" + sys.argv[2]}]}), end="")
END
    upload "$base" "$blob" "$hex"
    upload "$base" "$config" "$(openssl dgst -sha256 -r "$config" | cut -d ' ' -f 1)"
    curl -sf -T "$manifest" -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
        "$base/manifests/v1" || bail "could not push the image"
}

# upload BASE FILE HEX
upload()
{
    local location
    location=$(curl -sf -X POST -D - -o "$WORK/body" "$1/blobs/uploads/" |
        sed -nE 's/^[Ll]ocation: (.*)\r$/\1/p')
    curl -sf -T "$2" -H 'Expect:' -o "$WORK/body" "$location&digest=sha256:$3" ||
        bail "could not upload $2"
}

start_registry source "root=$STORE/source"
push_large source
rm "$blob"
start_registry source-tls tls "root=$STORE/source"

# ---- One run -------------------------------------------------------------------------------------

# measure LABEL COMMAND...: adds "CPU RSS WALL" to the label's file.
measure()
{
    local label=$1
    shift
    if ! /usr/bin/time -o "$WORK/time" -f '%U %S %M %e' "$@" >"$OUT" 2>"$ERR"; then
        cat "$ERR"
        bail "$label failed: $*"
    fi
    awk '{ printf "%.2f %.1f %.2f\n", $1 + $2, $3 / 1024, $4 }' "$WORK/time" \
        >>"$WORK/result.$label"
}

# A private, empty cache for skopeo, which would otherwise remember where blobs are.
fresh_skopeo()
{
    rm -rf "$WORK/skopeo"
    mkdir -p "$WORK/skopeo" "$HOME/.local/share/containers"
    if [ "$(id -u)" -eq 0 ]; then
        mkdir -p /var/lib/containers/cache
        SKOPEO=(unshare -m sh -c
            'mount --bind "$0" /var/lib/containers/cache && exec skopeo "$@"' "$WORK/skopeo")
    else
        SKOPEO=(env "XDG_DATA_HOME=$WORK/skopeo" skopeo)
    fi
}

fresh_target()
{
    stop target
    rm -rf "$STORE/target"
    start_registry target "root=$STORE/target" "$@"
}

# one_run MODE SCHEME SOURCE [tls]
one_run()
{
    local mode=$1 scheme=$2 S=${LISTEN_OF[$3]}
    shift 3
    fresh_target "$@"
    measure "$mode.bare" "$BARE" "$scheme://$S/v2/app/blobs/sha256:$hex" \
        "$scheme://${LISTEN_OF[target]}/v2/app/blobs/uploads/" "$hex" "$size" "$CERTS/ca.pem"
    fresh_target "$@"
    if [ "$mode" = tls ]; then
        measure "$mode.ocync" "$OCYNC" -q copy --src-ca-file "$CERTS/ca.pem" \
            --dest-ca-file "$CERTS/ca.pem" "$S/app:v1" "${LISTEN_OF[target]}/app:v1"
    else
        measure "$mode.ocync" "$OCYNC" -q copy "$S/app:v1" "${LISTEN_OF[target]}/app:v1"
    fi
    fresh_target "$@"
    fresh_skopeo
    measure "$mode.skopeo" env "SSL_CERT_FILE=$CERTS/ca.pem" "${SKOPEO[@]}" copy -q \
        "--src-tls-verify=$([ "$mode" = tls ] && echo true || echo false)" \
        "--dest-tls-verify=$([ "$mode" = tls ] && echo true || echo false)" \
        "docker://$S/app:v1" "docker://${LISTEN_OF[target]}/app:v1"
}

for run in $(seq "$runs"); do
    echo "# run $run of $runs"
    one_run plain http source
    one_run tls https source-tls tls
done

# ---- The table -------------------------------------------------------------------------------------

median()
{
    cut -d ' ' -f "$2" "$WORK/result.$1" | sort -n |
        awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

printf '\n%s layer of %d MiB, %d runs, storage on %s\n' "one" "$size_mib" "$runs" "$where"
printf '%-6s %-8s %8s %10s %8s %12s %12s\n' '' '' 'CPU s' 'RSS MiB' 'wall s' 'CPU / bare' \
    'CPU / skopeo'
for mode in plain tls; do
    for tool in bare ocync skopeo; do
        printf '%-6s %-8s %8.2f %10.1f %8.2f %12.2f %12.2f\n' "$mode" "$tool" \
            "$(median $mode.$tool 1)" "$(median $mode.$tool 2)" "$(median $mode.$tool 3)" \
            "$(echo "$(median $mode.$tool 1) $(median $mode.bare 1)" | awk '{ print $1 / $2 }')" \
            "$(echo "$(median $mode.$tool 1) $(median $mode.skopeo 1)" | awk '{ print $1 / $2 }')"
    done
done
ok "measured"
