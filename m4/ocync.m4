# ocync.m4: for projects that build a driver for ocync.                     -*- Autoconf -*-
# serial 1
# SPDX-License-Identifier: Apache-2.0

# OCYNC_DRIVER_CHECK([ABI])
# -------------------------
# Looks for the driver header of ocync and checks that it speaks the wanted ABI: the same major,
# and at least the minor ("1.0" when none is given). Stops configure with a sentence if not.
# Sets and substitutes OCYNC_DRIVER_CFLAGS (for the compiler) and OCYNC_PLUGINDIR (where ocync
# looks for drivers by itself).
AC_DEFUN([OCYNC_DRIVER_CHECK],
[AC_REQUIRE([PKG_PROG_PKG_CONFIG])dnl
PKG_CHECK_MODULES([OCYNC_DRIVER], [ocync-driver], [],
    [AC_MSG_ERROR([the driver header of ocync was not found: install ocync, or put the folder dnl
of ocync-driver.pc into PKG_CONFIG_PATH])])
AC_MSG_CHECKING([for ocync driver ABI m4_default([$1], [1.0])])
ocync_want_major=`echo "m4_default([$1], [1.0])" | sed 's/\..*//'`
ocync_want_minor=`echo "m4_default([$1], [1.0])" | sed -n 's/^@<:@0-9@:>@*\.//p'`
ocync_have_major=`$PKG_CONFIG --variable=abi_major ocync-driver`
ocync_have_minor=`$PKG_CONFIG --variable=abi_minor ocync-driver`
AC_MSG_RESULT([$ocync_have_major.$ocync_have_minor])
AS_IF([test "x$ocync_have_major" != "x$ocync_want_major" || dnl
test "$ocync_have_minor" -lt "${ocync_want_minor:-0}"],
    [AC_MSG_ERROR([this driver needs driver ABI m4_default([$1], [1.0]), but the installed ocync dnl
has $ocync_have_major.$ocync_have_minor: install an ocync of ABI $ocync_want_major])])
OCYNC_PLUGINDIR=`$PKG_CONFIG --variable=plugindir ocync-driver`
AC_SUBST([OCYNC_PLUGINDIR])
])
