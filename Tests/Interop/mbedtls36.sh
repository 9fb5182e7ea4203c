#!/bin/sh
# Builds CMbedTLS and TLS against mbedTLS 3.6 and runs the whole of TLSTests with it.
#
# The daemon is built on Debian 12, whose mbedTLS is 2.28; Debian 13 has 3.6. Here the packages of Debian 13 are
# unpacked into a private folder (nothing is installed) and put in front of the system's headers and libraries.
# That includes the shim before the library (docs/psk-shim.md): a handshake by pre-shared key with an identity hint, in
# process and with OpenSSL's client, and one with suite 0xFF00. A changed signature behind an unchanged name shows here.
# The packages come from the mirror that this machine's apt sources name.
#
#   Tests/Interop/mbedtls36.sh [FOLDER]     FOLDER is kept and used again; without one a temporary folder is used
#
# Exit status: 0 passed, 1 failed, 77 skipped (the packages cannot be had).
set -eu

skip() {
    echo "mbedtls36: skipped: $*" >&2
    exit 77
}

repository=$(cd "$(dirname "$0")/../.." && pwd)
if [ $# -gt 0 ]; then
    mkdir -p "$1"
    work=$(cd "$1" && pwd)
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi

for tool in apt-get dpkg-deb swift openssl; do
    command -v "$tool" >/dev/null 2>&1 || skip "there is no $tool"
done

# MARK: The packages

root=$work/root
triplet=$(gcc -print-multiarch 2>/dev/null || clang -print-multiarch 2>/dev/null || true)
[ -n "$triplet" ] || triplet=$(uname -m)-linux-gnu

if [ ! -e "$root/usr/include/mbedtls/build_info.h" ]; then
    # The first mirror of Debian's main archive in the sources, in the one-line or the deb822 form.
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n -e 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([a-z]*:[^ ]*\).*/\2/p' -e 's/^URIs: *\([^ ]*\).*/\1/p' |
        grep '/debian/*$' | head -n 1)
    [ -n "$mirror" ] || skip "the apt sources name no mirror of Debian"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -e "$keyring" ] || skip "there is no $keyring"

    mkdir -p "$work/apt/sources" "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/debs"
    : >"$work/apt/status"
    {
        echo "Types: deb"
        echo "URIs: $mirror"
        echo "Suites: trixie"
        echo "Components: main"
        echo "Signed-By: $keyring"
    } >"$work/apt/sources/trixie.sources"
    apt() {
        command=$1
        shift
        apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/apt/sources" \
            -o Dir::State::lists="$work/apt/lists" -o Dir::State::status="$work/apt/status" \
            -o Dir::Cache="$work/apt/cache" -o Acquire::Languages=none -o Acquire::Retries=1 \
            -o APT::Sandbox::User=root "$command" "$@"
    }
    apt update >"$work/apt/log" 2>&1 || skip "the mirror has no trixie, or cannot be reached: $(tail -n 1 "$work/apt/log")"
    (cd "$work/debs" && apt download libmbedtls-dev libmbedtls21 libmbedx509-7 libmbedcrypto16) \
        >>"$work/apt/log" 2>&1 || skip "the packages cannot be had: $(tail -n 1 "$work/apt/log")"
    for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$root"; done
fi
include=$root/usr/include
library=$root/usr/lib/$triplet
[ -e "$library/libmbedtls.so" ] || skip "the packages are not for $triplet"
version=$(sed -n 's/^#define MBEDTLS_VERSION_STRING  *"\(.*\)"/\1/p' "$include/mbedtls/build_info.h")
case $version in
3.6.*) ;;
*) skip "found mbedTLS $version, expected 3.6" ;;
esac
echo "mbedtls36: mbedTLS $version in $library"

# MARK: A package of the two targets and their tests

package=$work/package
mkdir -p "$package"
ln -sfn "$repository/Sources" "$package/Sources"
ln -sfn "$repository/Tests" "$package/Tests"
[ ! -e "$repository/Package.resolved" ] || cp "$repository/Package.resolved" "$package/"
cat >"$package/Package.swift" <<'END'
// swift-tools-version: 6.2
import PackageDescription

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let package = Package(
    name: "mbedtls36",
    dependencies: [.package(url: "https://github.com/apple/swift-nio", from: "2.101.2")],
    targets: [
        .target(
            name: "CMbedTLS",
            linkerSettings: [.linkedLibrary("mbedtls"), .linkedLibrary("mbedx509"), .linkedLibrary("mbedcrypto")]),
        .target(name: "TLS", dependencies: ["CMbedTLS", nio]),
        .testTarget(
            name: "TLSTests", dependencies: ["TLS", "CMbedTLS", nio, nioPosix, nioEmbedded],
            exclude: ["Peers/anonymous_client.py"]),
    ],
    swiftLanguageModes: [.v6]
)
END
cd "$package"
LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
# Says which library the tests have to find themselves with.
GATEHOUSE_EXPECTED_MBEDTLS=3.6
export GATEHOUSE_EXPECTED_MBEDTLS
swift test -Xcc "-I$include" -Xlinker "-L$library" || {
    echo "mbedtls36: failed with mbedTLS $version" >&2
    exit 1
}
echo "mbedtls36: passed with mbedTLS $version"
