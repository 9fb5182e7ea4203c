#!/usr/bin/env bash
# Boots the prepared kernel under QEMU, without KVM, and runs one command in it on this machine's own files: the root is
# this one, read only, under a file system in memory that takes all writes and is gone afterwards. The command's output
# and exit status come back.
#
#   rig/boot.sh FOLDER [--modules "NAME …"] [--memory MIB] [--timeout SECONDS] -- COMMAND [ARGUMENT …]
#
# FOLDER is what prepare.sh made. Exit status: the command's; 125 when the guest gave none in time.
set -euo pipefail

work=$(cd "$1" && pwd)
shift
memory=1536 timeout=300 modules=""
while [ $# -gt 0 ]; do
    case $1 in
    --modules) modules=$2 && shift 2 ;;
    --memory) memory=$2 && shift 2 ;;
    --timeout) timeout=$2 && shift 2 ;;
    --) shift && break ;;
    *) echo "boot.sh: found $1, expected an option or --" >&2 && exit 64 ;;
    esac
done
read -r release _ <"$work/kernel-version"
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)

# What goes in and comes out: the command, its status, the console.
exchange=$(mktemp -d "$work/run.XXXXXX")
trap 'rm -rf "$exchange"' EXIT
{
    printf 'cd %q\nexport PATH=%q HOME=%q\n' "$PWD" "$PATH" "$HOME"
    for name in ${!GATEHOUSE_@}; do printf 'export %s=%q\n' "$name" "${!name}"; done
    printf '%q ' "$@"
    echo
} >"$exchange/command"
echo "$modules" >"$exchange/modules"
echo "$work/kernel" >"$exchange/kernel"
# The guest's /tmp is its own; these are seen although they may lie there.
printf '%s\n' "$repository" "$work" >"$exchange/folders"

# The output ports are files: with a terminal or a pipe as standard input QEMU would take its end for a hung-up line,
# and the guest would wait for ever to write.
status=0
timeout --foreground "$timeout" qemu-system-x86_64 \
    -nodefaults -no-user-config -display none -no-reboot -machine q35,usb=off,vmport=off,smbus=off,sata=off \
    -accel tcg,thread=multi,tb-size=512 -cpu max -smp 2 -m "$memory" \
    -kernel "$work/kernel/boot/vmlinuz-$release" -initrd "$work/initrd.gz" \
    -append "console=ttyS0 panic=-1 mitigations=off nokaslr audit=0 random.trust_cpu=on loglevel=7" \
    -serial "file:$exchange/console" \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    -virtfs "local,path=$exchange,mount_tag=exchange,security_model=none" \
    -device virtio-serial-pci \
    -chardev file,id=o,path=/dev/fd/8,append=on -device virtserialport,chardev=o,name=out \
    -chardev file,id=e,path=/dev/fd/9,append=on -device virtserialport,chardev=e,name=err \
    -object rng-random,filename=/dev/urandom,id=r -device virtio-rng-pci,rng=r \
    </dev/null 8> >(cat) 9> >(cat >&2) || status=$?

if [ -s "$exchange/status" ]; then
    exit "$(cat "$exchange/status")"
fi
if [ "$status" = 124 ]; then
    echo "boot.sh: the guest did not end within $timeout s; the end of its console:" >&2
else
    echo "boot.sh: the guest ended without a status (QEMU: $status); the end of its console:" >&2
fi
tail -n 20 "$exchange/console" >&2 || true
exit 125
