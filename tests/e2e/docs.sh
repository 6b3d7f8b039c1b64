#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The documentation says what the program does: options, commands, links, and the schemas of what
# it writes for other programs.
. "$(dirname "$0")/lib.sh"
requires mandoc
python3 -c 'import jsonschema; jsonschema.Draft202012Validator' 2>"$WORK/import" ||
    bail "needs Python's jsonschema, 4.0 or later (Debian: python3-jsonschema);" \
        "./check installs everything that the tests need"

DOCS=$OCYNC_TEST_SOURCE/docs
CONF=$OCYNC_TEST_SOURCE/conf

# ---- The man pages ------------------------------------------------------------------------------

for page in "$DOCS"/*.[1357]; do
    check "${page##*/}: no complaint of mandoc" mandoc -T lint -W warning "$page"
done

# Options by name, argument and default, commands, and examples: program and page say the same.
cat >"$WORK/pages.py" <<'END'
import glob, os, re, shlex, subprocess, sys

program, root = sys.argv[1:]
wrong = []
looked_at = 0


def asked(*words):
    return subprocess.run([program, *words, "--help"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def of_help(text):
    """name -> (argument, default, letter), of one or more sections of --help."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"  (?:-(\w), |    )--([\w-]+)(?: (\S+))?\s+(.*)$", line)
        if match:
            letter, name, argument, sentence = match.groups()
            default = re.search(r"\(default ([^;)]+)", sentence)
            found[name] = (argument, default and default.group(1), letter)
    return found


def source_of(page):
    with open(os.path.join(root, "docs", page), encoding="utf-8") as file:
        return file.read()


def of_page(text):
    """The same of a page; the default may stand anywhere in the text of the item."""
    found = {}
    for item in re.split(r"^\.It ", text, flags=re.M)[1:]:
        heading, _, body = item.partition("\n")
        if not heading.startswith("Fl "):
            continue
        letter = re.search(r"Fl (\w)\b", heading)
        for match in re.finditer(r"Fl -([\w-]+)(?: Ar (\S+))?", heading):
            found[match.group(1)] = (match.group(2), body, letter and letter.group(1))
    return found


def compare(page, wanted, found):
    global looked_at
    for name in sorted(wanted.keys() | found.keys()):
        looked_at += 1
        if name not in found:
            wrong.append("%s does not document --%s" % (page, name))
        elif name not in wanted:
            wrong.append("%s documents --%s, which does not exist" % (page, name))
        else:
            (argument, default, letter), (theirs, body, their_letter) = wanted[name], found[name]
            if (argument, letter) != (theirs, their_letter):
                wrong.append("%s: --%s: -%s %s in the program, -%s %s in the page" % (
                    page, name, letter, argument, their_letter, theirs))
            if default and not re.search(r"The default is %s\b" % re.escape(default), body):
                wrong.append("%s: --%s: the default %s is not in its text" % (
                    page, name, default))


def mentioned(page, text, known):
    for name in set(re.findall(r"\bFl -([\w-]+\w)", text)) - known - {"version"}:
        wrong.append("%s mentions --%s, which does not exist" % (page, name))


def look_at_example(place, words):
    """A line that begins with ocync: its command and options exist."""
    global looked_at
    looked_at += 1
    command, known = None, set(globals_) | {"version"}
    for word in words[1:]:
        if word.startswith("--") and word[2:].split("=")[0] not in known | every_option:
            wrong.append("%s: there is no %s" % (place, word))
        elif not word.startswith("-") and word in commands and not command:
            command = word
    for word in words[1:]:
        if command and word.startswith("--") and \
                word[2:].split("=")[0] not in known | options_of[command].keys():
            wrong.append("%s: ocync %s has no %s" % (place, command, word))
    if len(words) > 1 and not command and words[-1] not in ("--help", "--version", "help"):
        wrong.append("%s: no command in: %s" % (place, " ".join(words)))


def look_at_markdown(name):
    """Lines of code blocks, and links to files of the tree."""
    global looked_at
    path = os.path.join(root, name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for line in re.findall(r"^(?:    |\t)(?:\$ )?((?:\./|ocync\b).*)$", text, flags=re.M):
        words = shlex.split(line, comments=True)
        if words[0] == "ocync":
            look_at_example(name, words)
        elif words[0] != "./configure":
            looked_at += 1
            if not os.path.exists(os.path.join(root, words[0])):
                wrong.append("%s: there is no %s" % (name, words[0]))
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        looked_at += 1
        if not os.path.exists(os.path.join(os.path.dirname(path), link)):
            wrong.append("%s: the link to %s leads nowhere" % (name, link))


overview = asked()
globals_ = of_help(overview)
commands = re.findall(r"^  ([a-z]+) +\S", overview.split("Commands:")[1].split("\n\n")[0],
                      flags=re.M)
options_of, aliases = {}, {}
for command in commands:
    text = asked(command)
    own, _, common = text.partition("\nGlobal options:\n")
    options_of[command] = of_help(own)
    if of_help(common) != globals_:
        wrong.append("ocync %s --help shows other global options than ocync --help" % command)
    alias = re.search(r"^Alias: (\w+)$", own, flags=re.M)
    if alias:
        aliases[alias.group(1)] = command
for alias, command in aliases.items():
    options_of[alias] = options_of[command]
    if not re.search(r"^\.Nm ocync %s$" % alias, source_of("ocync-%s.1" % command), flags=re.M):
        wrong.append("ocync-%s.1 does not name the alias %s" % (command, alias))
commands += aliases
every_option = {name for known in options_of.values() for name in known}

main = source_of("ocync.1")
compare("ocync.1", globals_, of_page(main))
mentioned("ocync.1", main, set(globals_) | every_option)
listed = re.findall(r"^\.It Cm (\w+)$", main, flags=re.M)
names = [command for command in commands if command not in aliases]
if sorted(listed) != sorted(names):
    wrong.append("ocync.1 lists the commands %s; there are %s" % (listed, names))
pages = {os.path.basename(path)[6:-2] for path in glob.glob(os.path.join(root, "docs/ocync-*.1"))}
if pages != set(names):
    wrong.append("there are pages of %s, and commands %s" % (sorted(pages), sorted(names)))
for command in sorted(pages & set(names)):
    page = "ocync-%s.1" % command
    text = source_of(page)
    compare(page, options_of[command], of_page(text))
    mentioned(page, text, set(globals_) | every_option)
for path in sorted(glob.glob(os.path.join(root, "docs/*.[1357]"))):
    for line in re.findall(r"^\.Dl (ocync .*)$", source_of(os.path.basename(path)), flags=re.M):
        look_at_example(os.path.basename(path), shlex.split(line.replace("\\&", "")))
codes = re.search(r"^\.Sh EXIT STATUS\n(.*?)^\.Sh ", main, flags=re.M | re.S).group(1)
if re.findall(r"\d+", " ".join(re.findall(r"^\.It (.*)$", codes, flags=re.M))) != \
        "130 143 5 3 4 2 1 0".split():
    wrong.append("ocync.1: the exit codes are others than those of the program")

for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] + \
        ["docs/" + os.path.basename(path) for path in glob.glob(os.path.join(root, "docs/*.md"))]:
    look_at_markdown(name)

if looked_at < 80:
    wrong.append("only %d things were looked at" % looked_at)
print("\n".join(wrong) if wrong else "%d things are as they are written" % looked_at)
sys.exit(1 if wrong else 0)
END
check "options, commands, examples and links" \
    python3 "$WORK/pages.py" "$OCYNC" "$OCYNC_TEST_SOURCE"

# ---- The schemas --------------------------------------------------------------------------------

cat >"$WORK/validate.py" <<'END'
"""validate.py SCHEMA lines|document FILE: each line, or the whole file, fits the schema.
validate.py SCHEMA strict FILE: what fits no longer does when a member is added, or one that must
be there is taken away."""
import copy, json, sys
from jsonschema import Draft202012Validator

schema_path, mode, path = sys.argv[1:]
with open(schema_path, encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
with open(path, encoding="utf-8") as file:
    text = file.read()
documents = [json.loads(part) for part in (text.splitlines() if mode == "lines" else [text])]
if mode != "strict":
    for document in documents:
        for error in validator.iter_errors(document):
            sys.exit("%s\n%s" % (json.dumps(document), error.message))
    sys.exit(0 if documents else "nothing to look at")

# What is left out when it never became known.
OPTIONAL = {("images", 0, "digest")}
if documents[0].get("event") == "image-end":
    OPTIONAL.add(("digest",))


def objects(node, way=()):
    if isinstance(node, dict):
        yield way, node
    for key, child in (node.items() if isinstance(node, dict) else
                       enumerate(node) if isinstance(node, list) else ()):
        yield from objects(child, (*way, key))


def at(document, way):
    for key in way:
        document = document[key]
    return document


for way, node in objects(documents[0]):
    more = copy.deepcopy(documents[0])
    at(more, way)["more"] = 1
    if validator.is_valid(more):
        sys.exit("the schema allows any member in %s" % (way,))
    for key in node:
        less = copy.deepcopy(documents[0])
        del at(less, way)[key]
        if (*way, key) not in OPTIONAL and validator.is_valid(less):
            sys.exit("the schema does not want %s in %s" % (key, way))
END

EVENTS=$WORK/events
: >"$EVENTS"

# copied WHAT STATUS WORD ARGUMENT...: the report fits its schema and has this status.
copied()
{
    local what=$1 status=$2 word=$3
    shift 3
    expect_run "$what" "$status" --events "$EVENTS" copy --json "$@"
    check "$what: the report fits the schema" \
        python3 "$WORK/validate.py" "$CONF/report.schema.json" document "$OUT"
    equal "$what: the report says" "$word" \
        "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["images"][0]["status"]["status"])' \
            <"$OUT")"
}

"$E2E/images.py" layout two-platforms "$WORK/images:two" >"$WORK/pushed"
"$E2E/images.py" layout foreign-layer "$WORK/images:foreign" >"$WORK/pushed"
FROM=oci:$WORK/images
TO=oci:$WORK/copies
copied "a copy" 0 synced "$FROM:two" "$TO:two"
check "the report: the schema is exact" \
    python3 "$WORK/validate.py" "$CONF/report.schema.json" strict "$OUT"
copied "a copy, again" 0 skipped "$FROM:two" "$TO:two"
copied "one platform of it" 0 synced --platform linux/arm64 "$FROM:two" "$TO:arm64"
copied "a copy without its foreign layer" 0 synced "$FROM:foreign" "$TO:foreign"
copied "a dry run" 0 planned --dry-run "$FROM:two" "oci:$WORK/elsewhere:two"
check "a dry run writes nothing" test ! -e "$WORK/elsewhere"
copied "a tag that is not there" 2 failed "$FROM:nine" "$TO:nine"
closed=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
copied "nobody listens" 2 failed --retries 1 "127.0.0.1:$closed/app:v1" "$TO:app"

"$E2E/images.py" layout one-blob "$WORK/damaged:v1" >"$WORK/pushed"
blob=$(find "$WORK/damaged/blobs/sha256" -type f -size +50k)
printf X | dd of="$blob" bs=1 seek=100 conv=notrunc status=none
copied "a damaged blob" 2 failed "oci:$WORK/damaged:v1" "$TO:damaged"

check "every event fits the schema" \
    python3 "$WORK/validate.py" "$CONF/events.schema.json" lines "$EVENTS"

# strict_event PATTERN: the first event like it.
strict_event()
{
    grep -m 1 -E -- "$1" "$EVENTS" >"$WORK/strict" &&
        python3 "$WORK/validate.py" "$CONF/events.schema.json" strict "$WORK/strict"
}

for kind in image-start image-plan manifest blob-plan blob-start retry; do
    check "$kind: the schema is exact" strict_event "\"event\":\"$kind\""
done
for kind in blob-end image-end; do
    for outcome in copied failed; do
        check "$kind, $outcome: the schema is exact" \
            strict_event "\"event\":\"$kind\".*\"outcome\":\"$outcome\""
    done
done
