#!/usr/bin/env bash
# Makes what the hardware tests boot: Debian's own kernel (unpacked, never installed), its GPIO simulator, which Debian
# leaves out, built from Debian's own kernel source, a first file system, and a Bluetooth controller in software.
# Everything lands in the folder given; nothing that is there already is made again.
#
#   rig/prepare.sh FOLDER
#
# Exit status: 0 made, 77 something cannot be had here (the reason is printed).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)
log=$work/prepare.log

skip() {
    echo "hardware: cannot be prepared: $*" >&2
    exit 77
}

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || skip "the rig is for Debian on amd64"

# MARK: Programs of the host

install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    echo "hardware: installing ${missing[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "${missing[@]}" >>"$log" 2>&1 ||
        skip "apt-get could not install ${missing[*]}: $(tail -n 1 "$log")"
}

if [ ! -s "$work/kernel-version" ]; then
    "${as_root[@]}" apt-get update -qq >>"$log" 2>&1 || true
    # The kernel that Debian's own package points at: image, headers and source must be of one version.
    version=$(apt-cache policy linux-image-amd64 | awk '/Candidate:/ { print $2 }')
    release=$(apt-cache show "linux-image-amd64=$version" 2>/dev/null |
        sed -n 's/^Depends: linux-image-\([^ ,]*\).*/\1/p' | head -n 1)
    [ -n "$release" ] || skip "apt knows no linux-image-amd64 (is apt-get update due?)"
    echo "$release $version" >"$work/kernel-version"
fi
read -r release version <"$work/kernel-version"
series=$(echo "$version" | cut -d. -f1,2)

install_packages build-essential libelf-dev busybox-static qemu-system-x86 kmod cpio xz-utils python3-venv util-linux

# MARK: The kernel

modules=$work/kernel/lib/modules/$release
download() { # download PACKAGE FILE-PATTERN
    # shellcheck disable=SC2086 # the pattern is one
    ls "$work"/debs/$2 >/dev/null 2>&1 && return 0
    (cd "$work/debs" && apt-get download -q "$1=$version" >>"$log" 2>&1) ||
        skip "Debian's $1=$version cannot be had: $(tail -n 1 "$log")"
}
mkdir -p "$work/debs"
if [ ! -e "$modules/modules.dep" ] || [ ! -e "$work/kernel/boot/vmlinuz-$release" ]; then
    echo "hardware: unpacking Debian's kernel $release"
    download "linux-image-$release" "linux-image-${release}_*.deb"
    dpkg-deb -x "$work"/debs/linux-image-"$release"_*.deb "$work/kernel"
    depmod -b "$work/kernel" "$release"
fi

# MARK: gpio-sim

if [ ! -e "$modules/extra/gpio-sim-oot.ko" ]; then
    echo "hardware: building gpio-sim for $release"
    install_packages "linux-headers-$release"
    download "linux-source-$series" "linux-source-${series}_*.deb"
    sources=$work/gpio-sim
    mkdir -p "$sources"
    # A few files of a large archive; reading it once costs less than unpacking it.
    dpkg-deb --fsys-tarfile "$work"/debs/linux-source-"$series"_*.deb |
        tar -xO "./usr/src/linux-source-$series.tar.xz" | xz -dc -T0 |
        tar -x -C "$sources" --wildcards "linux-source-$series/drivers/gpio/gpio-sim.c" \
            "linux-source-$series/drivers/gpio/gpiolib*.h" "linux-source-$series/kernel/irq/irq_sim.c" ||
        skip "the kernel's source lacks a file that gpio-sim needs"
    find "$sources" -type f -path '*/linux-source-*' -exec mv -t "$sources" {} +
    rm -rf "$sources/linux-source-$series"
    # Debian's kernel has no CONFIG_IRQ_SIM, so it goes into the module; and irq_to_desc() is not exported to modules,
    # while irq_get_irq_data(), which leads to the same, is.
    sed -i 's/irq_to_desc(irqnum)/irq_data_to_desc(irq_get_irq_data(irqnum))/' "$sources/irq_sim.c"
    printf 'obj-m := gpio-sim-oot.o\ngpio-sim-oot-y := gpio-sim.o irq_sim.o\n' >"$sources/Kbuild"
    make -s -C "/lib/modules/$release/build" M="$sources" modules >>"$log" 2>&1 ||
        skip "gpio-sim does not build for $release; see $log"
    strip -g "$sources/gpio-sim-oot.ko"
    install -D -m 644 "$sources/gpio-sim-oot.ko" "$modules/extra/gpio-sim-oot.ko"
    depmod -b "$work/kernel" "$release"
    rm -f "$work"/debs/linux-source-*.deb
fi

# MARK: The first file system

# Only what init.sh itself needs; the kernel asks for the rest when it is used, from the unpacked tree.
early="virtio_pci 9pnet_virtio 9p overlay virtio_console virtio_rng"
if [ ! -e "$work/initrd.gz" ] || [ "$here/init.sh" -nt "$work/initrd.gz" ] ||
    [ "$modules/modules.dep" -nt "$work/initrd.gz" ]; then
    root=$work/initrd
    rm -rf "$root"
    mkdir -p "$root"/{bin,modules,proc,sys,dev,host,root}
    cp /bin/busybox "$root/bin/busybox"
    for module in $early; do
        modprobe -d "$work/kernel" -S "$release" --show-depends "$module" | awk '$1 == "insmod" { print $2 }'
    done | awk '!seen[$0]++' >"$work/early-modules"
    while read -r file; do
        cp "$file" "$root/modules/"
        basename "$file"
    done <"$work/early-modules" >"$root/modules/order"
    install -m 755 "$here/init.sh" "$root/init"
    (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd.gz.new"
    mv "$work/initrd.gz.new" "$work/initrd.gz"
fi

# MARK: The virtual air

# Bumble is a Bluetooth controller and peripherals in Python (Apache-2.0). Debian's own Python: others may be built
# without Bluetooth sockets.
wanted="bumble==0.0.236"
if [ "$(cat "$work/venv/wanted" 2>/dev/null)" != "$wanted" ]; then
    echo "hardware: installing $wanted"
    rm -rf "$work/venv"
    /usr/bin/python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$wanted" >>"$log" 2>&1 ||
        skip "$wanted cannot be had from PyPI: $(tail -n 1 "$log")"
    echo "$wanted" >"$work/venv/wanted"
fi
