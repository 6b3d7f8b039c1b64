#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A token service for docker-registry's token authentication.

    token_server.py --rules FILE --key KEY.pem --cert CERT.pem --log FILE [--tls-cert F --tls-key F]

Listens on a free port of 127.0.0.1 and prints it. The rules:

    {"issuer": "…", "service": "…",
     "users": {"NAME": {"password": "…", "rights": {"GLOB": ["pull", "push"]}}},
     "anonymous": {"GLOB": ["pull"]},
     "expired": 1}              the first so many tokens are past their time already

GET with Basic or without credentials; POST with grant_type password or refresh_token. Every
request is one JSON line in the log, without secrets, so that tests can count.
"""
import argparse
import base64
import fnmatch
import http.server
import json
import secrets
import ssl
import subprocess
import sys
import time
import urllib.parse


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Service:
    def __init__(self, options):
        with open(options.rules, encoding="utf-8") as rules:
            self.rules = json.load(rules)
        self.key = options.key
        self.log_path = options.log
        with open(options.cert, encoding="ascii") as cert:
            self.x5c = ssl.PEM_cert_to_DER_cert(cert.read())
        self.refresh_tokens = {}
        self.expired = self.rules.get("expired", 0)

    def log(self, **record):
        with open(self.log_path, "a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")

    def rights(self, user):
        if user is None:
            return self.rules.get("anonymous", {})
        return self.rules["users"][user]["rights"]

    def password_is_right(self, user, password):
        known = self.rules["users"].get(user)
        return known is not None and secrets.compare_digest(known["password"], password)

    def granted(self, user, scopes):
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            allowed = {action for glob, some in self.rights(user).items()
                       if fnmatch.fnmatchcase(name, glob) for action in some}
            actions = [action for action in actions.split(",") if action in allowed]
            if actions:
                access.append({"type": kind, "name": name, "actions": actions})
        return access

    def sign(self, claims):
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(self.x5c).decode()]}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key],
                                   input=text.encode(), capture_output=True, check=True).stdout
        return text + "." + base64url(signature)

    def token(self, user, service, access):
        now = int(time.time())
        # docker-registry allows a minute of leeway.
        until = now - 3600 if self.expired > 0 else now + 300
        self.expired -= 1
        return self.sign({"iss": self.rules["issuer"], "sub": user or "", "aud": service,
                          "exp": until, "nbf": now - 7200, "iat": now - 7200,
                          "jti": secrets.token_hex(8), "access": access})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def user_of_header(self):
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None, None
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, password

    def grant(self, method, user, fields, offline):
        service = self.server.service
        scopes = [one for scope in fields.get("scope", []) for one in scope.split(" ") if one]
        audience = fields.get("service", [""])[0]
        access = service.granted(user, scopes)
        service.log(method=method, user=user, service=audience, scopes=scopes, granted=access)
        document = {"expires_in": 300}
        document["token"] = document["access_token"] = service.token(user, audience, access)
        if offline and user:
            refresh = secrets.token_hex(16)
            service.refresh_tokens[refresh] = user
            document["refresh_token"] = refresh
        self.answer(200, document)

    def refuse(self, method, user):
        self.server.service.log(method=method, user=user, refused=True)
        self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong credentials"}]})

    def do_GET(self):
        fields = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        user, password = self.user_of_header()
        if user is not None and not self.server.service.password_is_right(user, password):
            self.refuse("GET", user)
            return
        self.grant("GET", user, fields, fields.get("offline_token") == ["true"])

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        fields = urllib.parse.parse_qs(self.rfile.read(length).decode())
        service = self.server.service
        if fields.get("grant_type") == ["refresh_token"]:
            user = service.refresh_tokens.get(fields.get("refresh_token", [""])[0])
        else:
            user = fields.get("username", [""])[0]
            if not service.password_is_right(user, fields.get("password", [""])[0]):
                user = None
        if user is None:
            self.refuse("POST", None)
            return
        self.grant("POST", user, fields, fields.get("access_type") == ["offline"])

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description="token service for tests")
    for name in ("rules", "key", "cert", "log"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if options.tls_cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls_cert, options.tls_key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.service = Service(options)
    print("listening on 127.0.0.1:%d" % server.server_port, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
