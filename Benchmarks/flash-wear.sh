#!/bin/bash
# What a record costs the flash card: bytes and flushes by the block device's own counters, on a loop-mounted ext4,
# FlashStore beside SQLite (WAL, synchronous=FULL). Ends with 1 when a figure that docs/flash-format.md promises is missed.
#
#   sudo Benchmarks/flash-wear.sh             all of it, about three minutes
#   RECORDS=2000 IDLE=10 Benchmarks/flash-wear.sh
#   FLASHWEAR=path/to/FlashWear …             use this program instead of building it
#
# It uses an image and a mount point of its own in a new temporary directory, and removes both.
set -euo pipefail

RECORDS=${RECORDS:-10000}
IDLE=${IDLE:-60}
PACED=${PACED:-5}
MOUNT_OPTIONS=${MOUNT_OPTIONS:-noatime}

refuse() { echo "flash-wear: $1" >&2; exit 77; }
[ "$(id -u)" = 0 ] || refuse "mounting an image needs root (CAP_SYS_ADMIN); run it with sudo"
PATH=$PATH:/usr/sbin:/sbin
for tool in losetup mkfs.ext4 mount umount python3; do
    command -v "$tool" > /dev/null || refuse "needs $tool (Debian: mount, e2fsprogs, python3)"
done

cd "$(dirname "$0")/.."
if [ -z "${FLASHWEAR:-}" ]; then
    swift build -c release --product FlashWear
    FLASHWEAR=$(swift build -c release --show-bin-path)/FlashWear
fi
[ -x "$FLASHWEAR" ] || refuse "no program $FLASHWEAR"

work=$(mktemp -d)
loop=
cleanup() {
    set +e
    mountpoint -q "$work/mnt" && umount "$work/mnt"
    [ -n "$loop" ] && losetup -d "$loop"
    rm -f "$work/image" "$work/output" "$work/sqlite.py"
    rmdir "$work/mnt" "$work" 2> /dev/null
}
trap cleanup EXIT

truncate -s 256M "$work/image"
# Blocks of 4 KiB, as on any card of more than 512 MB. Everything initialised now, or the kernel would do it in the
# background and be counted.
mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 "$work/image"
loop=$(losetup --find --show "$work/image") || { loop=; refuse "no loop device to be had (a container without them?)"; }
mkdir "$work/mnt"
mount -o "$MOUNT_OPTIONS" "$loop" "$work/mnt" || refuse "mounting was refused"
stat=/sys/block/$(basename "$loop")/stat

# Fields of Documentation/block/stat.rst: 7 sectors of 512 bytes written, 16 flushes.
counters() { sync -f "$work/mnt"; awk '{ print $7 * 512, $16 }' "$stat"; }

cat > "$work/sqlite.py" << 'PYTHON'
import sqlite3, sys
path, records, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
db = sqlite3.connect(path, isolation_level=None)
db.execute("pragma journal_mode=wal")
db.execute("pragma synchronous=full")
db.execute("create table if not exists kv (key text primary key, value blob) without rowid")
if records == 0: sys.exit()
for start in range(0, records, batch):
    db.execute("begin")
    for number in range(start, min(start + batch, records)):
        value = number.to_bytes(4, "little") + bytes(number * 31 + i & 255 for i in range(4, 100))
        db.execute("insert into kv values (?, ?) on conflict (key) do update set value = excluded.value",
                   ("key%04d" % (number * 617 % 1000), value))
    db.execute("commit")
PYTHON

missed=0
# row NAME RECORDS BYTES-LIMIT FLUSHES-LIMIT COMMAND…: a limit of - is none.
row() {
    local name=$1 records=$2 most_bytes=$3 most_flushes=$4
    shift 4
    local before after
    before=$(counters)
    "$@" > /dev/null 2> "$work/output" || { cat "$work/output" >&2; exit 1; }
    after=$(counters)
    echo "$before $after" | awk -v name="$name" -v n="$records" -v mb="$most_bytes" -v mf="$most_flushes" '{
        bytes = ($3 - $1) / n; flushes = ($4 - $2) / n
        ok = (mb == "-" || bytes <= mb) && (mf == "-" || flushes <= mf)
        printf "%-44s %10.1f %10.4f  %s\n", name, bytes, flushes, mb == "-" ? "" : ok ? "ok" : "MISSED (" mb ", " mf ")"
        exit !ok
    }' || missed=1
}

echo "$RECORDS records of 100 bytes under 1000 keys, ext4 ($MOUNT_OPTIONS) on $loop, kernel $(uname -r)"
printf '%-44s %10s %10s\n' "" "bytes/rec" "flush/rec"
# Laid out first, making the file is paid for once; with other values, for equal ones would not be written again.
"$FLASHWEAR" "$work/mnt/batched" batched 1000 1000000 2> /dev/null
"$FLASHWEAR" "$work/mnt/immediate" batched 1000 1000000 2> /dev/null
"$FLASHWEAR" "$work/mnt/paced" batched 1000 1000000 2> /dev/null
row "FlashStore, batched" "$RECORDS" 250 0.02 "$FLASHWEAR" "$work/mnt/batched" batched "$RECORDS"
# One flush for each record; two more for each compaction (one in a thousand) and those of the final sync.
row "FlashStore, immediate" "$RECORDS" 5000 1.01 "$FLASHWEAR" "$work/mnt/immediate" immediate "$RECORDS"
for batch in 1 128; do
    python3 "$work/sqlite.py" "$work/mnt/sqlite-$batch" 0 1
    row "SQLite WAL FULL, $batch a commit" "$RECORDS" - - \
        python3 "$work/sqlite.py" "$work/mnt/sqlite-$batch" "$RECORDS" "$batch"
done
if [ "$PACED" -gt 0 ]; then
    row "FlashStore, 128 every 6 s (with file times)" $((PACED * 128)) - - "$FLASHWEAR" "$work/mnt/paced" paced "$PACED" 6
fi

"$FLASHWEAR" "$work/mnt/idle" idle $((IDLE + 5)) > "$work/output" 2>&1 &
store=$!
until grep -q idle "$work/output"; do
    kill -0 "$store" 2> /dev/null || { cat "$work/output" >&2; exit 1; }
    sleep 0.1
done
before=$(counters)
sleep "$IDLE"
after=$(awk '{ print $7 * 512, $16 }' "$stat")
wait "$store"
echo "$before $after" | awk -v s="$IDLE" '{
    printf "%-44s %10d bytes, %d flushes  %s\n", "FlashStore, idle for " s " s", $3 - $1, $4 - $2, $3 == $1 ? "ok" : "MISSED (0)"
    exit $3 != $1
}' || missed=1

"$FLASHWEAR" "$work/mnt/lookup" lookup 10000
exit $missed
