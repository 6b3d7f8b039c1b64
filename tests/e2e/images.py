#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the images that the end-to-end tests copy.

    images.py list
    images.py layout SHAPE DIR[:TAG] [--size BYTES]      into an OCI layout (added to what is there)
    images.py push SHAPE http://HOST/REPOSITORY:TAG [--size BYTES] [--user NAME:PASSWORD] [--ca F]
    images.py show SHAPE [--size BYTES]                  digests and sizes as JSON

The same shape is the same bytes in every run: content comes from a seed, archives carry no time.
Nothing here is shared with ocync, so that a mistake can't hide in both.
"""
import argparse
import base64
import gzip
import hashlib
import io
import json
import os
import random
import ssl
import struct
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request

OCI = "application/vnd.oci.image."
OCI_INDEX = OCI + "index.v1+json"
OCI_MANIFEST = OCI + "manifest.v1+json"
OCI_CONFIG = OCI + "config.v1+json"
OCI_LAYER = OCI + "layer.v1.tar+gzip"
OCI_LAYER_ZSTD = OCI + "layer.v1.tar+zstd"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER = "application/vnd.docker."
DOCKER_LIST = DOCKER + "distribution.manifest.list.v2+json"
DOCKER_MANIFEST = DOCKER + "distribution.manifest.v2+json"
DOCKER_CONFIG = DOCKER + "container.image.v1+json"
DOCKER_LAYER = DOCKER + "image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN = DOCKER + "image.rootfs.foreign.diff.tar.gzip"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def compact(document):
    return json.dumps(document, separators=(",", ":")).encode()


def indented(document):
    """As other tools write it: a copy must keep these bytes, blanks and all."""
    return json.dumps(document, indent=3).encode()


class Image:
    """Blobs, manifests in the order in which they must be pushed, and the top one."""

    def __init__(self):
        self.blobs = {}
        self.manifests = []
        self.top = None

    def blob(self, data, media_type, **more):
        digest = digest_of(data)
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def manifest(self, document, writer=compact, **more):
        data = writer(document)
        self.manifests.append((digest_of(data), document["mediaType"], data))
        self.top = {"mediaType": document["mediaType"], "digest": digest_of(data),
                    "size": len(data)}
        return {**self.top, **more}


def noise(seed, size):
    return random.Random(seed).randbytes(size)


def tar_of(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def layer_bytes(seed, size=20000):
    plain = tar_of("data/" + seed, noise(seed, size))
    return gzip.compress(plain, compresslevel=1, mtime=0), digest_of(plain)


def zstd_stored(data):
    """A valid zstd frame without compression (the standard library has no zstd)."""
    out = struct.pack("<IBI", 0xFD2FB528, 0xA0, len(data))
    step = 128 * 1024
    for at in range(0, max(len(data), 1), step):
        part = data[at:at + step]
        last = at + step >= len(data)
        out += struct.pack("<I", len(part) << 3 | last)[:3] + part
    return out


def config_bytes(architecture, diff_ids, note):
    return compact({"architecture": architecture, "os": "linux",
                    "config": {"Labels": {"note": note}},
                    "rootfs": {"type": "layers", "diff_ids": diff_ids}})


def single(image, architecture, seeds, docker=False, note="", size=20000, **more):
    """One image of one platform; equal seeds are equal layers."""
    layers = [layer_bytes(seed, size) for seed in seeds]
    config = config_bytes(architecture, [diff for _, diff in layers], note)
    document = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": image.blob(config, DOCKER_CONFIG if docker else OCI_CONFIG),
        "layers": [image.blob(data, DOCKER_LAYER if docker else OCI_LAYER) for data, _ in layers],
    }
    return image.manifest(document, indented if docker else compact, **more)


def platform(architecture, **more):
    return {"platform": {"architecture": architecture, "os": "linux", **more}}


def index(image, children, docker=False, **more):
    return image.manifest({"schemaVersion": 2, "mediaType": DOCKER_LIST if docker else OCI_INDEX,
                           "manifests": children, **more}, indented)


# ---- Shapes ---------------------------------------------------------------------------------


def shape_two_platforms(image, _):
    """an index of two platforms that share layers"""
    children = [single(image, "amd64", ["base", "common", "amd64"], **platform("amd64")),
                single(image, "arm64", ["base", "common", "arm64"],
                       **platform("arm64", variant="v8"))]
    index(image, children, annotations={"org.opencontainers.image.title": "two platforms"})


def shape_docker_list(image, _):
    """a Docker schema 2 manifest list"""
    children = [single(image, "amd64", ["base", "d1"], docker=True, **platform("amd64")),
                single(image, "arm", ["base", "d2"], docker=True, **platform("arm", variant="v7"))]
    index(image, children, docker=True)


def shape_docker_single(image, _):
    """one Docker schema 2 image"""
    single(image, "amd64", ["base", "d3"], docker=True)


def shape_subject(image, _):
    """an artifact that names another manifest as its subject"""
    subject = single(image, "amd64", ["base"])
    payload = image.blob(b'{"spdx":"a list of parts"}', "application/spdx+json")
    image.manifest({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                    "artifactType": "application/spdx+json",
                    "config": image.blob(b"{}", OCI_EMPTY), "layers": [payload],
                    "subject": subject})


def shape_nested_index(image, _):
    """an index inside an index"""
    inner = index(image, [single(image, "amd64", ["base", "n1"], **platform("amd64")),
                          single(image, "arm64", ["base", "n2"], **platform("arm64"))])
    index(image, [inner, single(image, "s390x", ["n3"], **platform("s390x"))])


def shape_duplicate_layer(image, _):
    """an image that has the same layer twice"""
    single(image, "amd64", ["base", "twice", "twice", "end"])


def shape_no_layers(image, _):
    """an image without layers"""
    single(image, "amd64", [])


def shape_empty_blob(image, _):
    """an image with a layer of 0 bytes"""
    config = config_bytes("amd64", [digest_of(b"")], "empty")
    image.manifest({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                    "config": image.blob(config, OCI_CONFIG),
                    "layers": [image.blob(b"", OCI + "layer.v1.tar")]})


def shape_many_layers(image, _):
    """120 layers"""
    single(image, "amd64", ["m%d" % n for n in range(120)], size=600)


def shape_zstd(image, _):
    """an image with a zstd layer"""
    plain = tar_of("data/z", noise("z", 200000))
    config = config_bytes("amd64", [digest_of(plain)], "zstd")
    image.manifest({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                    "config": image.blob(config, OCI_CONFIG),
                    "layers": [image.blob(zstd_stored(plain), OCI_LAYER_ZSTD)]})


def shape_chart(image, _):
    """a Helm chart as an artifact"""
    chart = gzip.compress(tar_of("chart/Chart.yaml", b"name: chart\nversion: 1.0.0\n"), mtime=0)
    config = compact({"name": "chart", "version": "1.0.0", "apiVersion": "v2"})
    image.manifest({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                    "config": image.blob(config, "application/vnd.cncf.helm.config.v1+json"),
                    "layers": [image.blob(
                        chart, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")]})


def shape_empty_config(image, _):
    """an artifact with the empty descriptor as its config and its layer"""
    empty = image.blob(b"{}", OCI_EMPTY)
    image.manifest({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                    "artifactType": "application/vnd.example.thing", "config": empty,
                    "layers": [empty], "annotations": {"thing": "nothing but annotations"}})


def shape_attestations(image, _):
    """an index whose images have attestations beside them"""
    children = []
    for architecture in ("amd64", "arm64"):
        child = single(image, architecture, ["base", "t-" + architecture],
                       **platform(architecture))
        statement = image.blob(compact({"_type": "statement", "for": architecture}),
                               "application/vnd.in-toto+json",
                               annotations={"in-toto.io/predicate-type": "https://slsa.dev/x"})
        config = config_bytes("unknown", [], "attestation of " + architecture)
        proof = image.manifest({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                                "config": image.blob(config, OCI_CONFIG), "layers": [statement]})
        children += [child, {**proof, "annotations": {
            "vnd.docker.reference.digest": child["digest"],
            "vnd.docker.reference.type": "attestation-manifest"},
            "platform": {"architecture": "unknown", "os": "unknown"}}]
    index(image, children)


def shape_foreign_layer(image, _, held=False):
    """a Docker image with a layer that lives elsewhere"""
    data, diff = layer_bytes("foreign")
    if held:
        image.blob(data, DOCKER_FOREIGN)
    own, own_diff = layer_bytes("own")
    config = config_bytes("amd64", [diff, own_diff], "foreign")
    image.manifest({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST,
                    "config": image.blob(config, DOCKER_CONFIG),
                    "layers": [{"mediaType": DOCKER_FOREIGN, "digest": digest_of(data),
                                "size": len(data), "urls": ["https://foreign.example/layer"]},
                               image.blob(own, DOCKER_LAYER)]})


def shape_foreign_held(image, _):
    """the same, with the foreign layer at hand"""
    shape_foreign_layer(image, _, held=True)


def shape_six_blobs(image, _):
    """one platform, five layers and a config"""
    single(image, "amd64", ["s1", "s2", "s3", "s4", "s5"])


def shape_one_blob(image, size):
    """a config and one layer of --size bytes that does not compress"""
    data = noise("one", size)
    config = config_bytes("amd64", [digest_of(data)], "one blob")
    image.manifest({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                    "config": image.blob(config, OCI_CONFIG),
                    "layers": [image.blob(data, OCI + "layer.v1.tar")]})


SHAPES = {name[6:].replace("_", "-"): function
          for name, function in list(globals().items()) if name.startswith("shape_")}


def build(shape, size):
    image = Image()
    SHAPES[shape](image, size)
    return image


# ---- Into a layout --------------------------------------------------------------------------


def write_layout(image, where):
    folder, _, tag = where.partition(":")
    blobs = os.path.join(folder, "blobs", "sha256")
    os.makedirs(blobs, exist_ok=True)
    everything = dict(image.blobs)
    everything.update({digest: data for digest, _, data in image.manifests})
    for digest, data in everything.items():
        with open(os.path.join(blobs, digest.split(":")[1]), "wb") as out:
            out.write(data)
    with open(os.path.join(folder, "oci-layout"), "w", encoding="ascii") as out:
        out.write('{"imageLayoutVersion":"1.0.0"}')
    path = os.path.join(folder, "index.json")
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as old:
            document = json.load(old)
    name = {"org.opencontainers.image.ref.name": tag or "latest"}
    document["manifests"] = [entry for entry in document["manifests"]
                             if entry.get("annotations") != name]
    document["manifests"].append({**image.top, "annotations": name})
    with open(path, "wb") as out:
        out.write(compact(document))


# ---- Into a registry ------------------------------------------------------------------------


class Registry:
    def __init__(self, url, user=None, ca=None):
        parts = urllib.parse.urlsplit(url)
        self.base = "%s://%s" % (parts.scheme, parts.netloc)
        self.repository, self.tag = parts.path[1:].rsplit(":", 1)
        self.headers = {}
        if user:
            self.headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        self.context = ssl.create_default_context(cafile=ca) if ca else None

    def send(self, method, url, data=b"", media_type="application/octet-stream"):
        request = urllib.request.Request(
            urllib.parse.urljoin(self.base, url), data=data, method=method,
            headers={**self.headers, "Content-Type": media_type})
        try:
            return urllib.request.urlopen(request, context=self.context, timeout=60)
        except urllib.error.HTTPError as error:
            sys.exit("images.py: %s %s: %d %s" % (
                method, url, error.code, error.read(500).decode(errors="replace")))

    def push_blob(self, digest, data):
        with self.send("POST", "/v2/%s/blobs/uploads/" % self.repository) as answer:
            location = answer.headers["Location"]
        mark = "&" if "?" in location else "?"
        self.send("PUT", "%s%sdigest=%s" % (location, mark, digest), data).close()

    def push_manifest(self, reference, media_type, data):
        self.send("PUT", "/v2/%s/manifests/%s" % (self.repository, reference), data,
                  media_type).close()


def push(image, registry):
    for digest, data in image.blobs.items():
        registry.push_blob(digest, data)
    for digest, media_type, data in image.manifests:
        last = digest == image.top["digest"]
        registry.push_manifest(registry.tag if last else digest, media_type, data)


def show(image):
    return {"top": image.top,
            "manifests": [{"digest": digest, "mediaType": media_type, "size": len(data)}
                          for digest, media_type, data in image.manifests],
            "blobs": [{"digest": digest, "size": len(data)}
                      for digest, data in image.blobs.items()]}


def main():
    parser = argparse.ArgumentParser(description="makes test images")
    parser.add_argument("action", choices=["list", "layout", "push", "show"])
    parser.add_argument("shape", nargs="?", choices=sorted(SHAPES))
    parser.add_argument("where", nargs="?")
    parser.add_argument("--size", type=int, default=100000)
    parser.add_argument("--user")
    parser.add_argument("--ca")
    options = parser.parse_args()
    if options.action == "list":
        for name in sorted(SHAPES):
            print("%-16s %s" % (name, SHAPES[name].__doc__))
        return
    image = build(options.shape, options.size)
    if options.action == "layout":
        write_layout(image, options.where)
    elif options.action == "push":
        push(image, Registry(options.where, options.user, options.ca))
    else:
        json.dump(show(image), sys.stdout, indent=1)
        print()
    if options.action != "show":
        print(image.top["digest"])


if __name__ == "__main__":
    main()
