#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The house has floors, and arrows point down only: fails when a file under core/ includes a
# header of a higher floor than its own, when a driver uses more than the public header, and when
# a banned function is called. Reads $srcdir (default: the current folder).
set -u
export LC_ALL=C

srcdir=${srcdir:-.}
[ -d "$srcdir/core" ] || srcdir=$(dirname "$0")/../..
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

cat >"$work/check.awk" <<'AWK'
BEGIN {
    split("base=0 net=1 oci=1 driver=2 registry=3 layout=3 auth=3 config=4 select=4 state=4 " \
          "pipeline=5 admin=5 report=6 cmd=7", pairs, " ")
    for (i in pairs) {
        split(pairs[i], pair, "=")
        floors[pair[1]] = pair[2]
    }
    always = "strcpy strcat sprintf vsprintf gets strtok atoi atol atof strtol strtoul system " \
             "popen alloca"
    split(always, banned, " ")
    # The C library, as a driver may use it: nothing that reaches files, processes or threads.
    split("assert ctype errno float inttypes iso646 limits math stdalign stdarg stdbool stddef " \
          "stdint stdio stdlib stdnoreturn string strings time", names, " ")
    for (i in names)
        system_header[names[i] ".h"] = 1
}

function report(text) {
    printf "%s:%d: %s\n", file, FNR, text
}

# The floor of core/FOLDER/..., -1: none.
function floor_of(path,    parts) {
    if (path == "main.c")
        return 7
    split(path, parts, "/")
    return (parts[1] in floors && path ~ /\//) ? floors[parts[1]] : -1
}

function check_core_include(name, quoted,    theirs) {
    if (name == "config.h")
        return
    if (!quoted) {
        theirs = name ~ /^ocync\// ? floors["driver"] : floor_of(name)
        if (theirs >= 0 && name !~ /^ocync\//)
            report("<" name "> is a header of ours: write \"" name "\"")
    } else {
        theirs = name ~ /^ocync\// ? floors["driver"] : floor_of(name)
        if (theirs < 0) {
            report("\"" name "\" lies on no floor: write \"folder/file.h\"")
            return
        }
    }
    if (theirs > own)
        report("floor " own " includes \"" name "\" of floor " theirs)
}

# A driver's own headers, beside it, are read as its sources are.
function check_driver_include(name, quoted) {
    if (quoted && name !~ /\// && ((folder "/" name) in exists))
        return
    if (!quoted && (name == "ocync/driver.h" || name in system_header))
        return
    report("driver " driver " includes " (quoted ? "\"" name "\"" : "<" name ">") \
           ": only <ocync/driver.h> and the C library are allowed")
}

function check_include(line,    name, quoted) {
    if (line !~ /^[ \t]*#[ \t]*include[ \t]*[<"]/)
        return
    quoted = line ~ /^[ \t]*#[ \t]*include[ \t]*"/
    name = line
    sub(/^[^<"]*[<"]/, "", name)
    sub(/[>"].*/, "", name)
    if (driver != "")
        check_driver_include(name, quoted)
    else
        check_core_include(name, quoted)
}

# The line without comments, strings and characters.
function code_of(line,    out, at) {
    out = ""
    while (line != "") {
        if (in_comment) {
            at = index(line, "*/")
            if (!at)
                return out
            in_comment = 0
            line = substr(line, at + 2)
        } else if (match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/)) {
            out = out substr(line, 1, RSTART - 1) " "
            at = substr(line, RSTART, 2)
            if (at == "//")
                return out
            in_comment = at == "/*"
            line = substr(line, RSTART + RLENGTH)
        } else {
            return out line
        }
    }
    return out
}

# A call of the function itself: not a member of that name, not a part of a longer name.
function calls(code, name) {
    return code ~ ("(^|[^A-Za-z0-9_.>])" name "[ \t]*\\(")
}

function check_calls(code,    i) {
    for (i in banned)
        if (calls(code, banned[i]))
            report("calls " banned[i] ", which is banned")
    if (path != "base/alloc.c" && (calls(code, "malloc") || calls(code, "realloc")))
        report("calls malloc or realloc: use base/alloc.h")
    if (path != "main.c" && calls(code, "exit"))
        report("calls exit: only main.c may")
    if (path !~ /^(cmd|report)\// && calls(code, "printf"))
        report("calls printf: only core/cmd and core/report write results")
}

# First input: the list of files. All others: the files.
NR == FNR {
    exists[$0] = 1
    next
}

FNR == 1 {
    file = FILENAME
    in_comment = 0
    driver = ""
    path = substr(file, length(srcdir) + 2)
    folder = file
    sub(/\/[^\/]*$/, "", folder)
    if (path ~ /^plugins\//) {
        driver = path
        sub(/^plugins\//, "", driver)
        sub(/\/.*/, "", driver)
    } else {
        sub(/^core\//, "", path)
        own = floor_of(path)
        if (own < 0)
            report("lies on no floor: add its folder to the list")
    }
}

{
    if (!in_comment)
        check_include($0)
    code = code_of($0)
    if (driver == "" && own >= 0)
        check_calls(code)
}
AWK

# Prints what is wrong in a tree.
check_tree() {
    local dir=$1 folders=("$1/core")
    [ -d "$dir/plugins" ] && folders+=("$dir/plugins")
    find "${folders[@]}" -name '*.[ch]' | sort >"$work/files"
    [ -s "$work/files" ] || { echo "$dir: no sources found"; return; }
    xargs awk -v srcdir="$dir" -f "$work/check.awk" "$work/files" <"$work/files"
}

# Every rule must be able to fail: a tree with one offence a line, each marked, and none else.
make_bad_tree() {
    mkdir -p "$work/bad"/{core/{base,net,oci,cmd,attic},plugins/x}
    cd "$work/bad" || exit 1
    cat >core/net/a.c <<'C'
#include "base/str.h"
#include "oci/ref.h"
#include <string.h>
#include "config.h"
#include "driver/host.h"       // BAD
  #  include "report/text.h"   // BAD
#include "nowhere/x.h"         // BAD
#include "a.h"                 // BAD
#include <base/str.h>          // BAD
#include <ocync/driver.h>      // BAD
/* #include "cmd/x.h"
#include "cmd/x.h"
*/
void f(void)
{
    strcpy(a, b);              // BAD
    x = sprintf (a, "b");      // BAD
    if (!strtol(a, 0, 0))      // BAD
        exit(1);               // BAD
    p = malloc(1);             // BAD
    p = realloc(p, 2);         // BAD
    printf("x");               // BAD
    (void)system(a);           // BAD
    my_system(a), strcpy_s(a), _exit(1), xmalloc(1), snprintf(a, 1, "b"), fprintf(a, "b");
    host->printf(a), x.exit(1), strtoll(a, 0, 0);
    puts("strcpy(a, b) \" exit(1)"); // exit(1)
    c = '"'; /* exit(1); */ d = '"';
    /* exit(1);
       exit(1); */ exit(1);    // BAD
}
C
    printf 'void *p = malloc(1);\n' >core/base/alloc.c
    printf '#include "net/url.h" // BAD\n' >core/base/b.h
    printf '#include "pipeline/plan.h"\nint a = printf("x");\n' >core/cmd/c.c
    printf '#include "cmd/c.h"\nint main(void) { exit(0); }\nint b = printf("x"); // BAD\n' \
        >core/main.c
    printf '// BAD\n' >core/attic/d.c
    printf '#include <ocync/driver.h>\n#include <string.h>\n#include "own.h"\n%s\n%s\n%s\n%s\n' \
        '#include "ocync/driver.h" // BAD' '#include "base/str.h" // BAD' \
        '#include <base/str.h> // BAD' '#include <curl/curl.h> // BAD' >plugins/x/x.c
    printf '#include <unistd.h> // BAD\n' >plugins/x/own.h
    cd - >/dev/null || exit 1
}

make_bad_tree
found=$(check_tree "$work/bad" | cut -d: -f1,2 | sort -u)
wanted=$(grep -rn 'BAD$' "$work/bad" | cut -d: -f1,2 | sort -u)
if [ "$found" != "$wanted" ]; then
    echo "this test is broken: it finds (>) other lines than the marked ones (<)"
    diff <(echo "$wanted") <(echo "$found")
    exit 1
fi

problems=$(check_tree "$srcdir")
if [ -n "$problems" ]; then
    echo "$problems"
    exit 1
fi
echo "floors: $(wc -l <"$work/files") files in order"
