#!/bin/sh
# Compiles the GPIO shim against libgpiod 2.x on a machine whose own libgpiod-dev is 1.6.
#
# The headers come from Debian 13 through apt into a folder of their own: this machine's package lists, sources and
# packages stay as they are. The mirror is the one this machine's own Debian sources name.
#
# Exit: 0 compiled, 1 did not compile, 77 skipped (the headers cannot be had; the reason is printed).
set -u

here=$(cd "$(dirname "$0")/../.." && pwd)
shim="$here/Sources/CGPIOD"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
    echo "skipped: $1"
    exit 77
}

build() { # build WHAT INCLUDE-FLAGS...
    what=$1
    shift
    for source in "$shim"/*.c; do
        ${CC:-cc} -std=gnu11 -Wall -Wextra -Werror "$@" -I"$shim/include" -c "$source" \
            -o "$work/$(basename "$source").o" || exit 1
    done
    # The functions of the header, no more and no fewer, whichever branch was taken.
    wanted=$(sed -n 's/.*[ *]\(gh_gpio_[a-z_]*\)(.*/\1/p' "$shim/include/cgpiod.h" | sort -u)
    found=$(nm -g --defined-only "$work"/*.o | sed -n 's/.* T \(gh_gpio_[a-z_]*\)$/\1/p' | sort -u)
    [ "$wanted" = "$found" ] || {
        echo "$what: the shim defines other functions than its header declares" >&2
        printf '%s\n' "$wanted" >"$work/wanted"
        printf '%s\n' "$found" | diff "$work/wanted" - >&2
        exit 1
    }
    echo "$what: compiles"
}

command -v apt-get >/dev/null || skip "no apt-get on this machine"

if ! grep -qs GPIOD_LINE_BULK_MAX_LINES /usr/include/gpiod.h; then
    [ -e /usr/include/gpiod.h ] || skip "libgpiod-dev is not installed"
    build "libgpiod 2 (this machine's own)"
    exit 0
fi
build "libgpiod 1 (this machine's own)"

# One line for each Debian index that apt knows; security and third parties have other codenames or origins.
mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk '$1 == "Debian" && $2 == "Debian" && $3 !~ /-/ { print $4; exit }')
[ -n "$mirror" ] || skip "apt has no Debian source to take libgpiod 2 from (is apt-get update due?)"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || skip "no keyring of the Debian archive"

mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/parts"
echo "deb [signed-by=$keyring] $mirror trixie main" >"$work/sources.list"
: >"$work/status"
options="-qq -o Dir::Etc::SourceList=$work/sources.list -o Dir::Etc::SourceParts=$work/parts
    -o Dir::State::Lists=$work/lists -o Dir::State::Status=$work/status -o Dir::Cache=$work
    -o Dir::Cache::Archives=$work/archives -o APT::Sandbox::User=root -o Acquire::Languages=none
    -o Acquire::Check-Valid-Until=false -o Acquire::Retries=1 -o Acquire::http::Timeout=20"
# shellcheck disable=SC2086 # the options are words
apt-get $options update >"$work/log" 2>&1 && cd "$work" &&
    apt-get $options download libgpiod-dev >>"$work/log" 2>&1 ||
    skip "Debian 13's libgpiod-dev cannot be had: $(tail -n 1 "$work/log")"
dpkg-deb -x "$work"/libgpiod-dev_*.deb "$work/unpacked" || skip "the package cannot be unpacked"
grep -q GPIOD_LINE_BULK_MAX_LINES "$work/unpacked/usr/include/gpiod.h" && skip "the package holds libgpiod 1 as well"
build "libgpiod $(basename "$work"/libgpiod-dev_*.deb | cut -d_ -f2)" -isystem "$work/unpacked/usr/include"
