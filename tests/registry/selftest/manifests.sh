# SPDX-License-Identifier: Apache-2.0
# Manifests: push, pull, what is refused, immutable tags, DELETE, the pull budget.

script '{}'
push_image man/a v1
manifest_digest=$(sha "$manifest")
is "$status $(header Docker-Content-Digest)" "201 $manifest_digest" "a manifest is pushed by tag"
like "$(header Location)" "^$url/v2/man/a/manifests/$manifest_digest\$" "Location names its digest"
req GET /v2/man/a/manifests/v1 -H "Accept: $oci_manifest"
is "$status $(header Content-Type)" "200 $oci_manifest" "it comes back with its type"
cmp -s "$body" "$manifest"
ok $? "byte for byte"
req HEAD "/v2/man/a/manifests/$manifest_digest"
is "$status $(header Content-Length)" "200 $(stat -c %s "$manifest")" "HEAD by digest"
req GET /v2/man/a/manifests/v1 -H "If-None-Match: \"$manifest_digest\""
is "$status" 304 "If-None-Match answers 304"
push_manifest man/a "$manifest_digest" "$manifest"
is "$status" 201 "push by digest"
push_manifest man/a "$(sha "$manifest" 512)" "$manifest"
is "$status $(header Docker-Content-Digest)" "201 $(sha "$manifest" 512)" "push by sha512"
push_manifest man/a "sha256:$(printf '%064d' 0)" "$manifest"
is "$status $(code)" "400 DIGEST_INVALID" "another digest is refused"
push_manifest man/a sha256:abc "$manifest"
is "$status $(code)" "400 DIGEST_INVALID" "a malformed digest is refused"
push_manifest man/a "$(printf 'x%.0s' {1..129})" "$manifest"
is "$status $(code)" "400 TAG_INVALID" "a tag of 129 characters is refused"
req GET /v2/man/a/manifests/none
is "$status $(code)" "404 MANIFEST_UNKNOWN" "a tag which is not there"

get_with() { req GET /v2/man/a/manifests/v1 -H "Accept: $1"; }
get_with "$oci_index"
is "$status $(code)" "404 MANIFEST_UNKNOWN" "manifest_accept lenient: another type is 404"
get_with '*/*'
is "$status" 200 "manifest_accept lenient: */* will do"
req GET /v2/man/a/manifests/v1 -H "Accept: $oci_index" -H "Accept: $oci_manifest"
is "$status" 200 "several Accept headers count as one list"
switches '{"manifest_accept":"strict"}'
get_with '*/*'
is "$status" 404 "manifest_accept strict: */* will not do"
switches '{"manifest_accept":"ignore"}'
get_with "$oci_index"
is "$status" 200 "manifest_accept ignore"

script '{}'
put_json() { # JSON [TYPE]
    echo "$1" > "$work/json"
    push_manifest man/a json "$work/json" "${2:-$oci_manifest}"
}
missing="\"digest\":\"sha256:$(printf '%064d' 1)\",\"size\":1"
put_json "{\"layers\":[{$missing}]}"
is "$status $(code)" "400 MANIFEST_BLOB_UNKNOWN" "a missing layer is refused"
put_json "{\"layers\":[{$missing,\"urls\":[\"http://foreign.test/x\"]}]}"
is "$status" 201 "unless it is a foreign one"
put_json "{\"manifests\":[{$missing}]}" "$oci_index"
is "$status $(code)" "400 MANIFEST_BLOB_UNKNOWN" "a missing child is refused"
put_json "{\"manifests\":[{\"digest\":\"$manifest_digest\"}]}" "$oci_index"
is "$status" 201 "an index of what is there is taken"
put_json "{\"subject\":{$missing}}"
is "$status" 201 "a missing subject is no reason to refuse"
put_json "{\"mediaType\":\"$oci_index\"}"
is "$status $(code)" "400 MANIFEST_INVALID" "mediaType must be the Content-Type"
put_json 'not json'
is "$status $(code)" "400 MANIFEST_INVALID" "it must be JSON"
put_json '[]'
is "$status $(code)" "400 MANIFEST_INVALID" "and an object"
req PUT /v2/man/a/manifests/json --data-binary '{}' -H 'Content-Type:'
is "$status $(code)" "400 MANIFEST_INVALID" "without Content-Type it is refused"
switches '{"manifest_missing_blob":"404_blob_unknown"}'
put_json "{\"layers\":[{$missing}]}"
is "$status $(code)" "404 BLOB_UNKNOWN" "manifest_missing_blob 404_blob_unknown"
switches '{"manifest_missing_blob":"accept"}'
put_json "{\"layers\":[{$missing}]}"
is "$status" 201 "manifest_missing_blob accept"
switches '{"manifest_validate":false}'
put_json 'not json'
is "$status" 201 "manifest_validate false takes anything"
switches '{"manifest_needs_media_type":true}'
put_json '{}'
is "$status" 405 "manifest_needs_media_type"
switches '{"manifest_refuse_docker":true}'
put_json '{}' application/vnd.docker.distribution.manifest.v2+json
is "$status" 415 "manifest_refuse_docker"

script '{}'
pad() { # SIZE
    printf '{"a":"%s"}' "$(head -c $(($1 - 8)) /dev/zero | tr '\0' x)" > "$work/json"
}
pad 4194304
push_manifest man/a big "$work/json"
is "$status" 201 "4 MiB is allowed"
pad 4194305
push_manifest man/a big "$work/json"
is "$status $(code)" "413 MANIFEST_INVALID" "one byte more is 413"
switches '{"manifest_max_size":100,"manifest_too_large":400}'
pad 101
push_manifest man/a big "$work/json"
is "$status" 400 "manifest_max_size, manifest_too_large 400"

switches '{"manifest_tag_param":true}'
req PUT "/v2/man/a/manifests/$manifest_digest?tag=p1&tag=p2" --data-binary "@$manifest" \
    -H "Content-Type: $oci_manifest"
is "$status $(headers OCI-Tag)" "201 2" "manifest_tag_param: two tags with one push"
req HEAD /v2/man/a/manifests/p2
is "$status" 200 "both are there"
script '{}'
req PUT "/v2/man/a/manifests/$manifest_digest?tag=p3" --data-binary "@$manifest" \
    -H "Content-Type: $oci_manifest"
is "$status $(headers OCI-Tag)" "201 0" "without the switch the parameter is ignored"

echo '{"other":1}' > "$work/other"
for word in 400_tag_invalid:TAG_INVALID 403_denied:DENIED 409_tag_immutable:TAG_IMMUTABLE \
    412_precondition:PRECONDITION 403_manifest_invalid:MANIFEST_INVALID; do
    IFS=: read -r value want_code <<< "$word"
    switches "{\"immutable_tags\":\"$value\"}"
    push_manifest man/a v1 "$work/other"
    is "$status $(code)" "${value%%_*} $want_code" "immutable_tags $value"
done
push_manifest man/a v1 "$manifest"
is "$status" 201 "the same digest again is fine"
also '{"immutable_same_digest":true}'
push_manifest man/a v1 "$manifest"
is "$status" 403 "immutable_same_digest refuses even that"

switches '{"fallback_tag":"alias"}'
req GET "/v2/man/a/manifests/${manifest_digest/:/-}"
is "$status $(header Docker-Content-Digest)" "200 $manifest_digest" "fallback_tag alias: the tag sha256-X is the digest"
script '{}'
req GET "/v2/man/a/manifests/${manifest_digest/:/-}"
is "$status" 404 "fallback_tag normal: it is a tag like any other"

for value in 405 400; do
    switches "{\"delete_manifest\":$value}"
    req DELETE "/v2/man/a/manifests/$manifest_digest"
    is "$status" $value "delete_manifest $value"
    switches "{\"delete_tag\":$value}"
    req DELETE /v2/man/a/manifests/p1
    is "$status" $value "delete_tag $value"
done
script '{}'
req DELETE /v2/man/a/manifests/p1
is "$status" 202 "DELETE of a tag"
req HEAD /v2/man/a/manifests/p1
is "$status" 404 "removes it"
req DELETE "/v2/man/a/manifests/$manifest_digest"
is "$status" 202 "DELETE by digest"
req HEAD /v2/man/a/manifests/v1
is "$status" 404 "removes the tags, too"
req DELETE "/v2/man/a/manifests/$manifest_digest"
is "$status $(code)" "404 MANIFEST_UNKNOWN" "once"

push_image man/b v1
switches '{"rate_limit":2,"rate_window_ms":21600000}'
req GET /v2/man/b/manifests/v1
is "$(header ratelimit-limit) $(header ratelimit-remaining)" "2;w=21600 1;w=21600" "rate_limit announces the budget"
req HEAD /v2/man/b/manifests/v1
is "$status $(header ratelimit-remaining)" "200 1;w=21600" "HEAD costs nothing"
req GET /v2/man/b/manifests/v1
req GET /v2/man/b/manifests/v1
is "$status $(code)" "429 TOOMANYREQUESTS" "and then it is 429"
switches '{"rate_limit":1,"rate_window_ms":1}'
req GET /v2/man/b/manifests/v1
req GET /v2/man/b/manifests/v1
is "$status" 200 "rate_window_ms: a new window, a new budget"
