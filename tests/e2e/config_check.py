# SPDX-License-Identifier: Apache-2.0
"""What config.sh asks of the schema, with a validator and a YAML reader that are not ours.

config_check.py schema SCHEMA FILE...       each file fits the schema
config_check.py complete SCHEMA FULL PAGE   every key of the schema is in the example and the page
config_check.py closed SCHEMA FULL PROGRAM  no section takes an unknown key, every one takes x-
"""
import copy
import json
import os
import re
import subprocess
import sys
import tempfile

import jsonschema
import yaml

wrong = []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def load_schema(path):
    schema = json.loads(read(path))
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def complaints(schema, document):
    validator = jsonschema.Draft202012Validator(schema)
    return ["/".join(map(str, error.absolute_path)) + ": " + error.message[:200]
            for error in validator.iter_errors(document)]


def sections(schema):
    """name -> keys"""
    found = {"config": set(schema["properties"])}
    for name, definition in schema["$defs"].items():
        if "properties" in definition:
            found[name] = set(definition["properties"])
    return found


def maps_of(document):
    """(section, map) for every section in the document."""
    yield "config", document
    for name, section in (("global", "global"), ("plugins", "plugins"), ("defaults", "defaults")):
        yield section, document[name]
    for registry in document["registries"].values():
        yield "registry", registry
        if "credentials" in registry:
            yield "credentials", registry["credentials"]
    for mapping in document["mappings"]:
        yield "mapping", mapping
    for mapping in document["mappings"] + [document["defaults"]]:
        if isinstance(mapping.get("tags"), dict):
            yield "tags", mapping["tags"]
            if "rename" in mapping["tags"]:
                yield "rename", mapping["tags"]["rename"]
        if "artifacts" in mapping:
            yield "artifacts", mapping["artifacts"]


def check_schema(schema_path, *files):
    schema = load_schema(schema_path)
    for path in files:
        wrong.extend(path + ": " + c for c in complaints(schema, yaml.safe_load(read(path))))
    print(len(files), "files")


def check_complete(schema_path, full, page):
    schema = load_schema(schema_path)
    # "#key: value" stands for a key that this build has no driver for.
    text = re.sub(r"^(\s*)#(?=\w+:)", r"\1", read(full), flags=re.M)
    document = yaml.safe_load(text)
    wrong.extend(full + ": " + c for c in complaints(schema, document))
    used = {}
    for section, keys in maps_of(document):
        used.setdefault(section, set()).update(keys)
    documented = set(re.findall(r"^\.It Cm (\w+)", read(page), flags=re.M))
    for section, keys in sections(schema).items():
        for key in sorted(keys):
            if key not in used.get(section, ()):
                wrong.append("%s: no %s has %s" % (full, section, key))
            if key not in documented:
                wrong.append("%s: %s of %s has no item" % (page, key, section))
    print(sum(map(len, sections(schema).values())), "keys")


def accepted(program, document):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(document, file)
        file.flush()
        return subprocess.run([program, "validate", "--quiet", file.name],
                              stderr=subprocess.DEVNULL).returncode == 0


def check_closed(schema_path, full, program):
    schema = load_schema(schema_path)
    document = yaml.safe_load(read(full))
    sections_seen = list(maps_of(document))
    for index, (section, _) in enumerate(sections_seen):
        for key, wanted in (("zzz", False), ("x-zzz", True)):
            changed = copy.deepcopy(document)
            list(maps_of(changed))[index][1][key] = {"any": ["thing"]}
            if (not complaints(schema, changed)) != wanted:
                wrong.append("the schema takes %s in %s: %s" % (key, section, not wanted))
            if accepted(program, changed) != wanted:
                wrong.append("ocync takes %s in %s: %s" % (key, section, not wanted))
    missing = set(sections(schema)) - {section for section, _ in sections_seen}
    wrong.extend("no %s was looked at" % section for section in missing)
    print(len(sections_seen), "maps")


{"schema": check_schema, "complete": check_complete, "closed": check_closed}[sys.argv[1]](
    *sys.argv[2:])
for sentence in wrong:
    print(sentence)
sys.exit(bool(wrong))
