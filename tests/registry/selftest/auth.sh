# SPDX-License-Identifier: Apache-2.0
# Who is let in: Basic, Bearer, challenges, what is said to expired tokens and missing rights.

script '{}'
push_image team/a v1
push_image public/a v1
with_auth '{"auth":"basic"}'
req GET /v2/
is "$status $(challenge)" '401 Basic realm="registry"' "basic: /v2/ wants credentials"
is "$(code)" UNAUTHORIZED "in the usual form"
req GET /v2/ -u alice:s3cret
is "$status" 200 "basic: the right password"
req GET /v2/ -u alice:wrong
is "$status" 401 "basic: a wrong one"
req GET /v2/team/a/tags/list -u bob:hunter2
is "$status" 200 "basic: bob may pull"
req POST /v2/team/a/blobs/uploads/ -u bob:hunter2
is "$status" 401 "basic: bob may not push"
req GET /v2/public/a/tags/list
is "$status" 200 "basic: everybody may pull what is public"
req GET /v2/team/a/tags/list
is "$status" 401 "basic: but nothing else"
is "$(log '.[1] | "\(.auth_scheme) \(.authorization)"')" "Basic true" "the log tells the scheme"
is "$(log '[.[] | select(.authorization) | .auth_sha256] | unique | length')" 3 \
    "and tells three credentials apart"
is "$(log '.[1].auth_sha256')" \
    "$(printf 'Basic %s' "$(printf alice:s3cret | base64)" | sha256sum | cut -c1-12)" \
    "by the hash of the header"
[ -z "$(admin GET /_log | grep -e s3cret -e "$(printf alice:s3cret | base64)")" ]
ok $? "the secret itself is not in the log"
with_auth '{"auth":"basic","challenge_form":"unquoted"}'
req GET /v2/
is "$(challenge)" "basic realm=registry" "basic challenge_form unquoted"
with_auth '{"auth":"basic","challenge_form":"odd_case"}'
req GET /v2/
is "$(challenge)" 'bASIC Realm="registry"' "basic challenge_form odd_case"

with_auth '{"auth":"bearer"}'
req GET /v2/
is "$status $(challenge)" "401 Bearer realm=\"$url/token\",service=\"scripted-registry\"" \
    "bearer: /v2/ has a challenge without scope"
req GET /v2/team/a/tags/list
is "$(challenge)" "Bearer realm=\"$url/token\",service=\"scripted-registry\",scope=\"repository:team/a:pull\"" \
    "bearer: the scope of a GET"
req POST /v2/team/a/blobs/uploads/
like "$(challenge)" 'scope="repository:team/a:pull,push"$' "bearer: the scope of a push"
req DELETE "/v2/team/a/blobs/$digest"
like "$(challenge)" 'scope="repository:team/a:delete"$' "bearer: the scope of a DELETE"
req POST "/v2/team/a/blobs/uploads/?mount=$digest&from=public/a"
like "$(challenge)" 'scope="repository:team/a:pull,push repository:public/a:pull"$' \
    "bearer: a mount wants two scopes in one parameter"
get_token repository:team/a:pull,push -- -u alice:s3cret
is "$status" 200 "bearer: a token for alice"
bearer GET /v2/
is "$status" 200 "bearer: opens /v2/"
bearer POST /v2/team/a/blobs/uploads/
is "$status" 202 "bearer: and lets her push"
bearer GET /v2/team/b/tags/list
like "$status $(challenge)" '^401 .*,error="insufficient_scope"' "denied 401_insufficient_scope: another repository"
bearer DELETE "/v2/team/a/blobs/$digest"
is "$status" 401 "bearer: delete is another right"
bearer POST "/v2/team/a/blobs/uploads/?mount=$digest&from=public/a"
is "$status" 401 "mount_source_auth 401: no right on the source"
token=nonsense
bearer GET /v2/team/a/tags/list
like "$status $(challenge)" '^401 .*,error="invalid_token"' "bearer: no token at all"
req GET /v2/team/a/tags/list -u alice:s3cret
is "$status" 401 "bearer: Basic is no way in"

with_auth '{"auth":"bearer","mount_source_auth":"202"}'
get_token repository:team/a:pull,push -- -u alice:s3cret
bearer POST "/v2/team/a/blobs/uploads/?mount=$(sha "$layer")&from=public/a"
is "$status" 202 "mount_source_auth 202: without a right it becomes an upload"
with_auth '{"auth":"bearer","denied":"403"}'
get_token repository:team/a:pull -- -u bob:hunter2
bearer POST /v2/team/a/blobs/uploads/
is "$status $(code)" "403 DENIED" "denied 403"
with_auth '{"auth":"bearer","denied":"404"}'
bearer POST /v2/team/a/blobs/uploads/
is "$status $(code)" "404 NAME_UNKNOWN" "denied 404"
with_auth '{"auth":"bearer","v2_open":true}'
req GET /v2/
is "$status" 200 "v2_open: /v2/ is open"
req GET /v2/team/a/tags/list
is "$status" 401 "v2_open: and nothing else"
with_auth '{"auth":"both"}'
req GET /v2/
is "$status $(headers WWW-Authenticate)" "401 2" "both: two challenges"
req GET /v2/team/a/tags/list -u alice:s3cret
is "$status" 200 "both: Basic is a way in"
get_token repository:team/a:pull -- -u alice:s3cret
bearer GET /v2/team/a/tags/list
is "$status" 200 "both: and Bearer"

form() { # FORM WANTED
    with_auth "{\"auth\":\"bearer\",\"challenge_form\":\"$1\"}"
    req GET /v2/team/a/tags/list
    is "$(challenge)" "$2" "challenge_form $1"
}
form odd_case "bEARER Realm=\"$url/token\", SERVICE=\"scripted-registry\" , Scope=\"repository:team/a:pull\""
form unquoted "Bearer realm=$url/token,service=scripted-registry,scope=\"repository:team/a:pull\""
form multiple "Basic realm=\"registry\", Bearer realm=\"$url/token\",service=\"scripted-registry\",scope=\"repository:team/a:pull\""
form no_scope "Bearer realm=\"$url/token\",service=\"scripted-registry\""
form empty_scope "Bearer realm=\"$url/token\",service=\"scripted-registry\",scope=\"\""
with_auth '{"auth":"bearer","challenge":"Negotiate, Bearer realm=\"http://evil.test/\""}'
req GET /v2/
is "$(challenge)" 'Negotiate, Bearer realm="http://evil.test/"' "challenge: any text"
with_auth '{"auth":"bearer","realm":"http://elsewhere.test/token?x=1","service":""}'
req GET /v2/
is "$(challenge)" 'Bearer realm="http://elsewhere.test/token?x=1"' "realm, and no service"

expired() { # VALUE STATUS REGEX
    with_auth "{\"auth\":\"bearer\",\"bearer_expired\":\"$1\"}"
    get_token repository:team/a:pull -- -u alice:s3cret
    admin POST /_expire
    bearer GET /v2/team/a/tags/list
    like "$status $(challenge) $(cat "$body")" "^$2 .*$3" "bearer_expired $1"
}
expired 401_invalid_token 401 'error="invalid_token"'
expired 400 400 'Authorization Token is invalid'
expired 403_text 403 'Your authorization token has expired'
expired 401_basic 401 'Basic realm="registry"'
get_token repository:team/a:pull -- -u alice:s3cret
bearer GET /v2/team/a/tags/list
is "$status" 200 "a token made after POST /_expire is good"
