# SPDX-License-Identifier: Apache-2.0
# Tag lists and referrers, with their pages.

script '{}'
push_image lists/a seed
for tag in a b c d; do
    push_manifest lists/a $tag "$manifest"
done
tags() { # QUERY
    req GET "/v2/lists/a/tags/list$1"
    jq -c .tags "$body"
}
is "$(tags '')" '["a","b","c","d","seed"]' "all tags, in order"
is "$(headers Link)" 0 "without a Link"
is "$(tags '?n=2')" '["a","b"]' "tags_n honour: a page"
tags '?n=2' > "$work/first"
next=$(header Link)
is "$next" '</v2/lists/a/tags/list?last=b&n=2>; rel="next"' "with a relative Link"
is "$(tags '?n=3&last=b')" '["c","d","seed"]' "the last page"
req GET '/v2/lists/a/tags/list?n=3&last=b'
is "$(headers Link)" 0 "has no Link"
is "$(tags '?last=bb')" '["c","d","seed"]' "last need not be a tag"
is "$(tags '?n=0')" '[]' "n=0 is an empty list"
req GET '/v2/lists/a/tags/list?n=-1'
is "$status $(code)" "400 PAGINATION_NUMBER_INVALID" "n=-1 is refused"
req GET '/v2/lists/none/tags/list'
is "$status $(code)" "404 NAME_UNKNOWN" "no repository, no tags"
req GET '/v2/lists/a/tags/list?ns=docker.io'
is "$status" 200 "?ns is ignored"

switches '{"tags_n":"ignore"}'
is "$(tags '?n=2&last=b')" '["a","b","c","d","seed"]' "tags_n ignore: everything, always"
switches '{"tags_n":"cap","tags_cap":3}'
is "$(tags '?n=1000')" '["a","b","c"]' "tags_n cap"
is "$(tags '')" '["a","b","c"]' "also without n"
page() { req GET '/v2/lists/a/tags/list?n=2'; }
switches '{"tags_link":"absolute"}'
page
is "$(header Link)" "<$url/v2/lists/a/tags/list?last=b&n=2>; rel=\"next\"" "tags_link absolute"
switches '{"tags_link":"other_host"}'
page
like "$(header Link)" "^<${urls[1]}/v2/" "tags_link other_host"
switches '{"tags_link":"none"}'
page
is "$(headers Link)" 0 "tags_link none"
switches '{"tags_link":"loop"}'
req GET '/v2/lists/a/tags/list?n=2&last=b'
is "$(header Link)" '</v2/lists/a/tags/list?last=b&n=2>; rel="next"' "tags_link loop: the same page again"
switches '{"tags_list":"null"}'
is "$(tags '')" null "tags_list null"
switches '{"tags_list":"missing"}'
tags '' > /dev/null
is "$(jq -c 'has("tags")' "$body")" false "tags_list missing"
switches '{"tags_list":"dirty"}'
is "$(tags '')" "[\"a\",\"b\",\"c\",\"d\",\"seed\",null,\"$(sha "$manifest")\"]" "tags_list dirty"
switches '{"tags_list":"unsorted"}'
is "$(tags '')" '["seed","d","c","b","a"]' "tags_list unsorted"

script '{}'
subject=$(sha "$manifest")
refers() { # NAME TYPE: pushes a manifest which refers to the subject
    make_image "$1" ",\"artifactType\":\"$2\",\"annotations\":{\"who\":\"$1\"},\"subject\":{\"mediaType\":\"$oci_manifest\",\"digest\":\"$subject\",\"size\":1}"
    push_blob lists/a "$config"
    push_blob lists/a "$layer"
    push_manifest lists/a "$(sha "$manifest")" "$manifest"
}
refers r1 application/x-one
is "$status $(header OCI-Subject)" "201 $subject" "OCI-Subject is announced"
refers r2 application/x-two
req GET "/v2/lists/a/referrers/$subject"
is "$status $(header Content-Type)" "200 $oci_index" "the referrers API answers an index"
is "$(jq -c '[.manifests[].annotations.who] | sort' "$body")" '["r1","r2"]' "with both referrers and their annotations"
req GET "/v2/lists/a/referrers/$subject?artifactType=application/x-one"
is "$(jq -c '[.manifests[].artifactType]' "$body") $(header OCI-Filters-Applied)" \
    '["application/x-one"] artifactType' "the filter works"
req GET "/v2/lists/a/referrers/sha256:$(printf '%064d' 0)"
is "$status $(jq -c .manifests "$body")" '200 []' "an unknown subject has none"
req GET /v2/lists/a/referrers/sha256:abc
is "$status" 400 "a malformed digest is 400"
switches '{"referrers_filter":false}'
req GET "/v2/lists/a/referrers/$subject?artifactType=application/x-one"
is "$(jq '.manifests | length' "$body") $(headers OCI-Filters-Applied)" "2 0" "referrers_filter false"
switches '{"referrers_page":1}'
req GET "/v2/lists/a/referrers/$subject"
first=$(jq -r '.manifests[].digest' "$body")
next=$(header Link)
is "$next" "</v2/lists/a/referrers/$subject?page=2>; rel=\"next\"" "referrers_page: a Link"
req GET "/v2/lists/a/referrers/$subject?page=2"
is "$(jq '.manifests | length' "$body") $(headers Link)" "1 0" "the last page has none"
[ "$first" != "$(jq -r '.manifests[].digest' "$body")" ]
ok $? "and another referrer"
switches '{"referrers":"404"}'
req GET "/v2/lists/a/referrers/$subject"
is "$status $(cat "$body")" "404 404 page not found" "referrers 404"
refers r3 application/x-one
is "$status $(headers OCI-Subject)" "201 0" "and no OCI-Subject"
switches '{"referrers":"lying"}'
refers r4 application/x-one
is "$(headers OCI-Subject)" 1 "referrers lying: OCI-Subject"
req GET "/v2/lists/a/referrers/$subject"
is "$status" 404 "but no API"
switches '{"referrers":"html"}'
req GET "/v2/lists/a/referrers/$subject"
is "$status $(header Content-Type)" "200 text/html" "referrers html"
switches '{"referrers":"400_unknown"}'
req GET "/v2/lists/a/referrers/sha256:$(printf '%064d' 0)"
is "$status" 400 "referrers 400_unknown"
