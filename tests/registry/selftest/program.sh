# SPDX-License-Identifier: Apache-2.0
# The program itself: options, port file, admin paths, seed, ASan-clean end (see finish).

is "$(tr '\n' ' ' < "$work/ports")" "${urls[0]##*:} ${urls[1]##*:} " "the port file names both ports"
req GET /v2/
is "$status" 200 "GET /v2/ answers"
is "$(header Docker-Distribution-Api-Version)" registry/2.0 "with the API version"
req GET "${urls[1]}/v2/"
is "$(log '.[-1].listener')" 1 "the second listener is the same registry, and the log tells it"
req GET /v2/ -H 'X-Nothing: 1'
is "$(tail -n 1 "$work/log" | jq -r .target)" /v2/ "--log is written live"
admin DELETE /_log
is "$(admin GET /_log)" "" "DELETE /_log forgets"
admin GET /_state > /dev/null
is "$(admin GET /_log)" "" "admin paths are not logged"
req GET /nothing
is "$status $(cat "$body")" "404 404 page not found" "an unknown path is a plain 404"
req POST /v2/
is "$status $(code)" "405 UNSUPPORTED" "a known path with another method is 405"
req GET /v2/Upper/tags/list
is "$status" 404 "a bad repository name is no route"

req PUT /_script --data-binary '{"switches":{"mount":"201","nonsense":1}}'
is "$status $(cat "$body")" "400 unknown key nonsense" "an unknown switch is refused"
req PUT /_script --data-binary '{"switches":{"mount":"maybe"}}'
like "$(cat "$body")" 'mount must be one of "201" "202"' "an unknown value is refused with the list"
req PUT /_script --data-binary '{"faults":[{"match":{"path":"("},"action":{}}]}'
is "$status" 400 "a bad regular expression is refused"
req PUT /_script --data-binary '{"faults":[{"action":{"explode":true}}]}'
is "$status $(cat "$body")" "400 unknown key explode" "an unknown fault verb is refused"
req PUT /_script --data-binary '{"sweets":{}}'
is "$status" 400 "an unknown part of the script is refused"
req PUT /_script --data-binary '{"switches":{"mount":"202","mount":"201"}}'
is "$status" 400 "a duplicate key is refused"

switches '{"mount":202}'
also '{"tags_n":"cap"}'
is "$(state '.switches.mount + .switches.tags_n')" 202cap "PATCH /_script changes, and keeps the rest"
script '{}'
is "$(state '.switches.mount + .switches.tags_n')" 201honour "PUT /_script goes back to the defaults"
script '{"repositories":["empty/one"]}'
req GET /v2/empty/one/tags/list
is "$(jq -c .tags "$body")" '[]' "repositories can be made empty"
admin DELETE /_state
is "$(state '.repositories | length')" 0 "DELETE /_state empties the registry"

make_layout "$work/layout" v1
script "{\"seed\":{\"seeded/app\":\"$work/layout\"}}"
req GET /v2/seeded/app/manifests/v1 -H "Accept: $oci_manifest"
is "$status $(header Docker-Content-Digest)" "200 $(sha "$body")" "a seed is served"
req GET "/v2/seeded/app/blobs/$(jq -r .config.digest "$body")"
is "$status" 200 "with its blobs"
jq '.manifests[0].annotations["org.opencontainers.image.ref.name"] = "named/app:v2"' \
    "$work/layout/index.json" > "$work/index" && cp "$work/index" "$work/layout/index.json"
script "{\"seed\":\"$work/layout\"}"
req HEAD /v2/named/app/manifests/v2
is "$status" 200 "a seed can name its repositories itself"
req PUT /_script --data-binary "{\"seed\":\"$work\"}"
is "$status" 400 "a seed which is no layout is refused"
script '{}'

undocumented=$(state '.switches | keys[]' | while read -r name; do
    grep -q "\`$name\`" "$here/README.md" || echo "$name"
done)
is "$undocumented" "" "README.md has every switch"
