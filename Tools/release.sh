#!/usr/bin/env bash
# Builds the release binaries into .build/dist: the Swift library linked in, symbols stripped. The unstripped gatehouse
# stays beside them, for `make size` and for reading crashes.
set -euo pipefail
cd "$(dirname "$0")/.."
# For size: the card and the memory of a small board are scarcer than its processor, which the gateway hardly uses (2.2 MB
# less on x86-64). The static library asks that every symbol be exported, for whom nobody is there to load: 2.4 MB of names.
# GNU ld packs the relocations of a program that may be loaded anywhere (RELR, glibc 2.36 or newer: 1.9 MB), where it can for
# the processor; elsewhere it says so and goes on.
options=(
    -Xswiftc -Osize -Xswiftc -use-ld=bfd -Xlinker --no-export-dynamic -Xlinker -z -Xlinker pack-relative-relocs
    -Xlinker -z -Xlinker now
)
for product in gatehouse gatehouse-cloud gatehouse-onboard; do
    swift build -c release --static-swift-stdlib "${options[@]}" --product "$product"
done
bin=$(swift build -c release --static-swift-stdlib --show-bin-path)
mkdir -p .build/dist
for product in gatehouse gatehouse-cloud gatehouse-onboard; do
    strip -o ".build/dist/$product" "$bin/$product"
done
cp "$bin/gatehouse" .build/dist/gatehouse.symbols
ls -l .build/dist | awk 'NR > 1 { printf "%-20s %6.1f MB\n", $NF, $5 / 1e6 }'
