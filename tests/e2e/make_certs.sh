#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make_certs.sh DIR [NAME...]: a test CA (ca.pem), a server certificate signed by it for localhost,
# 127.0.0.1 and each NAME (server.pem, server.key), a client certificate (client.pem, client.key)
# and a CA that signed nothing of it (other-ca.pem).
set -euo pipefail

dir=$1
shift
names=DNS:localhost,IP:127.0.0.1
for name in "$@"; do
    names+=,DNS:$name
done
mkdir -p "$dir"
cd "$dir"

new_key()
{
    openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

new_ca()
{
    new_key "$1.key"
    openssl req -x509 -new -key "$1.key" -out "$1.pem" -days 30 -subj "/CN=test $1" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}

# new_leaf NAME EXTENSIONS
new_leaf()
{
    new_key "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=test $1" |
        openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out "$1.pem" \
            -extfile <(printf '%s\n' "$2") 2>>openssl.log
}

new_ca ca
new_ca other-ca
new_leaf server "subjectAltName=$names"
new_leaf client "extendedKeyUsage=clientAuth"
# Tokens are signed by a key of another kind (RS256).
openssl genrsa -out token.key 2048 2>>openssl.log
openssl req -new -key token.key -subj "/CN=test token" |
    openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out token.pem \
        2>>openssl.log
