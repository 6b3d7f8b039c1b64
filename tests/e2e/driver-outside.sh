#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A driver from outside: ocync is installed, a driver is built against what was installed (with
# nothing but pkg-config) and dropped into a folder. It claims registry.example and sends it to
# another endpoint. It is loaded when its host is used, and only then: its constructor leaves a
# trace.
. "$(dirname "$0")/lib.sh"
requires make cc pkg-config aclocal autoconf

# ---- Installing and building --------------------------------------------------------------------

unset MAKEFLAGS MFLAGS MAKELEVEL
STAGE=$WORK/stage
check "make install" make -C "$OCYNC_TEST_BUILD" install "DESTDIR=$STAGE"
PC=$(find "$STAGE" -name ocync-driver.pc)
check "installed: the program" test -n "$(find "$STAGE" -path '*/bin/ocync' -type f -perm -100)"
equal "installed: one header" driver.h \
    "$(find "$STAGE" -path '*/include/*' -name '*.h' -printf '%f\n')"
check "installed: a driver" test -n "$(find "$STAGE" -path '*/ocync/plugins/generic-oci.so')"
equal "installed: no leftovers of libtool" "" "$(find "$STAGE" -name '*.a')"
check "installed: man pages" test -n "$(find "$STAGE" -path '*/man1/ocync.1')"

export PKG_CONFIG_PATH=${PC%/*} PKG_CONFIG_SYSROOT_DIR=$STAGE
equal "pkg-config: the ABI" 1 "$(pkg-config --variable=abi_major ocync-driver)"

start_registry source
start_registry target
S=${LISTEN_OF[source]}
T=${LISTEN_OF[target]}
mkdir "$WORK/outside" "$WORK/drivers"
cp "$OCYNC_TEST_SOURCE"/tests/driver/outside/* "$WORK/outside/"
check "the driver builds with pkg-config alone" make -C "$WORK/outside" "API_HOST=$T"
cp "$WORK/outside/elsewhere.so" "$WORK/drivers/"

# ---- Using it -------------------------------------------------------------------------------------

push_image two-platforms source app:v1
export ELSEWHERE_LOADED=$WORK/loaded
with=(--plugin-dir "$WORK/drivers")

expect_run "plugin list" 0 "${with[@]}" plugin list
check "plugin list names it" grep -q 'elsewhere.*registry\.example' "$OUT"
check "plugin list does not load it" test ! -e "$WORK/loaded"

expect_run "a copy between other hosts" 0 "${with[@]}" copy "$S/app:v1" "$T/other:v1"
check "a copy between other hosts does not load it" test ! -e "$WORK/loaded"

forget target
expect_run "a copy to its host" 0 "${with[@]}" copy "$S/app:v1" registry.example/team/app:v1
check "a copy to its host loads it" test -e "$WORK/loaded"
same "it went to the other endpoint" "http://$S/app:v1" "http://$T/team/app:v1"
expect_run "a copy from its host" 0 "${with[@]}" copy registry.example/team/app:v1 \
    "oci:$WORK/layout:v1"
same "it came from the other endpoint" "http://$S/app:v1" "oci:$WORK/layout:v1"

rm "$WORK/loaded"
expect_error "without the folder the host is nowhere" 2 'registry\.example' \
    copy --retries 0 "$S/app:v1" registry.example/team/app:v2
check "without the folder it is not loaded" test ! -e "$WORK/loaded"

# ---- Who may write there --------------------------------------------------------------------------

chmod 666 "$WORK/drivers/elsewhere.so"
expect_error "a driver that others may write is refused" 5 'elsewhere\.so' "${with[@]}" \
    copy "$S/app:v1" registry.example/team/app:v3
check "a refused driver is not loaded" test ! -e "$WORK/loaded"
expect_run "unless its folder is trusted by name" 0 "${with[@]}" \
    --plugin-trust-dir "$WORK/drivers" copy "$S/app:v1" registry.example/team/app:v3
chmod 644 "$WORK/drivers/elsewhere.so"

# The ABI major lies behind the owner in the note: a driver of another major is refused, unloaded.
rm "$WORK/loaded"
check "the same driver, of ABI 99" python3 - "$WORK/drivers/elsewhere.so" <<'END'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(struct.pack("<I", 1) + b"ocync\0\0\0") + 12
assert struct.unpack_from("<H", data, at)[0] == 1
struct.pack_into("<H", data, at, 99)
open(sys.argv[1], "wb").write(data)
END
expect_error "another ABI major is refused" 5 'elsewhere.*99' "${with[@]}" \
    copy "$S/app:v1" registry.example/team/app:v4
check "another ABI major is not loaded" test ! -e "$WORK/loaded"

# ---- The macro for configure ------------------------------------------------------------------------

# configured ABI: makes and runs a configure script that asks for this ABI.
configured()
{
    rm -rf "$WORK/project"
    mkdir "$WORK/project"
    cd "$WORK/project" || return 1
    printf 'AC_INIT([x],[1])\nAC_PROG_CC\nOCYNC_DRIVER_CHECK([%s])\n%s\nAC_OUTPUT\n' "$1" \
        'AC_CONFIG_FILES([result])' >configure.ac
    echo '@OCYNC_DRIVER_CFLAGS@ @OCYNC_PLUGINDIR@' >result.in
    aclocal -I "$(dirname "$(find "$STAGE" -name ocync.m4)")" && autoconf &&
        ./configure && grep -q -- '-I.*/include .*/ocync/plugins' result
}
check "OCYNC_DRIVER_CHECK accepts this ABI" configured 1.0
if (configured 2.0) >"$OUT" 2>&1; then
    not_ok "OCYNC_DRIVER_CHECK refuses another ABI" "$OUT"
else
    check "OCYNC_DRIVER_CHECK refuses another ABI with a sentence" \
        grep -q 'needs driver ABI 2.0, but the installed ocync' "$OUT"
fi
