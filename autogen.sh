#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes ./configure after a fresh clone (releases have it already).
set -e
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all "$@"
