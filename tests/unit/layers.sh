#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Arrows point down only: a file of the core may include headers of its own floor and of lower
# ones; a driver sees nothing but the installed header. And some functions are not used at all.
set -u
root=${OCYNC_TEST_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$root" || exit 1

python3 - "$@" <<'END'
import glob, re, sys

FLOORS = [["base"], ["net", "oci"], ["driver"], ["registry", "layout", "auth"],
          ["config", "select", "state"], ["pipeline", "admin"], ["report"], ["cmd"]]
FLOOR = {folder: number for number, folders in enumerate(FLOORS) for folder in folders}
MAIN = len(FLOORS) - 1
BANNED = ("strcpy strcat sprintf vsprintf strtok atoi atol strtol gets system popen alloca "
          "vfork").split()
# What may be used in one place only.
CONFINED = {"malloc": "core/base/alloc.c", "calloc": "core/base/alloc.c",
            "realloc": "core/base/alloc.c", "exit": "core/main.c"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
wrong = []


def without_comments(text):
    keep_lines = lambda match: "\n" * match.group().count("\n")
    text = re.sub(r"/\*.*?\*/", keep_lines, text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def look_at_includes(path, text):
    parts = path.split("/")
    mine = MAIN if path == "core/main.c" else FLOOR.get(parts[1])
    if mine is None:
        wrong.append("%s: its folder has no floor" % path)
        return
    for match in INCLUDE.finditer(text):
        folder = match.group(1).split("/")[0]
        place = "%s:%d" % (path, line_of(text, match.start()))
        if folder == "ocync":
            continue
        if folder not in FLOOR:
            wrong.append('%s: "%s": write it as floor/file.h' % (place, match.group(1)))
        elif FLOOR[folder] > mine:
            wrong.append('%s: "%s" lies on floor %d, above %d' % (
                place, match.group(1), FLOOR[folder], mine))


def look_at_calls(path, text):
    code = without_comments(text)
    for match in re.finditer(r"(?<![\w.>])([a-z_]\w*)\s*\(", code):
        name = match.group(1)
        if name in BANNED or CONFINED.get(name, path) != path:
            wrong.append("%s:%d: %s is not used here" % (
                path, line_of(code, match.start()), name))


files = sorted(glob.glob("core/**/*.[ch]", recursive=True))
for path in files:
    with open(path, encoding="utf-8") as source:
        text = source.read()
    look_at_includes(path, text)
    look_at_calls(path, text)
for path in sorted(glob.glob("plugins/**/*.[ch]", recursive=True)):
    with open(path, encoding="utf-8") as source:
        for match in INCLUDE.finditer(source.read()):
            if match.group(1) != "ocync/driver.h" and "/" in match.group(1):
                wrong.append('%s: a driver includes "%s"' % (path, match.group(1)))
if not files:
    wrong.append("no source was found")
print("\n".join(wrong) if wrong else "%d files look down only" % len(files))
sys.exit(1 if wrong else 0)
END
