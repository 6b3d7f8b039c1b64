#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An independent judge: are two references the same, and is everything that a store names whole?

    verify.py same SOURCE TARGET     manifests byte for byte, every blob fetched and hashed
    verify.py whole STORE            every tag of a registry or layout has all its parts, undamaged
    verify.py digest REFERENCE       the digest of the top manifest

A reference is http[s]://HOST/REPOSITORY:TAG (or @DIGEST) or oci:DIR:TAG; a store is
http[s]://HOST or oci:DIR. Options may stand for either side: --user, --ca, --cert.

It uses no code of ocync and no library beyond Python's own.
"""
import argparse
import base64
import glob
import hashlib
import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

ACCEPT = ", ".join([
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json"])


class Damage(Exception):
    """What is wrong, as a sentence."""


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Registry:
    """One host over HTTP, with basic or token authentication as it asks for."""

    def __init__(self, base, options):
        self.base = base
        self.user = options.user
        self.tokens = {}
        self.context = ssl.create_default_context(cafile=options.ca) if options.ca else None
        if self.context and options.cert:
            self.context.load_cert_chain(options.cert, options.key)

    def __str__(self):
        return self.base

    def basic(self):
        return "Basic " + base64.b64encode(self.user.encode()).decode()

    def token(self, challenge):
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        query = {key: fields[key] for key in ("service", "scope") if key in fields}
        request = urllib.request.Request(fields["realm"] + "?" + urllib.parse.urlencode(query))
        if self.user:
            request.add_header("Authorization", self.basic())
        with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
            return "Bearer " + json.load(answer)["token"]

    def open(self, path, credential=None):
        request = urllib.request.Request(self.base + path, headers={"Accept": ACCEPT})
        if credential:
            request.add_header("Authorization", credential)
        try:
            return urllib.request.urlopen(request, context=self.context, timeout=60)
        except urllib.error.HTTPError as error:
            challenge = error.headers.get("WWW-Authenticate", "")
            if error.code != 401 or credential:
                raise
            if challenge.lower().startswith("bearer"):
                return self.open(path, self.token(challenge))
            if not self.user:
                raise
            return self.open(path, self.basic())

    def get(self, path):
        try:
            with self.open(path) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise Damage("%s%s answers %d" % (self.base, path, error.code)) from error

    def repository(self, name):
        return Repository(self, name)

    def references(self):
        for name in json.loads(self.get("/v2/_catalog?n=1000"))["repositories"]:
            try:
                tags = json.loads(self.get("/v2/%s/tags/list" % name))["tags"] or []
            except Damage:
                continue  # a repository that has blobs and no tag yet
            for tag in tags:
                yield self.repository(name), tag


class Repository:
    def __init__(self, registry, name):
        self.registry = registry
        self.name = name

    def __str__(self):
        return "%s/%s" % (self.registry, self.name)

    def manifest(self, reference):
        return self.registry.get("/v2/%s/manifests/%s" % (self.name, reference))

    def blob_digest(self, digest):
        hasher, size = hashlib.sha256(), 0
        try:
            with self.registry.open("/v2/%s/blobs/%s" % (self.name, digest)) as answer:
                for part in iter(lambda: answer.read(1 << 20), b""):
                    hasher.update(part)
                    size += len(part)
        except urllib.error.HTTPError as error:
            raise Damage("%s: blob %s: status %d" % (self, digest, error.code)) from error
        return "sha256:" + hasher.hexdigest(), size


class Layout:
    """An OCI image layout in a folder; also its own one repository."""

    def __init__(self, folder):
        self.folder = folder
        try:
            with open(os.path.join(folder, "oci-layout"), "rb") as marker:
                if json.load(marker)["imageLayoutVersion"] != "1.0.0":
                    raise Damage("%s: not layout version 1.0.0" % folder)
            with open(os.path.join(folder, "index.json"), "rb") as index:
                self.index = json.load(index)
        except OSError as error:
            raise Damage("%s is no OCI layout: %s" % (folder, error)) from error

    def __str__(self):
        return "oci:" + self.folder

    def path(self, digest):
        return os.path.join(self.folder, "blobs", *digest.split(":"))

    def read(self, digest):
        try:
            with open(self.path(digest), "rb") as blob:
                return blob.read()
        except OSError as error:
            raise Damage("%s: %s" % (self, error)) from error

    def manifest(self, reference):
        if reference.startswith("sha256:"):
            return self.read(reference)
        found = [entry for entry in self.index["manifests"]
                 if entry.get("annotations", {}).get(
                     "org.opencontainers.image.ref.name") == reference]
        if len(found) != 1:
            raise Damage("%s: %d entries for %s" % (self, len(found), reference))
        data = self.read(found[0]["digest"])
        if (sha256(data), len(data)) != (found[0]["digest"], found[0]["size"]):
            raise Damage("%s: %s is not what index.json says" % (self, reference))
        return data

    def blob_digest(self, digest):
        data = self.read(digest)
        return sha256(data), len(data)

    def references(self):
        for entry in self.index["manifests"]:
            name = entry.get("annotations", {}).get("org.opencontainers.image.ref.name")
            yield self, name or entry["digest"]


class Walk:
    """Fetches everything below a manifest and says what it found."""

    def __init__(self, store, foreign):
        self.store = store
        self.foreign = foreign
        self.manifests = {}
        self.blobs = {}

    def manifest(self, reference, expected=None):
        if expected and expected["digest"] in self.manifests:
            return
        data = self.store.manifest(reference)
        if expected and (sha256(data), len(data)) != (expected["digest"], expected["size"]):
            raise Damage("%s: manifest %s is damaged" % (self.store, reference))
        self.manifests[sha256(data)] = data
        document = json.loads(data)
        for child in document.get("manifests", []):
            self.manifest(child["digest"], child)
        if "config" in document:
            self.blob(document["config"])
        for blob in document.get("layers", []):
            self.blob(blob)

    def blob(self, blob):
        digest = blob["digest"]
        if digest in self.blobs or (blob.get("urls") and not self.foreign):
            return
        found = self.store.blob_digest(digest)
        if found != (digest, blob["size"]):
            raise Damage("%s: blob %s of %d bytes is %s of %d bytes" % (
                self.store, digest, blob["size"], *found))
        self.blobs[digest] = blob["size"]


def parse_reference(text, options):
    if text.startswith("oci:"):
        folder, tag = text[4:].rsplit(":", 1)
        return Layout(folder), tag
    parts = urllib.parse.urlsplit(text)
    mark = "@" if "@" in parts.path else ":"
    name, reference = parts.path[1:].split(mark, 1)
    registry = Registry("%s://%s" % (parts.scheme, parts.netloc), options)
    return registry.repository(name), reference


def walk(text, options):
    store, reference = parse_reference(text, options)
    result = Walk(store, options.foreign)
    result.manifest(reference)
    return result


def same(options):
    source = walk(options.references[0], options)
    target = walk(options.references[1], options)
    if source.manifests != target.manifests:
        raise Damage("manifests differ: %s at %s, %s at %s" % (
            sorted(source.manifests), source.store, sorted(target.manifests), target.store))
    if source.blobs != target.blobs:
        raise Damage("blobs differ: %s, %s" % (source.blobs, target.blobs))
    return "the same: %d manifests, %d blobs, %d bytes" % (
        len(source.manifests), len(source.blobs), sum(source.blobs.values()))


def hash_files(paths, name_of):
    for path in paths:
        with open(path, "rb") as blob:
            if hashlib.sha256(blob.read()).hexdigest() != name_of(path):
                raise Damage("%s does not have the digest of its name" % path)


def whole(options):
    text = options.references[0]
    if text.startswith("oci:"):
        store = Layout(text[4:])
        hash_files(glob.glob(os.path.join(glob.escape(store.folder), "blobs/sha256/*")),
                   os.path.basename)
    else:
        store = Registry(text, options)
    if options.root:
        pattern = "docker/registry/v2/blobs/sha256/*/*/data"
        hash_files(glob.glob(os.path.join(glob.escape(options.root), pattern)),
                   lambda path: path.split("/")[-2])
    count = 0
    for part, reference in store.references():
        Walk(part, options.foreign).manifest(reference)
        count += 1
    return "whole: %d tags" % count


def digest(options):
    store, reference = parse_reference(options.references[0], options)
    return sha256(store.manifest(reference))


def main():
    parser = argparse.ArgumentParser(description="judges copies")
    parser.add_argument("action", choices=["same", "whole", "digest"])
    parser.add_argument("references", nargs="+")
    parser.add_argument("--user", help="NAME:PASSWORD")
    parser.add_argument("--ca")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--root", help="storage folder of the registry, to hash every file in it")
    parser.add_argument("--foreign", action="store_true", help="foreign layers must be there too")
    options = parser.parse_args()
    try:
        print({"same": same, "whole": whole, "digest": digest}[options.action](options))
    except (Damage, OSError, ValueError, KeyError) as error:
        sys.exit("verify.py: %s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
