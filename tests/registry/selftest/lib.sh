# SPDX-License-Identifier: Apache-2.0
# What all subjects of the self test use. TAP on stdout; nothing here sleeps: a registry is ready
# when it has printed its URLs, and a request is logged when its client has its answer.

registry=${SCRIPTED_REGISTRY:-./tests/registry/ocync-scripted-registry}
work=$(mktemp -d)
count=0
failures=0
pids=()

finish() {
    local pid status
    for pid in "${pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null
        wait "$pid"
        status=$?
        is "$status" 0 "a registry ends cleanly on SIGTERM"
    done
    pids=()
    echo "1..$count"
    exit $((failures > 0))
}

# Whatever happens, no registry stays behind.
cleanup() {
    local pid
    for pid in "${pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap cleanup EXIT

note() { echo "# $*"; }

# A registry which hangs where it should not is a failure, and not a test which never ends.
curl_program=$(type -P curl)
curl() { "$curl_program" --max-time 30 "$@"; }

ok() { # STATUS TEXT
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $count - $2"
    else
        failures=$((failures + 1))
        echo "not ok $count - $2"
    fi
}

is() { # GOT WANTED TEXT
    local same=1
    [ "$1" = "$2" ] && same=0
    ok $same "$3"
    [ $same -eq 0 ] || printf '#   got: %s\n#   wanted: %s\n' "$1" "$2"
}

like() { # GOT REGEX TEXT
    local same=1
    [[ $1 =~ $2 ]] && same=0
    ok $same "$3"
    [ $same -eq 0 ] || printf '#   got: %s\n#   wanted: %s\n' "$1" "$2"
}

at_least() { # NUMBER MINIMUM TEXT
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }'
    ok $? "$3 ($1)"
}

# Starts a registry; sets urls (one for each listener), url (the first) and pid.
start() { # OPTION...
    local listeners=0 option line
    for option in "$@"; do
        [[ $option == --listen* ]] && listeners=$((listeners + 1))
    done
    rm -f "$work/urls"
    mkfifo "$work/urls"
    "$registry" "$@" > "$work/urls" &
    pid=$!
    pids+=("$pid")
    urls=()
    exec 9< "$work/urls"
    while [ ${#urls[@]} -lt "$listeners" ] && read -r line <&9; do
        urls+=("$line")
    done
    exec 9<&-
    url=${urls[0]}
}

# One request; sets status, rc (of curl), and the files $head and $body.
head=$work/head
body=$work/body
req() { # METHOD URL-OR-PATH [CURL-OPTION...]
    local method=$1 target=$2
    shift 2
    [[ $target == http* ]] || target=$url$target
    local how=(-X "$method")
    [ "$method" = HEAD ] && how=(-I)
    : > "$body"
    status=$(curl -s "${how[@]}" -D "$head" -o "$body" -w '%{http_code}' "$@" "$target")
    rc=$?
}

# The last value of a header of the last answer.
header() { # NAME
    tr -d '\r' < "$head" | awk -v name="$1" \
        'tolower($0) ~ "^" tolower(name) ":" { sub(/^[^:]*: ?/, ""); v = $0 } END { print v }'
}

headers() { # NAME
    tr -d '\r' < "$head" | grep -ic "^$1:"
}

code() { jq -r '.errors[0].code' < "$body"; }

admin() { # METHOD PATH [DATA]
    curl -sf -X "$1" "$url$2" ${3:+--data-binary "$3"}
}

# Everything back to the defaults, but for what the script says; the log starts anew.
script() { # JSON
    admin PUT /_script "$1" || ok 1 "script accepted: $1"
    admin DELETE /_log
}
switches() { script "{\"switches\":$1}"; }
also() { admin PATCH /_script "{\"switches\":$1}" || ok 1 "switches accepted: $1"; }
faults() { script "{\"faults\":[$1]}"; }

log() { # JQ-FILTER, over the array of all entries by sequence number
    admin GET /_log | jq -sr "sort_by(.seq) | $1"
}
state() { admin GET /_state | jq -r "$1"; }

sha() { # FILE [256|512]
    echo "sha${2:-256}:$("sha${2:-256}sum" "$1" | cut -d' ' -f1)"
}

# Opens an upload; sets location.
open_upload() { # REPOSITORY
    req POST "/v2/$1/blobs/uploads/"
    location=$(header Location)
}

push_blob() { # REPOSITORY FILE [DIGEST]
    open_upload "$1"
    req PUT "$location&digest=${3:-$(sha "$2")}" --data-binary "@$2" \
        -H 'Content-Type: application/octet-stream'
}

oci_manifest=application/vnd.oci.image.manifest.v1+json
oci_index=application/vnd.oci.image.index.v1+json

push_manifest() { # REPOSITORY REFERENCE FILE [TYPE]
    req PUT "/v2/$1/manifests/$2" --data-binary "@$3" -H "Content-Type: ${4:-$oci_manifest}"
}

# An image of one config and one layer; the files are $config, $layer and $manifest.
make_image() { # SEED [MORE-JSON-MEMBERS]
    config=$work/config-$1
    layer=$work/layer-$1
    manifest=$work/manifest-$1
    echo "{\"seed\":\"$1\"}" > "$config"
    head -c 5000 /dev/urandom > "$layer"
    cat > "$manifest" <<END
{"schemaVersion":2,"mediaType":"$oci_manifest",
"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"$(sha "$config")","size":$(stat -c %s "$config")},
"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"$(sha "$layer")","size":5000}]${2:-}}
END
}

push_image() { # REPOSITORY TAG [MORE-JSON-MEMBERS]
    make_image "$2" "${3:-}"
    push_blob "$1" "$config"
    push_blob "$1" "$layer"
    push_manifest "$1" "$2" "$manifest"
}

# The image of make_image as an OCI layout.
make_layout() { # FOLDER TAG
    local file
    make_image "$2"
    mkdir -p "$1/blobs/sha256"
    for file in "$config" "$layer" "$manifest"; do
        cp "$file" "$1/blobs/sha256/$(sha256sum "$file" | cut -d' ' -f1)"
    done
    echo '{"imageLayoutVersion":"1.0.0"}' > "$1/oci-layout"
    cat > "$1/index.json" <<END
{"schemaVersion":2,"manifests":[{"mediaType":"$oci_manifest","digest":"$(sha "$manifest")",
"size":$(stat -c %s "$manifest"),"annotations":{"org.opencontainers.image.ref.name":"$2"}}]}
END
}

challenge() { header WWW-Authenticate; }

users='"users":[
 {"name":"alice","password":"s3cret","refresh_token":"rt-alice","rights":{"team/*":"pull,push","team/del":"*"}},
 {"name":"bob","password":"hunter2","rights":{"team/a":"pull"}},
 {"name":"","rights":{"public/*":"pull"}}]'
with_auth() { # SWITCHES
    script "{$users,\"switches\":$1}"
}

get_token() { # SCOPE... ; -- CURL-OPTION...
    local query=
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        query+="&scope=$1"
        shift
    done
    [ $# -gt 0 ] && shift
    req GET "/token?service=scripted-registry$query" "$@"
    token=$(jq -r '.token // .access_token' "$body")
}
bearer() { # METHOD PATH [CURL-OPTION...]
    req "$@" -H "Authorization: Bearer $token"
}

blob=$work/blob
head -c 100000 /dev/urandom > "$blob"
digest=$(sha "$blob")

start --listen 127.0.0.1:0 --listen 127.0.0.1:0 --port-file "$work/ports" --log "$work/log"
main_urls=("${urls[@]}")
use_main() {
    urls=("${main_urls[@]}")
    url=${urls[0]}
}
