# SPDX-License-Identifier: Apache-2.0
# Uploads in all their ways, and mounts.

script '{}'
patch() { # FIRST LAST [CURL-OPTION...]: bytes of the blob, with Content-Range; moves location on
    local first=$1 last=$2 next
    shift 2
    req PATCH "$location" -H "Content-Range: $first-$last" -H 'Expect:' "$@" \
        --data-binary "@-" < <(tail -c +$((first + 1)) "$blob" | head -c $((last - first + 1)))
    next=$(header Location)
    [ -n "$next" ] && location=$next
}
put() { # [CURL-OPTION...]
    req PUT "$location&digest=$digest" "$@"
}

open_upload up/a
is "$status $(header Range)" "202 0-0" "POST opens an upload, Range 0-0"
like "$location" "^$url/v2/up/a/blobs/uploads/[0-9a-f]+\?_state=" "Location is absolute, with _state"
patch 0 49999
is "$status $(header Range)" "202 0-49999" "PATCH with Content-Range"
first_location=$location
patch 90000 99999
is "$status $(header Range)" "416 0-49999" "PATCH out of order is 416 and says where it stands"
req GET "$location"
is "$status $(header Range)" "204 0-49999" "status answers 204"
location=$(header Location)
patch 50000 99999
put
is "$status $(header Docker-Content-Digest)" "201 $digest" "closing PUT without a body"
req HEAD "/v2/up/a/blobs/$digest"
is "$status" 200 "the blob is there"
req GET "$first_location"
is "$status $(code)" "404 BLOB_UPLOAD_UNKNOWN" "the session is gone"

open_upload up/b
req PUT "${location}&digest=${digest/:/%3A}" --data-binary "@$blob"
is "$status" 201 "an encoded digest is understood"
open_upload up/b
req PATCH "$location" -H 'Transfer-Encoding: chunked' -T "$blob"
is "$status $(header Range)" "202 0-99999" "one streamed PATCH without a length"
location=$(header Location)
put
is "$status" 201 "and its PUT"
open_upload up/b
patch 0 59999
put -H 'Content-Range: 60000-99999' --data-binary @- < <(tail -c 40000 "$blob")
is "$status" 201 "the last chunk may come with the PUT"
open_upload up/b
req PUT "$location&digest=sha256:$(printf '%064d' 0)" --data-binary "@$blob"
is "$status $(code)" "400 DIGEST_INVALID" "a wrong digest is refused"
req GET "$location"
is "$status" 404 "and ends the session"

open_upload up/b
stale=$location
patch 0 9
req GET "$stale"
is "$status $(code)" "404 BLOB_UPLOAD_INVALID" "an old _state is refused (upload_stale 404)"
req GET "$location"
is "$status" 404 "and cancels the session"
switches '{"upload_stale":416}'
open_upload up/b
stale=$location
patch 0 9
req PATCH "$stale" --data-binary x
is "$status $(code)" "416 RANGE_INVALID" "upload_stale 416"
req GET "$location"
is "$status" 204 "keeps the session"
switches '{"upload_state":"check_writes"}'
open_upload up/b
stale=$location
patch 0 9
req GET "$stale"
is "$status" 204 "upload_state check_writes: status by an old URL"
req PATCH "$stale" --data-binary x
is "$status" 404 "but no write"
switches '{"upload_state":"none"}'
open_upload up/b
unset 'stale'
is "${location#*\?}" "$location" "upload_state none: no query"
req PATCH "$location" --data-binary x
is "$status" 202 "and nothing to check"

switches '{"upload_location":"relative"}'
open_upload up/c
like "$location" '^/v2/up/c/blobs/uploads/' "upload_location relative"
put --data-binary "@$blob"
is "$status $(header Location)" "201 /v2/up/c/blobs/$digest" "also of the blob"
switches '{"upload_location":"http"}'
open_upload up/c
like "$location" "^http://127" "upload_location http"
switches '{"upload_location":"long"}'
open_upload up/c
at_least ${#location} 2100 "upload_location long"
put --data-binary "@$blob"
is "$status" 201 "can be used"
switches '{"upload_location":"other_host"}'
open_upload up/d
like "$location" "^${urls[1]}/upload/up/d/" "upload_location other_host"
put --data-binary "@$blob" -H 'Authorization: Bearer x'
is "$status" 400 "refuses an Authorization"
patch 0 99999
like "$status $location" "^202 ${urls[1]}/upload/" "goes on there"
put
is "$status" 201 "and ends there"
switches '{"upload_location":"other_host","upload_location_base":"http://elsewhere.test"}'
open_upload up/d
like "$location" '^http://elsewhere.test/upload/' "upload_location_base"

switches '{"upload_range":"bytes"}'
open_upload up/e
is "$(header Range)" "bytes=0--1" "upload_range bytes, when empty"
patch 0 9
is "$(header Range)" "bytes=0-9" "upload_range bytes"
switches '{"upload_range":"absent"}'
open_upload up/e
is "$(headers Range)" 0 "upload_range absent"
switches '{"upload_range":"stuck"}'
open_upload up/e
patch 0 9
patch 10 29
is "$status $(header Range)" "202 0-9" "upload_range stuck at the first chunk"
switches '{"upload_range":"last_chunk"}'
open_upload up/e
patch 0 9
patch 10 29
is "$status $(header Range)" "202 0-19" "upload_range last_chunk"

script '{}'
open_upload up/f
req PATCH "$location" -H 'Content-Range: bytes 0-9/*' --data-binary 0123456789
is "$status $(code)" "400 BLOB_UPLOAD_INVALID" "the Content-Range of HTTP itself is refused"
req PATCH "$location" -H 'Content-Range: 0-99' --data-binary 0123456789
is "$status" 416 "a Content-Range longer than the body is refused"
switches '{"content_range":"ignore"}'
open_upload up/f
patch 500 509
is "$status $(header Range)" "202 0-9" "content_range ignore appends"
switches '{"content_range":"overwrite"}'
open_upload up/f
patch 0 49999
patch 50000 59999
is "$status $(header Range)" "202 0-9999" "content_range overwrite forgets what was there"
switches '{"patch_status":201}'
open_upload up/f
patch 0 9
is "$status" 201 "patch_status 201"
switches '{"patch_status":204}'
open_upload up/f
patch 0 9
is "$status" 204 "patch_status 204"

switches '{"upload_min_chunk":1000}'
open_upload up/g
is "$(header OCI-Chunk-Min-Length)" 1000 "upload_min_chunk is announced"
patch 0 99
patch 100 5000
is "$status" 400 "and a small chunk which was not the last is refused"
switches '{"upload_max_chunk":1000}'
open_upload up/g
patch 0 4999
is "$status" 416 "upload_max_chunk refuses a chunk"
open_upload up/g
req PATCH "$location" --data-binary "@$blob"
is "$status" 202 "but no stream without Content-Range"
switches '{"upload_max_put":1000}'
open_upload up/g
put --data-binary "@$blob"
is "$status" 413 "upload_max_put"
is "$(log '.[-1].received')" 0 "before the body is read"
switches '{"upload_max_patch":1000}'
open_upload up/g
req PATCH "$location" --data-binary "@$blob"
is "$status" 413 "upload_max_patch"
is "$(log '.[-1].received')" 0 "before the body is read"
patch 0 999
is "$status" 202 "and takes a smaller one"
switches '{"upload_empty_put":500}'
open_upload up/g
patch 0 99999
put
is "$status" 500 "upload_empty_put 500"
switches '{"upload_needs_length":true}'
open_upload up/g
req PUT "$location&digest=$digest" -H 'Transfer-Encoding: chunked' -T "$blob"
is "$status $(code)" "400 DIGEST_INVALID" "upload_needs_length: a chunked PUT has no body"

script '{}'
req POST "/v2/up/h/blobs/uploads/?digest=$digest" --data-binary "@$blob"
is "$status $(header Docker-Content-Digest)" "201 $digest" "single POST"
switches '{"single_post":"ignore"}'
req POST "/v2/up/i/blobs/uploads/?digest=$digest" --data-binary "@$blob"
is "$status" 202 "single_post ignore: 202"
location=$(header Location)
put
is "$status" 400 "and the body is not stored"

script '{}'
open_upload up/j
req DELETE "$location"
is "$status" 204 "cancel answers 204"
req GET "$location"
is "$status" 404 "and the session is gone"
for value in 202 405; do
    switches "{\"upload_cancel\":$value}"
    open_upload up/j
    req DELETE "$location"
    is "$status" $value "upload_cancel $value"
done

cut='"faults":[{"match":{"method":"PATCH"},"action":{"reset_request_after_bytes":12345}}]'
script "{$cut}"
open_upload up/k
patch 0 99999
is "$(log '.[-1].received')" 12345 "an upload breaks off after exactly 12345 bytes"
req GET "$location"
is "$status $(header Range)" "204 0-12344" "upload_resume keep: it can go on"
location=$(header Location)
patch 12345 99999
put
is "$status" 201 "to the end"
script "{\"switches\":{\"upload_resume\":\"lose\"},$cut}"
open_upload up/k
patch 0 99999
req GET "$location"
is "$status $(code)" "404 BLOB_UPLOAD_INVALID" "upload_resume lose: it cannot"

mount() { # REPOSITORY FROM
    req POST "/v2/$1/blobs/uploads/?mount=$digest${2:+&from=$2}"
}
script '{}'
push_image up/source tagged
push_blob up/source "$blob"
mount up/m1 up/source
is "$status $(header Docker-Content-Digest)" "201 $digest" "mount 201"
req GET "/v2/up/m1/blobs/$digest"
cmp -s "$body" "$blob"
ok $? "the blob is in the other repository"
mount up/m1 up/nowhere
is "$status" 202 "mount from nowhere becomes an upload"
mount up/m2
is "$status" 202 "mount without from becomes an upload"
mount up/m1 up/m1
is "$status" 201 "mount from itself (mount_self)"
switches '{"mount_self":false}'
mount up/m1 up/m1
is "$status" 202 "mount_self false"
switches '{"mount_without_from":"anywhere"}'
mount up/m3
is "$status" 201 "mount_without_from anywhere"
switches '{"mount":"202"}'
mount up/m4 up/source
like "$status $(header Location)" "^202 .*/uploads/" "mount 202"
switches '{"mount":"if_referenced"}'
mount up/m4 up/source
is "$status" 202 "mount if_referenced: no manifest names the blob"
req POST "/v2/up/m4/blobs/uploads/?mount=$(sha "$layer")&from=up/source"
is "$status" 201 "mount if_referenced: a manifest names it"
switches '{"mount":"405"}'
mount up/m5 up/source
is "$status" 405 "mount 405"
switches '{"mount":"401"}'
mount up/m5 up/source
is "$status" 401 "mount 401"
