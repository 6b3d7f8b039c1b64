# SPDX-License-Identifier: Apache-2.0
# Blobs: GET, HEAD, ranges, redirects to storage, DELETE.

script '{}'
push_blob blobs/a "$blob"
is "$status $(header Docker-Content-Digest)" "201 $digest" "a blob is pushed"
req GET "/v2/blobs/a/blobs/$digest"
cmp -s "$body" "$blob"
ok $? "and comes back byte for byte"
is "$(header ETag)$(header Accept-Ranges)" "\"$digest\"bytes" "with ETag and Accept-Ranges"
req GET "/v2/blobs/a/blobs/$digest" -H "If-None-Match: \"$digest\""
is "$status" 304 "If-None-Match answers 304"
req HEAD "/v2/blobs/a/blobs/$digest"
is "$status $(header Content-Length)" "200 100000" "HEAD tells the length"
req HEAD "/v2/blobs/b/blobs/$digest"
is "$status" 404 "another repository has no such blob"
req GET "/v2/blobs/b/blobs/$digest"
is "$status $(code)" "404 NAME_UNKNOWN" "missing_repo 404_name_unknown (default)"
req GET "/v2/blobs/a/blobs/sha256:$(printf '%064d' 0)"
is "$status $(code)" "404 BLOB_UNKNOWN" "a blob which is not there"
req GET "/v2/blobs/a/blobs/sha256:abc"
is "$status $(code)" "400 DIGEST_INVALID" "a digest which is none"

sha512=$(sha "$blob" 512)
push_blob blobs/a "$blob" "$sha512"
is "$status" 201 "sha512 is pushed"
req HEAD "/v2/blobs/a/blobs/$sha512"
is "$status $(header Docker-Content-Digest)" "200 $sha512" "and found"
: > "$work/empty"
push_blob blobs/a "$work/empty"
req GET "/v2/blobs/a/blobs/$(sha "$work/empty")"
is "$status $(header Content-Length)" "200 0" "an empty blob works"

range() { # RANGE STATUS CONTENT-RANGE FIRST LENGTH TEXT
    req GET "/v2/blobs/a/blobs/$digest" -H "Range: $1"
    is "$status $(header Content-Range)" "$2 $3" "$6"
    [ "$2" = 206 ] || return
    cmp -s "$body" <(tail -c +$(($4 + 1)) "$blob" | head -c "$5")
    ok $? "$6: the bytes"
}
range bytes=100-199 206 "bytes 100-199/100000" 100 100 "range a-b"
range bytes=99000- 206 "bytes 99000-99999/100000" 99000 1000 "range a-"
range bytes=-500 206 "bytes 99500-99999/100000" 99500 500 "range -n"
range bytes=99999-200000 206 "bytes 99999-99999/100000" 99999 1 "range beyond the end is clamped"
range bytes=100000- 416 "bytes */100000" 0 0 "range behind the end"
range bytes=500-0 416 "bytes */100000" 0 0 "range backwards"
range bytes=0-1,5-6 200 "" 0 0 "several ranges are ignored"
range lines=1-2 200 "" 0 0 "another unit is ignored"

switches '{"range":"ignore"}'
range bytes=100-199 200 "" 0 0 "range ignore: 200 with everything"
switches '{"range":"416_full_length"}'
req GET "/v2/blobs/a/blobs/$digest" -H 'Range: bytes=100000-'
is "$status $(header Content-Length) $rc" "416 100000 18" "range 416_full_length lies about the length"

for word in 404_manifest_unknown:404:MANIFEST_UNKNOWN 401:401:UNAUTHORIZED 403:403:DENIED; do
    IFS=: read -r value want_status want_code <<< "$word"
    switches "{\"missing_repo\":\"$value\"}"
    req GET "/v2/blobs/none/blobs/$digest"
    is "$status $(code)" "$want_status $want_code" "missing_repo $value"
done
switches '{"create":"must_exist"}'
req POST /v2/blobs/none/blobs/uploads/
is "$status $(code)" "404 NAME_UNKNOWN" "create must_exist refuses an upload"
req PUT /v2/blobs/none/manifests/v1 -H "Content-Type: $oci_manifest" --data-binary '{}'
is "$status $(code)" "404 NAME_UNKNOWN" "create must_exist refuses a manifest"

switches '{"blob_redirect":"same_host"}'
req GET "/v2/blobs/a/blobs/$digest"
storage=$(header Location)
is "$status" 307 "blob_redirect same_host"
like "$storage" "^/storage/blobs/a/$digest\?X-Amz-" "with a relative, signed URL"
req GET "$storage" -H 'Range: bytes=10-19'
is "$status" 206 "storage serves it, with ranges"
req GET "$storage" -H 'Authorization: Bearer x'
is "$status" 400 "storage refuses an Authorization"
like "$(cat "$body")" InvalidArgument "in the words of S3"
req HEAD "$storage"
is "$status" 403 "the signature is for one method"
req GET "${storage%?}0"
like "$status $(cat "$body")" "403.*SignatureDoesNotMatch" "a wrong signature is refused"
req HEAD "/v2/blobs/a/blobs/$digest"
is "$status" 200 "HEAD is not redirected"
admin POST /_expire
req GET "$storage"
like "$status $(cat "$body")" "403.*Request has expired" "POST /_expire ends storage URLs"
switches '{"blob_redirect":"other_host","blob_redirect_head":true,"blob_redirect_status":302}'
req GET "/v2/blobs/a/blobs/$digest"
like "$status $(header Location)" "^302 ${urls[1]}/storage/" "blob_redirect other_host, status 302"
req HEAD "/v2/blobs/a/blobs/$digest"
is "$status" 302 "blob_redirect_head"
switches '{"blob_redirect":"other_host","blob_redirect_base":"http://elsewhere.test"}'
req GET "/v2/blobs/a/blobs/$digest"
like "$(header Location)" "^http://elsewhere.test/storage/" "blob_redirect_base"
switches '{"blob_redirect":"same_host","blob_redirect_lifetime":0}'
req GET "/v2/blobs/a/blobs/$digest"
req GET "$(header Location)"
is "$status" 403 "blob_redirect_lifetime 0: expired at once"

for value in 405 400; do
    switches "{\"delete_blob\":$value}"
    req DELETE "/v2/blobs/a/blobs/$digest"
    is "$status" "$value" "delete_blob $value"
done
script '{}'
req DELETE "/v2/blobs/a/blobs/$digest"
is "$status" 202 "DELETE removes a blob"
req HEAD "/v2/blobs/a/blobs/$digest"
is "$status" 404 "and it is gone"
