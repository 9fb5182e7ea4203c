#!/usr/bin/env bash
# Builds the daemon against the libraries of Debian 13, libgpiod 2 and mbedTLS 3.6, on Debian 12 with libgpiod 1 and
# mbedTLS 2.28. Their packages are unpacked into a private folder and put in front of the system's; nothing is installed.
# They run on Debian 12's C library.
#
#   rig/debian13.sh FOLDER     prints nothing but what it does; the programs are then in FOLDER/programs
#
# Exit status: 0 built, 1 does not build, 77 the packages cannot be had here (the reason is printed).
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)

skip() {
    echo "debian13: skipped: $*" >&2
    exit 77
}

# MARK: The packages

root=$work/root
if [ ! -e "$work/unpacked" ]; then
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n -e 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([a-z]*:[^ ]*\).*/\2/p' -e 's/^URIs: *\([^ ]*\).*/\1/p' |
        grep -m 1 '/debian/*$' || true)
    [ -n "$mirror" ] || skip "the apt sources name no mirror of Debian"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -e "$keyring" ] || skip "there is no $keyring"
    rm -rf "$work/apt" "$work/debs" "$root"
    mkdir -p "$work/apt/sources" "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/debs"
    : >"$work/apt/status"
    printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' "$mirror" "$keyring" \
        >"$work/apt/sources/trixie.sources"
    private_apt() {
        apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/apt/sources" \
            -o Dir::State::lists="$work/apt/lists" -o Dir::State::status="$work/apt/status" \
            -o Dir::Cache="$work/apt/cache" -o Acquire::Languages=none -o Acquire::Retries=1 \
            -o APT::Sandbox::User=root "$@" >>"$work/apt/log" 2>&1
    }
    private_apt update || skip "the mirror has no trixie, or cannot be reached: $(tail -n 1 "$work/apt/log")"
    (cd "$work/debs" && private_apt download libmbedtls-dev libmbedtls21 libmbedx509-7 libmbedcrypto16 libgpiod-dev \
        libgpiod3) || skip "the packages cannot be had: $(tail -n 1 "$work/apt/log")"
    for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$root"; done
    touch "$work/unpacked"
fi
include=$root/usr/include
library=$root/usr/lib/$(gcc -print-multiarch)
grep -q GPIOD_LINE_BULK_MAX_LINES "$include/gpiod.h" && skip "the package holds libgpiod 1"
[ -e "$include/mbedtls/build_info.h" ] || skip "the package holds mbedTLS 2"

# MARK: The daemon

echo "debian13: building the daemon with $(basename "$work"/debs/libgpiod3_*.deb .deb | cut -d_ -f1,2) and" \
    "$(basename "$work"/debs/libmbedtls21_*.deb .deb | cut -d_ -f1,2)"
cd "$repository"
# The libraries are found again where they were linked: a run path, for the daemon is started without this environment.
swift build --scratch-path "$work/build" --product gatehouse \
    -Xcc "-I$include" -Xlinker "-L$library" -Xlinker -rpath -Xlinker "$library" >"$work/build.log" 2>&1 ||
    { tail -n 30 "$work/build.log" >&2 && exit 1; }
mkdir -p "$work/programs"
ln -sfn "$(swift build --scratch-path "$work/build" --show-bin-path)/gatehouse" "$work/programs/gatehouse"
ln -sfn "$(swift build --show-bin-path)/gatehouse-cloud" "$work/programs/gatehouse-cloud"
for wanted in libgpiod.so.3 libmbedtls.so.21; do
    ldd "$work/programs/gatehouse" | grep "$wanted => $library" >/dev/null ||
        { echo "debian13: the daemon is not linked with $wanted" >&2 && exit 1; }
done
