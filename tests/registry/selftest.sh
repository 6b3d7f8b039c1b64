#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves every switch and every fault of the scripted registry on the wire, with curl and skopeo.
# Usage: selftest.sh [SUBJECT...]; the binary comes from $SCRIPTED_REGISTRY.

set -u
here=$(cd "$(dirname "$0")" && pwd)
subjects=(program blobs uploads manifests lists auth token faults wire skopeo)
if [ $# -gt 0 ]; then
    subjects=("$@")
fi

. "$here/selftest/lib.sh"
for subject in "${subjects[@]}"; do
    note "$subject"
    . "$here/selftest/$subject.sh"
done
finish
