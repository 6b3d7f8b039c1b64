#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The public header stands alone, in C11 and in C++17, with strict warnings; and the example in
# its manual compiles.
set -eu
source=${OCYNC_TEST_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
strict="-pedantic -Wall -Wextra -Wshadow -Wconversion -Werror -I$source/include"

echo '#include <ocync/driver.h>' > "$folder/alone.c"
# The example: what lies between .Bd -literal and .Ed under SYNOPSIS.
awk '/^\.Sh SYNOPSIS/ {on = 1} /^\.Sh DESCRIPTION/ {on = 0}
     on && /^\.Ed/ {body = 0} on && body {print} on && /^\.Bd -literal/ {body = 1}' \
    "$source/docs/ocync-driver.3" | sed -e 's/\\e/\\/g' -e 's/\\&//g' > "$folder/example.c"
grep -q OCYNC_DRIVER "$folder/example.c" || { echo "the manual has no example"; exit 1; }

# C++ knows no designated initializers before C++20: the fields in their order.
cat > "$folder/plain.cc" << 'END'
#include <ocync/driver.h>
static const ocync_driver plain = {
    OCYNC_DRIVER_MAGIC, OCYNC_ABI_MAJOR, OCYNC_ABI_MINOR, sizeof(ocync_driver),
    sizeof(ocync_option), "plain", "1.0", "plain.example", "MIT", "A driver in C++",
    nullptr, 0, nullptr, nullptr, nullptr, nullptr, nullptr};
OCYNC_DRIVER(plain, "plain", "1.0", "plain.example");
END

link="-fPIC -shared -fvisibility=hidden -Wl,-z,defs"
for file in alone example; do
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 $strict $link -o "$folder/$file.so" "$folder/$file.c"
done
if command -v c++ > /dev/null; then
    # shellcheck disable=SC2086
    c++ -std=c++17 $strict $link -o "$folder/plain.so" "$folder/plain.cc"
    readelf -n "$folder/plain.so" | grep -q ocync || { echo "no note in plain.so"; exit 1; }
fi
echo "the header compiles in C11 and in C++17, and so does the manual's example"
