#!/usr/bin/env bash
# Installs what building (`build`), testing (`test`) or measuring (`bench`) needs on Debian 12, and says what it installs.
# Does nothing, and needs no network, when all of it is there.
set -euo pipefail

cd "$(dirname "$0")/.."
command -v swift >/dev/null || { echo "prepare: no Swift toolchain is on the PATH; expected Swift 6.2 or newer (swift.org)" >&2; exit 69; }

packages=(make g++ pkg-config libmbedtls-dev libgpiod-dev libbluetooth-dev libexpat1-dev libsqlite3-dev)
if [ "${1:-build}" = test ]; then
    packages+=(openssl libcoap3-bin prosody ejabberd libstrophe-dev python3 python3-venv procps iproute2 zbar-tools libxml2-utils)
fi

[ "${1:-build}" != bench ] || packages+=(libcoap3-dev util-linux)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    echo "prepare: installing ${missing[*]}"
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq || true
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ "${1:-build}" = test ]; then
    # The peers that come from PyPI, in a place of their own. The versions are those the tests were written against.
    venv=.build/venv
    wanted="aiocoap==0.4.17 cbor2==5.9.0 cryptography==48.0.0 slixmpp==1.17.0 jwcrypto==1.6.1"
    if [ "$(cat "$venv/wanted" 2>/dev/null)" != "$wanted" ]; then
        echo "prepare: installing $wanted into $venv"
        rm -rf "$venv"
        /usr/bin/python3 -m venv "$venv"
        # shellcheck disable=SC2086
        "$venv/bin/pip" install --quiet --disable-pip-version-check $wanted
        echo "$wanted" > "$venv/wanted"
    fi
fi
