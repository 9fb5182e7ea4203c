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

[ "${1:-build}" != bench ] || packages+=(libcoap3-dev util-linux python3 python3-venv)

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

# What comes from PyPI, in a place of its own; does nothing when it is there in these versions.
from_pypi() { # from_pypi FOLDER PACKAGE==VERSION …
    local venv=$1
    shift
    [ "$(cat "$venv/wanted" 2>/dev/null)" != "$*" ] || return 0
    echo "prepare: installing $* into $venv"
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
    echo "$*" > "$venv/wanted"
}

case ${1:-build} in
# The peers of the tests: the versions that they were written against.
test) from_pypi .build/venv acmecse==2026.5.3 aiocoap==0.4.17 cbor2==5.9.0 cryptography==48.0.0 slixmpp==1.17.0 jwcrypto==1.5.8 ;;
# Those who read the same adverts in Benchmarks/advert-compare.py.
bench) from_pypi .build/bench-venv bumble==0.0.236 bthome-ble==3.25.0 ;;
esac
