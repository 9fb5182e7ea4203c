#!/usr/bin/env bash
# Builds the release binaries into .build/dist: the Swift library linked in, symbols stripped. The unstripped gatehouse
# stays beside them, for `make size` and for reading crashes.
set -euo pipefail
cd "$(dirname "$0")/.."
# The static library asks that every symbol be exported, for whom nobody is there to load: 2.4 MB of names. Functions that
# are alike become one where nobody compares their addresses (0.4 MB).
link=(-Xlinker --no-export-dynamic -Xlinker --icf=safe)
for product in gatehouse gatehouse-cloud gatehouse-onboard; do
    swift build -c release --static-swift-stdlib "${link[@]}" --product "$product"
done
bin=$(swift build -c release --static-swift-stdlib --show-bin-path)
mkdir -p .build/dist
for product in gatehouse gatehouse-cloud gatehouse-onboard; do
    strip -o ".build/dist/$product" "$bin/$product"
done
cp "$bin/gatehouse" .build/dist/gatehouse.symbols
ls -l .build/dist | awk 'NR > 1 { printf "%-20s %6.1f MB\n", $NF, $5 / 1e6 }'
