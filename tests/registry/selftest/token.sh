# SPDX-License-Identifier: Apache-2.0
# The token service: what it grants, and the shapes of its answers.

script '{}'
push_image team/a v1
with_auth '{"auth":"bearer"}'
claims() { # The token is opaque to clients; here we look inside.
    printf '%b' "$(sed 's/../\\x&/g' <<< "${token%%.*}")"
}
grants() { claims | jq -c '[.access[] | "\(.name):\(.actions | join(","))"]'; }

get_token repository:team/a:pull,push repository:public/a:pull -- -u bob:hunter2
is "$(grants)" '["team/a:pull","public/a:"]' "a grant is the intersection, and no error"
get_token repository:public/a:pull,push
is "$(grants)" '["public/a:pull"]' "nobody gets what everybody has"
get_token 'repository:team/a:pull%20repository:team/b:push' -- -u alice:s3cret
is "$(grants)" '["team/a:pull","team/b:push"]' "one parameter may hold two scopes"
get_token repository:host:5000/team/a:pull -- -u alice:s3cret
is "$(grants)" '["host:5000/team/a:"]' "a name may have a colon"
is "$(log '.[0] | "\(.user) \(.auth_scheme)"')" "bob Basic" "the log names the user"

bad() { # VALUE STATUS
    with_auth "{\"auth\":\"bearer\",\"token_bad_credentials\":\"$1\"}"
    get_token repository:team/a:pull -- -u alice:wrong
    is "$status" "$2" "token_bad_credentials $1"
}
bad 401 401
is "$(jq -r .details "$body")" "incorrect username or password" "in the old words"
bad 403 403
bad 400 400
bad grant_nothing 200
is "$(grants)" '["team/a:"]' "a token for nothing"
for value in 401 403; do
    with_auth "{\"auth\":\"bearer\",\"token_anonymous\":$value}"
    get_token repository:team/a:pull
    is "$status" $value "token_anonymous $value: a private repository"
    get_token repository:public/a:pull
    is "$status" 200 "token_anonymous $value: a public one"
done

post() { # FORM
    req POST /token --data "service=scripted-registry&client_id=test&$1"
    token=$(jq -r '.access_token // empty' "$body")
}
with_auth '{"auth":"bearer"}'
post 'grant_type=password&username=alice&password=s3cret&scope=repository:team/a:pull,push+repository:team/b:pull'
is "$status $(grants)" '200 ["team/a:pull,push","team/b:pull"]' "POST: password grant, two scopes"
is "$(log '.[-1] | "\(.grant_type) \(.scope)"')" \
    "password repository:team/a:pull,push repository:team/b:pull" "the log tells what was asked for"
post 'grant_type=refresh_token&refresh_token=rt-alice&scope=repository%3Ateam%2Fa%3Apull'
is "$status $(grants)" '200 ["team/a:pull"]' "POST: refresh token"
post 'grant_type=refresh_token&refresh_token=wrong&scope=repository:team/a:pull'
is "$status" 401 "POST: a wrong refresh token"
post 'grant_type=password&username=alice&password=s3cret&access_type=offline'
is "$(jq -r .refresh_token "$body")" rt-alice "POST: offline access gives a refresh token"
req GET '/token?offline_token=true' -u alice:s3cret
is "$(jq -r .refresh_token "$body")" rt-alice "GET: offline_token, too"
post 'grant_type=magic'
is "$status" 400 "POST: an unknown grant type"
for value in 404 401 405 400; do
    with_auth "{\"auth\":\"bearer\",\"token_post\":$value}"
    post 'grant_type=password&username=alice&password=s3cret'
    is "$status" $value "token_post $value"
done
[ -z "$(admin GET /_log | grep s3cret)" ]
ok $? "no password in the log"

answer() { # SWITCHES JQ-FILTER WANTED
    with_auth "{\"auth\":\"bearer\",$1}"
    get_token repository:team/a:pull -- -u alice:s3cret
    is "$(jq -c "$2" "$body")" "$3" "$1"
}
keys='keys_unsorted - ["expires_in"]'
answer '"token_field":"both"' "$keys" '["token","access_token"]'
answer '"token_field":"token"' "$keys" '["token"]'
answer '"token_field":"access_token"' "$keys" '["access_token"]'
answer '"token_field":"both_different"' '.token == .access_token' false
answer '"token_expires_in":null' 'has("expires_in")' false
answer '"token_expires_in":0' .expires_in 0
answer '"token_expires_in":5' .expires_in 5
answer '"token_expires_in":"300"' .expires_in '"300"'
answer '"token_expires_in":1000000000000' .expires_in 1000000000000
answer '"token_issued_at":"absent"' 'has("issued_at")' false
answer '"token_issued_at":"now"' '.issued_at | fromdate - now | fabs < 5' true
answer '"token_issued_at":"past"' '.issued_at | fromdate - now | . < -80000' true
answer '"token_issued_at":"future"' '.issued_at | fromdate - now | . > 80000' true
answer '"token_length":9000' '.token | length >= 9000' true
bearer GET /v2/team/a/tags/list
is "$status" 200 "a long token works"
answer '"token_lifetime":0' 'has("token")' true
bearer GET /v2/team/a/tags/list
like "$status $(challenge)" '^401.*invalid_token' "token_lifetime 0: expired at once"
answer '"token_max_uses":2' 'has("token")' true
bearer GET /v2/team/a/tags/list
bearer GET /v2/team/a/tags/list
is "$status" 200 "token_max_uses: the second request"
bearer GET /v2/team/a/tags/list
like "$status $(challenge)" '^401.*invalid_token' "token_max_uses: the third"

with_auth '{"auth":"bearer","token_max_scopes":1}'
get_token repository:team/a:pull repository:team/b:pull -- -u alice:s3cret
is "$status $(grants)" '200 ["team/a:pull"]' "token_max_scopes 1, token_extra_scopes drop"
also '{"token_extra_scopes":"refuse"}'
get_token repository:team/a:pull repository:team/b:pull -- -u alice:s3cret
is "$status" 400 "token_extra_scopes refuse"
with_auth '{"auth":"bearer","check_service":true}'
req GET '/token?service=wrong' -u alice:s3cret
is "$status" 400 "check_service"
get_token repository:team/a:pull -- -u alice:s3cret
is "$status" 200 "the right service"

# Two instances: one is the registry, the other its token service.
start --listen 127.0.0.1:0 --token-secret shared
token_url=$url
with_auth '{"auth":"bearer"}'
get_token repository:team/a:pull -- -u alice:s3cret
start --listen 127.0.0.1:0 --token-secret shared --realm "$token_url/token"
script '{"switches":{"auth":"bearer"},"repositories":["team/a"]}'
req GET /v2/team/a/tags/list
like "$(challenge)" "realm=\"$token_url/token\"" "--realm names the other instance"
bearer GET /v2/team/a/tags/list
is "$status" 200 "--token-secret: its tokens are good here"
use_main
with_auth '{"auth":"bearer"}'
bearer GET /v2/team/a/tags/list
is "$status" 401 "but not where the secret is another"
script '{}'
