# SPDX-License-Identifier: Apache-2.0
# An independent client: skopeo pushes an image and pulls it back.

# skopeo keeps a cache of which blobs are where; a private one makes runs equal.
export HOME=$work/home XDG_RUNTIME_DIR=$work/run
mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
make_layout "$work/skopeo" v1
host=${url#http://}
sk() { skopeo --insecure-policy copy --quiet --src-tls-verify=false --dest-tls-verify=false "$@"; }
pulls_back() { # IMAGE TEXT
    rm -rf "$work/back"
    sk "docker://$host/$1" "dir:$work/back" && cmp -s "$work/back/manifest.json" "$manifest" &&
        cmp -s "$work/back/$(sha256sum "$layer" | cut -d' ' -f1)" "$layer"
    ok $? "$2"
}

# A layer of random bytes is no archive, so keep skopeo from compressing it.
push() { sk --preserve-digests "oci:$work/skopeo:v1" "docker://$host/$1"; }
script '{}'
push skopeo/a:v1
ok $? "skopeo pushes"
pulls_back skopeo/a:v1 "and pulls the same back"
sk "docker://$host/skopeo/a:v1" "docker://$host/skopeo/b:v1"
ok $? "skopeo copies between repositories"
is "$(log '[.[] | select(.target | test("mount=")) | .status] | unique | join(" ")')" 201 "with mounts"
pulls_back skopeo/b:v1 "and the copy is complete"
[ "$(skopeo list-tags --tls-verify=false "docker://$host/skopeo/a" | jq -c .Tags)" = '["v1"]' ]
ok $? "skopeo lists tags"
skopeo delete --tls-verify=false "docker://$host/skopeo/b:v1"
ok $? "skopeo deletes"

with_auth '{"auth":"bearer"}'
sk --preserve-digests --dest-creds alice:s3cret "oci:$work/skopeo:v1" "docker://$host/team/sk:v1"
ok $? "skopeo pushes with a token"
sk --src-creds bob:hunter2 "docker://$host/team/sk:v1" "dir:$work/none" 2> /dev/null
is "$?" 1 "without the right it cannot pull"
with_auth '{"auth":"basic"}'
sk --preserve-digests --dest-creds alice:s3cret "oci:$work/skopeo:v1" "docker://$host/team/basic:v1"
ok $? "skopeo pushes with Basic"
switches '{"blob_redirect":"other_host","upload_location":"relative"}'
push skopeo/c:v1
pulls_back skopeo/c:v1 "skopeo follows redirects and relative Locations"
script '{}'
