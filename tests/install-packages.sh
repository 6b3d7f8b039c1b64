# SPDX-License-Identifier: Apache-2.0
# install-packages.sh: what ./quickstart and ./check share: getting Debian packages. Sourced.

# To build ocync.
BUILD_PACKAGES=(
    gcc libc6-dev make autoconf automake libtool pkg-config ca-certificates
    libcurl4-openssl-dev libjansson-dev libssl-dev libpsl-dev libyaml-dev
    libsqlite3-dev
)

package_is_installed()
{
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

package_is_known()
{
    apt-cache show "$1" >/dev/null 2>&1
}

# with_services_off COMMAND...: some packages start a service when they are installed. RUNLEVEL=1
# keeps sysv-rc from that; where systemd runs, only a policy file does.
with_services_off()
{
    local policy=/usr/sbin/policy-rc.d status=0 ours=
    if [ -d /run/systemd/system ] && [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive "$@" || status=$?
    [ -z "$ours" ] || rm -f "$policy"
    return "$status"
}

# install_packages LOG PACKAGE...: installs those that are missing.
install_packages()
{
    local log=$1 package missing=() unknown=
    shift
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This script installs Debian packages and finds no dpkg and apt-get here." >&2
        echo "On another system, install the like of: $*" >&2
        return 1
    fi
    for package in "$@"; do
        package_is_installed "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "These Debian packages are missing, and only root can install them:" >&2
        echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
        return 1
    fi
    for package in "${missing[@]}"; do
        package_is_known "$package" || unknown=yes
    done
    if [ -n "$unknown" ]; then
        apt-get update >>"$log" 2>&1 || true
    fi
    if ! with_services_off apt-get install -y --no-install-recommends "${missing[@]}" \
        >>"$log" 2>&1; then
        # The lists may be too old: what they name is no longer there.
        apt-get update >>"$log" 2>&1
        if ! with_services_off apt-get install -y --no-install-recommends "${missing[@]}" \
            >>"$log" 2>&1; then
            tail -n 20 "$log" >&2
            echo "Debian packages could not be installed: ${missing[*]}" >&2
            return 1
        fi
    fi
}
