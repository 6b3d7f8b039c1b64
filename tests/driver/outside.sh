#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A driver outside the tree builds with its own few lines of make, nothing but the header and the
# pkg-config file, in C and in C++; it exports one symbol.
set -eu
source=${OCYNC_TEST_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# As installed: the header by itself in a folder, and a pkg-config file that leads to it.
mkdir -p "$folder/include/ocync"
cp "$source/include/ocync/driver.h" "$folder/include/ocync/"
sed -e "s|^includedir=.*|includedir=$folder/include|" \
    -e "s|@plugindir@|$folder/plugins|" -e 's|@[a-z_]*@||g' \
    -e 's|@OCYNC_ABI_MAJOR@|1|; s|@OCYNC_ABI_MINOR@|0|; s|@PACKAGE_VERSION@|0|' \
    "$source/ocync-driver.pc.in" > "$folder/ocync-driver.pc"
export PKG_CONFIG_PATH=$folder
cp "$source/tests/driver/outside/"* "$folder/"
cd "$folder"
make -s
make -s install
test -f plugins/elsewhere.so

symbols=$(nm -D --defined-only elsewhere.so | awk '{print $NF}')
[ "$symbols" = ocync_driver_entry ] || { echo "exports: $symbols"; exit 1; }
readelf -n elsewhere.so | grep -q ocync || { echo "no note in elsewhere.so"; exit 1; }
echo "elsewhere.so is a driver"
