# SPDX-License-Identifier: Apache-2.0
# Every fault verb, as curl sees it.

script '{}'
push_image fault/a v1
push_blob fault/a "$blob"
path=/v2/fault/a/blobs/$digest
fault() { # MATCH-MEMBERS ACTION-MEMBERS
    faults "{\"match\":{$1},\"action\":{$2}}"
}
on_blob='"method":"GET","path":"/blobs/sha256"'
get() { req GET "$path" "$@"; }
size() { stat -c %s "$body"; }

# Which requests a fault hits.
fault "$on_blob,\"nth\":2,\"count\":2" '"status":503'
got=
for _ in 1 2 3 4; do
    get
    got+="$status "
done
is "$got" "200 503 503 200 " "nth and count"
is "$(state '.faults[0] | "\(.seen) \(.fired)"')" "4 2" "GET /_state tells how often it matched and fired"
fault "$on_blob,\"count\":0" '"status":503'
get
get
is "$status" 503 "count 0 is for ever"
req HEAD "$path"
is "$status" 200 "another method is not hit"
req GET /v2/fault/a/tags/list
is "$status" 200 "another path is not hit"
fault '"path":"[?&]n=7$","count":0' '"status":418'
req GET '/v2/fault/a/tags/list?n=7'
is "$status" 418 "the path is a regular expression over path and query"
fault '"header":{"Range":"^bytes=5","Authorization":null},"count":0' '"status":418'
get -H 'Range: bytes=5-'
is "$status" 418 "a header must match"
get -H 'Range: bytes=6-'
is "$status" 206 "or it is not hit"
get -H 'Range: bytes=5-' -H 'Authorization: x'
is "$status" 206 "null: the header must be absent"
fault '"listener":1,"count":0' '"status":418'
get
got=$status
req GET "${urls[1]}/v2/"
is "$got $status" "200 418" "listener"
fault "$on_blob" '"status":503'
admin POST /_faults "{\"match\":{$on_blob,\"nth\":2},\"action\":{\"status\":502}}"
get
got=$status
get
is "$got $status" "503 502" "POST /_faults appends"
is "$(admin GET /_faults | jq length)" 2 "GET /_faults lists"
admin DELETE /_faults
get
is "$status" 200 "DELETE /_faults ends them"

# Answers instead of the real one.
fault "$on_blob" '"status":429,"headers":{"Retry-After":"7","X-Two":["a","b"]}'
get
is "$status $(code) $(header Retry-After) $(headers X-Two)" "429 TOOMANYREQUESTS 7 2" \
    "status with headers, and a body which fits"
fault "$on_blob" '"status":403,"body":"slow down"'
get
is "$(header Content-Type) $(cat "$body")" "text/plain; charset=utf-8 slow down" "body as text"
fault "$on_blob" '"status":400,"body":{"errors":[{"code":"X"}]}'
get
is "$(header Content-Type) $(code)" "application/json X" "body as JSON"
fault "$on_blob" '"status":307,"headers":{"Location":"http://elsewhere.test{target}"}'
get
is "$status $(header Location)" "307 http://elsewhere.test$path" "a redirect with {target}"
fault "$on_blob" '"status":500,"wrong_body":"oops"'
get
is "$status $(cat "$body")" "500 oops" "verbs add up"
fault '"method":"PUT"' '"status":201'
push_blob fault/none "$blob"
req HEAD "/v2/fault/none/blobs/$digest"
is "$status" 404 "status: the request is not performed"
fault '"method":"PUT"' '"status":202,"perform":true,"headers":{"X-More":"1"}'
push_blob fault/done "$blob"
is "$status $(header X-More)" "202 1" "perform: it is, and the status changed"
req HEAD "/v2/fault/done/blobs/$digest"
is "$status" 200 "perform: the blob is there"
fault '"path":"manifests/v1"' '"headers":{"Warning":"299 - \"old\"","Docker-Content-Digest":[]}'
req GET /v2/fault/a/manifests/v1
is "$status $(header Warning) $(headers Docker-Content-Digest)" '200 299 - "old" 0' \
    "headers alone are added to the real answer; [] drops one"
fault '"method":"PUT"' '"status":413,"early":true'
push_blob fault/none "$blob"
is "$status $(log '.[-1].received')" "413 0" "early: before the body is read"
fault '"method":"PUT"' '"status":413'
push_blob fault/none "$blob"
is "$status $(log '.[-1].received')" "413 100000" "otherwise after it"

# Answers which lie.
fault "$on_blob" '"wrong_body":"something else"'
get
is "$status $(cat "$body") $(header Docker-Content-Digest)" "200 something else $digest" "wrong_body"
fault "$on_blob" '"corrupt_at":5000'
get
is "$(cmp -l "$body" "$blob" | awk '{ print $1 }')" 5001 "corrupt_at flips one byte"
fault "$on_blob" '"wrong_digest_header":"sha256:0"'
get
is "$(header Docker-Content-Digest)" sha256:0 "wrong_digest_header"
fault "$on_blob" '"no_digest_header":true'
get
is "$status $(headers Docker-Content-Digest)" "200 0" "no_digest_header"
fault "$on_blob" '"ignore_range":true'
get -H 'Range: bytes=100-'
is "$status $(size)" "200 100000" "ignore_range"
fault "$on_blob" '"lie_content_length":10'
get
is "$rc $(header Content-Length) $(size)" "18 100010 100000" "lie_content_length +10: the body ends early"
fault "$on_blob" '"lie_content_length":-10'
get
is "$rc $(header Content-Length) $(size)" "0 99990 99990" "lie_content_length -10: the body is cut"
fault '"method":"HEAD"' '"lie_content_length":1'
req HEAD "$path"
is "$(header Content-Length)" 100001 "lie_content_length on HEAD"
fault "$on_blob" '"no_content_length":"close"'
get
is "$rc $(headers Content-Length) $(headers Transfer-Encoding) $(size)" "0 0 0 100000" "no_content_length close"
fault "$on_blob" '"no_content_length":"chunked"'
get
is "$rc $(headers Content-Length) $(header Transfer-Encoding) $(size)" "0 0 chunked 100000" \
    "no_content_length chunked"
cmp -s "$body" "$blob"
ok $? "and the bytes are right"

# Connections which end.
fault "$on_blob" '"cut_after_bytes":12345'
get
is "$rc $(size)" "18 12345" "cut_after_bytes: FIN after exactly so many"
is "$(log '.[-1] | "\(.sent) \(.end)"')" "12345 cut" "as the log says"
fault "$on_blob" '"cut_after_bytes":12345,"reset":true'
get
is "$rc $(size)" "56 12345" "cut_after_bytes with reset: RST after exactly so many"
fault "$on_blob" '"cut_after_bytes":0'
get
is "$rc $status $(size)" "18 200 0" "cut_after_bytes 0: the head alone"
fault "$on_blob" '"no_content_length":"chunked","cut_after_bytes":1000'
get
is "$rc" 18 "a chunked body can be cut, too"
fault '"method":"PUT"' '"lose_answer":true'
push_blob fault/lost "$blob"
is "$rc $(log '.[-1].end')" "52 lost" "lose_answer: nothing comes back"
req HEAD "/v2/fault/lost/blobs/$digest"
is "$status" 200 "lose_answer: but it was done"
fault '"method":"PUT"' '"lose_answer":true,"reset":true'
push_blob fault/lost "$blob"
is "$rc" 56 "lose_answer with reset"
fault '"method":"PUT"' '"reset_request_after_bytes":54321'
push_blob fault/broken "$blob"
[ "$rc" = 55 ] || [ "$rc" = 56 ]
ok $? "reset_request_after_bytes: curl cannot send, or not receive ($rc)"
is "$(log '.[-1] | "\(.received) \(.status) \(.end)"')" "54321 0 server_closed" "after exactly so many"
is "$(state '.uploads[] | select(.repository == "fault/broken") | .size')" 54321 "which the upload has"
fault "$on_blob" '"raw":"SMTP ready\r\n\r\n"'
get
is "$rc $(log '.[-1].end')" "1 raw" "raw: no HTTP at all"
fault "$on_blob" '"raw":"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"'
get
is "$rc $(cat "$body")" "0 abc" "raw: any answer, byte for byte"
fault "$on_blob" '"close_on_reuse":true'
curl -s -o /dev/null -o /dev/null "$url$path" "$url$path"
ok $? "close_on_reuse: curl tries again on a new connection"
is "$(log '[.[] | "\(.conn_request) \(.end)"] | join(", ")')" \
    "1 complete, 2 server_closed, 1 complete" "close_on_reuse: only on a used connection"
faults '{"match":{"listener":1,"count":0},"action":{"refuse":true}}'
curl -s "${urls[1]}/v2/" > /dev/null
rc=$?
[[ $rc =~ ^(7|55|56)$ ]] # when connecting, sending or receiving
ok $? "refuse: the connection is reset at once ($rc)"

# Time. Lower bounds only: the machine may be slow, but never fast.
timed() { # CURL-OPTION...: seconds until the answer is complete
    curl -s -o "$body" -w '%{time_total}' "$@" "$url$path"
}
fault "$on_blob" '"delay_ms":150'
at_least "$(timed)" 0.15 "delay_ms: the answer waits"
fault "$on_blob" '"drip_bytes":20000,"drip_interval_ms":40'
at_least "$(timed)" 0.16 "drip_bytes: five pieces, four waits"
cmp -s "$body" "$blob"
ok $? "drip_bytes: the bytes are right"
fault "$on_blob" '"stall_after_bytes":777'
timed --max-time 0.3 > /dev/null
is "$(size) $(log '.[-1] | "\(.sent) \(.end)"')" "777 777 client_closed" "stall_after_bytes: no more, until the client leaves"
fault "$on_blob" '"hang":true'
: > "$body"
timed --max-time 0.3 > /dev/null
is "$? $(size) $(log '.[-1].end')" "28 0 client_closed" "hang: never an answer"
fault '"method":"POST"' '"hang":true,"perform":true'
curl -s -X POST --max-time 0.3 "$url/v2/fault/hang/blobs/uploads/"
is "$? $(state '[.uploads[] | select(.repository == "fault/hang")] | length')" "28 1" \
    "hang with perform: done, but never an answer"
faults '{"match":{"listener":1},"action":{"slow_accept_ms":150}}'
at_least "$(curl -s -o /dev/null -w '%{time_total}' "${urls[1]}/v2/")" 0.15 "slow_accept_ms: nothing is read before"
