#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# TLS: which certificates are believed, which protocol carries what, and that nothing ever falls
# back to less.
. "$(dirname "$0")/lib.sh"

certificates registry.example
start_registry plain
start_registry h2 tls
start_registry h1 tls h1
start_registry picky clientcert
P=${LISTEN_OF[plain]}
H2=${LISTEN_OF[h2]}
H1=${LISTEN_OF[h1]}
C=${LISTEN_OF[picky]}
CA=$CERTS/ca.pem
push_image two-platforms plain app:v1
origin=http://$P/app:v1

# ---- Whom to believe --------------------------------------------------------------------------

expect_error "an unknown CA is refused" 2 'ca-file|certificate' copy "$P/app:v1" "$H2/no-ca:v1"
expect_error "the wrong CA is refused" 2 'certificate' \
    copy --dest-ca-file "$CERTS/other-ca.pem" "$P/app:v1" "$H2/wrong-ca:v1"
expect_error "a CA file that is not there" 3 'nowhere.pem' \
    copy --dest-ca-file "$WORK/nowhere.pem" "$P/app:v1" "$H2/no-file:v1"
settle h2 https
expect_requests "nothing was sent to an unbelieved peer" h2 . 0

expect_run "the right CA" 0 copy --dest-ca-file "$CA" "$P/app:v1" "$H2/app:v1"
same "the right CA: the same" "$origin" "https://$H2/app:v1" --ca "$CA"
SSL_CERT_FILE=$CA expect_run "SSL_CERT_FILE" 0 copy "$P/app:v1" "$H2/cert-file:v1"
mkdir -p "$WORK/hashed"
cp "$CA" "$WORK/hashed/$(openssl x509 -hash -noout -in "$CA").0"
SSL_CERT_DIR=$WORK/hashed expect_run "SSL_CERT_DIR" 0 copy "$P/app:v1" "$H2/cert-dir:v1"
expect_run "insecure is explicit" 0 copy --dest-insecure "$P/app:v1" "$H2/insecure:v1"
expect_run "from TLS to plain" 0 copy --src-ca-file "$CA" "$H2/app:v1" "$P/back:v1"
same "from TLS to plain: the same" "$origin" "http://$P/back:v1"

# A machine without any CA certificates: loopback without TLS does not care, TLS is refused as ever.
requires unshare mount
namespace=(unshare -m)
[ "$(id -u)" -eq 0 ] || namespace=(unshare -rm)
WRAPPER_BEFORE=${WRAPPER:-}
WRAPPER="${namespace[*]} $WORK/bare.sh $WRAPPER_BEFORE"
printf '#!/bin/sh\nmount -t tmpfs none /etc/ssl/certs || exit 99\nexec "$@"\n' >"$WORK/bare.sh"
chmod +x "$WORK/bare.sh"
expect_run "no CA certificates here: plain HTTP on loopback" 0 copy "$P/app:v1" "$P/bare:v1"
expect_error "no CA certificates here: TLS is refused" 2 'certificate' \
    copy "$P/app:v1" "$H2/bare:v1"
expect_run "no CA certificates here: one by name" 0 copy --dest-ca-file "$CA" "$P/app:v1" \
    "$H2/bare:v1"
WRAPPER=$WRAPPER_BEFORE

# ---- Names --------------------------------------------------------------------------------------

port=${H2##*:}
resolve=registry.example:$port:127.0.0.1
expect_run "another name by --resolve" 0 --resolve "$resolve" \
    copy --dest-ca-file "$CA" "$P/app:v1" "registry.example:$port/named:v1"
same "another name: the same" "$origin" "https://$H2/named:v1" --ca "$CA"
expect_error "a certificate for another name is refused" 2 'certificate|name' \
    --resolve "stranger.example:$port:127.0.0.1" \
    copy --dest-ca-file "$CA" "$P/app:v1" "stranger.example:$port/named:v1"

plain_port=${P##*:}
forget plain
expect_error "a host that is not loopback never falls back to plain HTTP" 2 'TLS|https|SSL' \
    --resolve "registry.example:$plain_port:127.0.0.1" \
    copy "registry.example:$plain_port/app:v1" "oci:$WORK/never:v1"
settle plain
expect_requests "no fallback: no request went out" plain '/app/' 0
expect_run "plain HTTP is explicit" 0 --resolve "registry.example:$plain_port:127.0.0.1" \
    copy --src-plain-http "registry.example:$plain_port/app:v1" "oci:$WORK/plain:v1"

# ---- Client certificates ------------------------------------------------------------------------

expect_error "a registry that wants a client certificate" 2 'certificate|TLS|SSL' \
    copy --dest-ca-file "$CA" "$P/app:v1" "$C/app:v1"
expect_run "a client certificate" 0 copy --dest-ca-file "$CA" \
    --dest-client-cert "$CERTS/client.pem" --dest-client-key "$CERTS/client.key" \
    "$P/app:v1" "$C/app:v1"
same "a client certificate: the same" "$origin" "https://$C/app:v1" --ca "$CA" \
    --cert "$CERTS/client.pem" --key "$CERTS/client.key"

# ---- certs.d ------------------------------------------------------------------------------------

kept=$HOME/.config/containers/certs.d
mkdir -p "$kept/$H2" "$kept/$C" "$kept/$P"
cp "$CA" "$kept/$H2/ca.crt"
cp "$CA" "$kept/$C/ca.crt"
cp "$CERTS/client.pem" "$kept/$C/own.cert"
cp "$CERTS/client.key" "$kept/$C/own.key"
expect_run "a CA of certs.d" 0 copy "$H2/app:v1" "oci:$WORK/kept:v1"
expect_run "a client certificate of certs.d" 0 copy "$H2/app:v1" "$C/kept:v1"
same "certs.d: the same" "$origin" "https://$C/kept:v1" --ca "$CA" \
    --cert "$CERTS/client.pem" --key "$CERTS/client.key"
expect_error "a CA by option, not the one of certs.d" 2 'certificate' \
    copy --src-ca-file "$CERTS/other-ca.pem" "$H2/app:v1" "oci:$WORK/kept-not:v1"
expect_error "of another port, nothing of certs.d" 2 'certificate' \
    copy "$H1/app:v1" "oci:$WORK/kept-not:v1"
expect_error "a host of certs.d never falls back to plain HTTP" 2 'TLS|https|SSL' \
    copy "$P/app:v1" "oci:$WORK/kept-not:v1"
rm "$kept/$C/own.key"
expect_error "a certificate of certs.d without its key" 3 'own.key' copy "$H2/app:v1" "$C/kept:v2"
rm -r "$kept"

# ---- HTTP/1.1 and HTTP/2 --------------------------------------------------------------------------

expect_run "HTTP/1.1 only" 0 copy --dest-ca-file "$CA" "$P/app:v1" "$H1/app:v1"
same "HTTP/1.1 only: the same" "$origin" "https://$H1/app:v1" --ca "$CA"

forget h2 https
expect_run "HTTP/2 at both ends" 0 copy --src-ca-file "$CA" --dest-ca-file "$CA" \
    "$H2/app:v1" "$H2/again:v1"
expect_run "HTTP/2 to HTTP/1.1" 0 copy --src-ca-file "$CA" --dest-ca-file "$CA" \
    "$H2/app:v1" "$H1/across:v1"
settle h2 https
same "HTTP/2 to HTTP/1.1: the same" "$origin" "https://$H1/across:v1" --ca "$CA"
equal "bodies of blobs go over HTTP/1.1" 0 \
    "$(grep -cE '"(GET|PUT) [^ ]*/blobs/[^ ]* HTTP/2' "$WORK/h2.access")"
