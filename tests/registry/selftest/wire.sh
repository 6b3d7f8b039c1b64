# SPDX-License-Identifier: Apache-2.0
# The wire log, requests in progress, TLS.

script '{}'
push_blob wire/a "$blob"
path=/v2/wire/a/blobs/$digest
admin DELETE /_log
req GET "$path?ns=x" -H 'Range: bytes=1-9' -H 'Accept: a/b' -H 'Accept: c/d' -H 'Cookie: c=1' \
    -H 'Authorization: Bearer tok'
is "$(log '.[0] | "\(.method) \(.target) \(.status) \(.received) \(.sent) \(.end)"')" \
    "GET $path?ns=x 206 0 9 complete" "the log tells the request and its answer"
is "$(log '.[0] | "\(.host) \(.range) \(.cookie) \(.user_agent)"')" \
    "${url#http://} bytes=1-9 c=1 curl/$(curl -V | awk 'NR == 1 { print $2 }')" "and its headers"
is "$(log '.[0].auth_sha256')" "$(printf 'Bearer tok' | sha256sum | cut -c1-12)" "the credential as a hash"
is "$(log '.[0].accept_sha256')" "$(printf 'a/b,c/d' | sha256sum | cut -c1-12)" "Accept as a hash"
admin DELETE /_log
open_upload wire/a
req PATCH "$location" --data-binary "@$blob" -H 'Content-Range: 0-99999' -H 'Content-Type: x/y'
is "$(log '.[1] | "\(.content_range) \(.content_length) \(.content_type) \(.received)"')" \
    "0-99999 100000 x/y 100000" "an upload with its headers"
location=$(header Location)
req PATCH "$location" -H 'Transfer-Encoding: chunked' -T "$blob"
is "$(log '.[2] | "\(.transfer_encoding) \(.content_length) \(.expect)"')" "chunked null 100-continue" \
    "a stream, and what the client expects"
admin DELETE /_log
curl -s "$url/v2/" "$url/v2/" > /dev/null
is "$(log '.[1].conn == .[0].conn and .[1].conn_request == 2 and .[1].seq == .[0].seq + 1')" true \
    "a reused connection has one number, a request its own"
faults "{\"match\":{\"path\":\"x=hang\",\"count\":0},\"action\":{\"hang\":true}}"
"$curl_program" -s --max-time 20 "$url$path?x=hang" &
one=$!
"$curl_program" -s --max-time 20 "$url$path?x=hang" &
two=$!
until [ "$(state '.open | length')" = 2 ]; do
    kill -0 $one $two || break
done
is "$(state '.open[0] | "\(.method) \(.target) \(.received) \(.sent)"')" "GET $path?x=hang 0 0" \
    "GET /_state shows what is in progress"
req GET "$path"
is "$(log '.[-1].open')" 3 "open counts the requests in progress, this one included"
kill $one $two
wait $one $two 2> /dev/null
until [ "$(state '.open | length')" = 0 ]; do
    kill -0 "$pid" || break
done
is "$(log '[.[] | select(.end == "client_closed")] | length')" 2 "clients which leave are logged"
is "$(log '[.[].fault.hang | values] | length')" 2 "with the fault which held them"
head -c 32000000 /dev/urandom > "$work/large" # more than the sockets between can hold
push_blob wire/a "$work/large"
admin DELETE /_log
curl -s "$url/v2/wire/a/blobs/$(sha "$work/large")" | head -c 1000 > /dev/null
until [ -n "$(admin GET /_log)" ]; do
    kill -0 "$pid" || break
done
like "$(log '.[-1] | "\(.end) \(.sent < 32000000)"')" "client_closed true" "a download which the client breaks off"
curl -s "$url/v2/wire/a/blobs/$(sha "$work/large")" | cmp -s - "$work/large"
ok $? "a large blob comes back byte for byte"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj /CN=registry.test -addext 'subjectAltName=DNS:registry.test,IP:127.0.0.1' \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2> /dev/null
start --listen 127.0.0.1:0 --listen-plain 127.0.0.1:0 \
    --tls-cert "$work/cert.pem" --tls-key "$work/key.pem"
like "${urls[*]}" '^https://[^ ]* http://' "--listen-plain has no TLS"
secure=$url
url=${urls[1]}
tls=(--cacert "$work/cert.pem" --resolve "registry.test:${secure##*:}:127.0.0.1")
name=https://registry.test:${secure##*:}
req GET "$name/v2/" "${tls[@]}"
is "$status $rc" "200 0" "TLS"
is "$(log '.[-1] | "\(.sni) \(.host)"')" "registry.test registry.test:${secure##*:}" "the log tells the SNI"
req POST "$name/v2/tls/a/blobs/uploads/" "${tls[@]}"
location=$(header Location)
like "$location" "^$name/v2/" "Location is https, under the name of the client's choice"
req PUT "$location&digest=$digest" "${tls[@]}" --data-binary "@$blob"
is "$status" 201 "an upload through TLS"
req GET "$name/v2/tls/a/blobs/$digest" "${tls[@]}"
cmp -s "$body" "$blob"
ok $? "and back"
switches '{"upload_location":"http"}'
req POST "$name/v2/tls/a/blobs/uploads/" "${tls[@]}"
like "$(header Location)" "^http://registry.test:" "upload_location http downgrades"
faults '{"match":{"path":"sha256"},"action":{"cut_after_bytes":4321}}'
req GET "$name/v2/tls/a/blobs/$digest" "${tls[@]}"
is "$(stat -c %s "$body")" 4321 "faults count bytes of HTTP under TLS, too"
[ "$rc" != 0 ]
ok $? "and the client notices ($rc)"
use_main
