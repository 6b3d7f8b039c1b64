# SPDX-License-Identifier: Apache-2.0
# lib.sh: what the end-to-end scripts share. Sourced by each as its first act.
#
# A script is a list of checks. A check prints "ok" or "not ok" with what was seen; a failing one
# does not stop the script, but its exit code is 1 then. What a script needs and does not find is
# a failure with a sentence, never a silent skip. Servers listen on ports that the kernel chooses
# and are awaited by looking at what they print, with a deadline; nothing sleeps and hopes.
#
# The build tells where things are: OCYNC (the program), OCYNC_TEST_PLUGINS (a folder of drivers),
# OCYNC_TEST_BUILD and OCYNC_TEST_SOURCE (the trees).

set -u -o pipefail

E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${OCYNC_TEST_SOURCE:=$(cd "$E2E/../.." && pwd)}"
: "${OCYNC_TEST_BUILD:=$PWD}"
: "${OCYNC:=$OCYNC_TEST_BUILD/ocync}"
: "${OCYNC_TEST_PLUGINS:=$OCYNC_TEST_BUILD/plugins-built}"
NAME=$(basename "$0" .sh)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/ocync-$NAME.XXXXXX")

# The system's programs before any others of the same name: their modules are packages that
# ./check installs.
export PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH

# Nothing of the machine's or the user's own settings may reach a test.
export HOME=$WORK/home XDG_RUNTIME_DIR=$WORK/run XDG_CACHE_HOME=$WORK/cache
export XDG_CONFIG_HOME=$WORK/home/.config LC_ALL=C PYTHONDONTWRITEBYTECODE=1
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$XDG_CACHE_HOME"
unset REGISTRY_AUTH_FILE DOCKER_AUTH_CONFIG DOCKER_CONFIG SSL_CERT_FILE SSL_CERT_DIR
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
export OCYNC_PLUGIN_DIR=$OCYNC_TEST_PLUGINS

FAILED=0
COUNT=0
declare -A PID_OF=() LISTEN_OF=()

stop_everything()
{
    local name
    for name in "${!PID_OF[@]}"; do
        stop "$name"
    done
    if [ -n "${KEEP_WORK:-}" ]; then
        echo "# kept: $WORK"
    else
        rm -rf "$WORK"
    fi
}

finish()
{
    local status=$?
    trap - EXIT
    stop_everything
    if [ "$status" -ne 0 ]; then
        exit "$status"
    fi
    if [ "$COUNT" -eq 0 ]; then
        echo "not ok - $NAME made no check at all"
        exit 1
    fi
    echo "1..$COUNT"
    exit "$FAILED"
}

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bail()
{
    echo "Bail out! $NAME: $*"
    exit 1
}

# requires COMMAND...
requires()
{
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null ||
            bail "needs the command $command; ./check installs everything that the tests need"
    done
}

requires python3 curl timeout
[ -x "$OCYNC" ] || bail "no program at $OCYNC; run it with make check, or set OCYNC"
[ -d "$OCYNC_TEST_PLUGINS" ] || bail "no drivers at $OCYNC_TEST_PLUGINS; run make first"

# ---- Checks ---------------------------------------------------------------------------------

ok()
{
    COUNT=$((COUNT + 1))
    echo "ok $COUNT - $*"
}

# not_ok DESCRIPTION [FILE...]: the files are shown.
not_ok()
{
    COUNT=$((COUNT + 1))
    FAILED=1
    echo "not ok $COUNT - $1"
    shift
    local file
    for file in "$@"; do
        [ -s "$file" ] && sed "s|^|#   |" "$file" | tail -n 40
    done
    return 0
}

# check DESCRIPTION COMMAND...: the command must succeed.
check()
{
    local description=$1
    shift
    if "$@" >"$WORK/check.out" 2>&1; then
        ok "$description"
    else
        not_ok "$description (status $?: $*)" "$WORK/check.out"
    fi
}

# equal DESCRIPTION WANTED FOUND
equal()
{
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1: wanted '$2', found '$3'"
    fi
}

# ---- Running ocync --------------------------------------------------------------------------

# run ARGUMENT...: standard output to $OUT, standard error to $ERR, exit code to $STATUS. The time
# limit is far above what any test needs: it is there for hangs (status 124).
OUT=$WORK/out
ERR=$WORK/err
STATUS=0
run()
{
    STATUS=0
    timeout --kill-after=10 "${RUN_LIMIT:-300}" ${WRAPPER:-} "$OCYNC" "$@" \
        >"$OUT" 2>"$ERR" </dev/null || STATUS=$?
}

# expect_run DESCRIPTION STATUS ARGUMENT...
expect_run()
{
    local description=$1 wanted=$2
    shift 2
    run "$@"
    if [ "$STATUS" -eq "$wanted" ]; then
        ok "$description"
    else
        not_ok "$description: exit code $STATUS, wanted $wanted (ocync $*)" "$OUT" "$ERR"
    fi
}

# expect_error DESCRIPTION STATUS PATTERN ARGUMENT...: exit code, and one line of error that
# matches the (extended) pattern and holds no control character. Warnings may come before it.
expect_error()
{
    local description=$1 wanted=$2 pattern=$3
    shift 3
    run "$@"
    local lines
    lines=$(grep -c '^error: ' "$ERR")
    if [ "$STATUS" -ne "$wanted" ]; then
        not_ok "$description: exit code $STATUS, wanted $wanted (ocync $*)" "$OUT" "$ERR"
    elif ! grep '^error: ' "$ERR" | grep -qiE -- "$pattern"; then
        not_ok "$description: no sentence like '$pattern'" "$OUT" "$ERR"
    elif [ "$lines" -ne 1 ]; then
        not_ok "$description: $lines lines of error, wanted one" "$OUT" "$ERR"
    elif LC_ALL=C grep -q '[^[:print:][:space:]]' "$ERR"; then
        not_ok "$description: control characters in the error" "$ERR"
    else
        ok "$description"
    fi
}

# same DESCRIPTION SOURCE TARGET [OPTION...]: as verify.py sees it.
same()
{
    local description=$1
    shift
    check "$description" "$E2E/verify.py" same "$@"
}

# ---- Waiting --------------------------------------------------------------------------------

# wait_until SECONDS COMMAND...: looks every 20 ms.
wait_until()
{
    local deadline=$((SECONDS + $1))
    shift
    while ! "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.02
    done
}

# The line by which each of our servers says where it listens.
listening_on()
{
    sed -nE 's/.*(listening on |http:\/\/|https:\/\/)(127\.0\.0\.1:[0-9]+).*/\2/p' "$1" | tail -n 1
}

says_where()
{
    LISTEN=$(listening_on "$1")
    [ -n "$LISTEN" ]
}

alive()
{
    kill -0 "${PID_OF[$1]}" 2>/dev/null
}

# ---- Servers --------------------------------------------------------------------------------

# stop NAME [SIGNAL]
stop()
{
    local pid=${PID_OF[$1]:-}
    unset "PID_OF[$1]"
    [ -n "$pid" ] || return 0
    kill "-${2:-TERM}" "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    return 0
}

# await_server NAME: fills LISTEN_OF[NAME].
await_server()
{
    wait_until 20 eval "says_where '$WORK/$1.log' || ! alive '$1'"
    if ! says_where "$WORK/$1.log"; then
        sed 's/^/# /' "$WORK/$1.log"
        bail "the server $1 did not start"
    fi
    LISTEN_OF[$1]=$LISTEN
}

# certificates: test certificates under $CERTS, made once per script.
CERTS=$WORK/certs
certificates()
{
    requires openssl
    [ -d "$CERTS" ] || "$E2E/make_certs.sh" "$CERTS" "$@" || bail "no test certificates"
}

# start_registry NAME [OPTION...]: Debian's docker-registry on its own folder $WORK/NAME.d, its
# address in LISTEN_OF[NAME], its requests in $WORK/NAME.access. Options:
#   htpasswd         users alice:wonder and bob:builder
#   token=REALM      bearer tokens as token_server.py issues them
#   tls              with the test certificate; HTTP/2 and HTTP/1.1
#   h1               no HTTP/2
#   clientcert       TLS that wants a client certificate of the test CA
#   foreign          takes manifests with foreign layers
#   port=N           this port (to start again where it was); otherwise any
#   root=DIR         this storage folder
start_registry()
{
    requires docker-registry
    local name=$1 option port=0 root=$WORK/$1.d auth='' tls='' http2='' validation='' client=''
    shift
    for option in "$@"; do
        case $option in
        htpasswd)
            requires htpasswd
            htpasswd -Bbn -C 5 alice wonder >"$WORK/htpasswd"
            htpasswd -Bbn -C 5 bob builder >>"$WORK/htpasswd"
            auth="auth: {htpasswd: {realm: test, path: $WORK/htpasswd}}"
            ;;
        token=*)
            certificates
            auth="auth: {token: {realm: '${option#token=}', service: test-registry,
  issuer: test-issuer, rootcertbundle: $CERTS/ca.pem}}"
            ;;
        tls)
            certificates
            tls=yes
            ;;
        clientcert)
            certificates
            tls=yes
            client="clientcas: ['$CERTS/ca.pem']"
            ;;
        h1) http2='http2: {disabled: true}' ;;
        foreign) validation='validation: {manifests: {urls: {allow: ["^https?://"]}}}' ;;
        port=*) port=${option#port=} ;;
        root=*) root=${option#root=} ;;
        *) bail "start_registry: what is $option?" ;;
        esac
    done
    cat >"$WORK/$name.yml" <<END
version: 0.1
log: {level: info, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: $root}, delete: {enabled: true}}
$auth
$validation
http:
  addr: 127.0.0.1:$port
  secret: not-a-secret
  $http2
END
    if [ -n "$tls" ]; then
        cat >>"$WORK/$name.yml" <<END
  tls:
    certificate: $CERTS/server.pem
    key: $CERTS/server.key
    $client
END
    fi
    : >"$WORK/$name.log"
    docker-registry serve "$WORK/$name.yml" >>"$WORK/$name.access" 2>"$WORK/$name.log" &
    PID_OF[$name]=$!
    await_server "$name"
}

# restart_registry NAME [OPTION...]: on the same port and folder.
restart_registry()
{
    local name=$1
    shift
    stop "$name"
    start_registry "$name" "port=${LISTEN_OF[$name]##*:}" "$@"
}

# start_token_server NAME RULES_FILE: its requests as JSON lines in $WORK/NAME.requests.
start_token_server()
{
    certificates
    : >"$WORK/$1.requests"
    python3 "$E2E/token_server.py" --rules "$2" --key "$CERTS/token.key" \
        --cert "$CERTS/token.pem" --log "$WORK/$1.requests" >"$WORK/$1.log" 2>&1 &
    PID_OF[$1]=$!
    await_server "$1"
}

# start_scripted NAME [OPTION...]: the scripted registry of tests/registry, which fails as it is
# told. Its own options; see its README.
start_scripted()
{
    local name=$1
    shift
    SCRIPTED=$OCYNC_TEST_BUILD/tests/registry/ocync-scripted-registry
    [ -x "$SCRIPTED" ] || bail "no program at $SCRIPTED; make check builds it"
    "$SCRIPTED" --listen 127.0.0.1:0 --storage "$WORK" "$@" >"$WORK/$name.log" 2>&1 &
    PID_OF[$name]=$!
    await_server "$name"
}

# tell NAME METHOD PATH [JSON]: one of the scripted registry's own requests.
tell()
{
    curl -sf -X "$2" "http://${LISTEN_OF[$1]}$3" ${4:+--data-binary "$4"} ||
        bail "the scripted registry $1 does not accept: $*"
}

# ---- Counting requests ----------------------------------------------------------------------

# A request is logged after it was answered, so a count has to wait for the last of them. A
# request of our own, sent after ocync has ended, marks the end.
MARKS=0
settle()
{
    MARKS=$((MARKS + 1))
    curl -ks -o "$WORK/mark" "${2:-http}://${LISTEN_OF[$1]}/v2/?mark=$MARKS"
    wait_until 10 grep -qF "/v2/?mark=$MARKS " "$WORK/$1.access" ||
        bail "the registry $1 does not log its requests"
}

# forget NAME: counting starts here.
forget()
{
    settle "$@"
    : >"$WORK/$1.access"
}

# requests NAME PATTERN: how many since forget, without our marks. A line of the log is
# 'METHOD PATH STATUS'.
requests()
{
    request_lines "$1" | grep -cE -- "$2"
}

request_lines()
{
    sed -nE 's/^[^"]*"([A-Z]+) ([^ ]+) HTTP[^"]*" ([0-9]+) .*/\1 \2 \3/p' "$WORK/$1.access" |
        grep -v '?mark='
}

# expect_requests DESCRIPTION NAME PATTERN COUNT
expect_requests()
{
    local found
    found=$(requests "$2" "$3")
    if [ "$found" -eq "$4" ]; then
        ok "$1"
    else
        request_lines "$2" >"$WORK/lines"
        not_ok "$1: $found requests like '$3' at $2, wanted $4" "$WORK/lines"
    fi
}

# ---- Images ---------------------------------------------------------------------------------

# push_image SHAPE NAME REPOSITORY:TAG [OPTION...]: straight to a registry by HTTP.
push_image()
{
    local shape=$1 name=$2 reference=$3
    shift 3
    "$E2E/images.py" push "$shape" "http://${LISTEN_OF[$name]}/$reference" "$@" >"$WORK/pushed" ||
        bail "could not push $shape to $name"
}

# snapshot DIR: every file with inode, size and time; equal = nothing was written again.
snapshot()
{
    find "$1" -type f -printf '%P %i %s %T@\n' | sort
}
