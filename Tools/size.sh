#!/usr/bin/env bash
# The daemon's size: the stripped binary, and its memory when idle with 200 nodes. Fails when the binary passes 30 MB or
# when the whole of Foundation has come in (its ICU data alone is 40 MB on the card).
set -euo pipefail
cd "$(dirname "$0")/.."
limit=30000000

Tools/release.sh >/dev/null
size=$(stat -c %s .build/dist/gatehouse)
symbols=$(nm --defined-only .build/dist/gatehouse.symbols 2>/dev/null || true)
# Mangled names carry the module: 10Foundation is the whole, 20FoundationEssentials the part we allow.
whole=$(grep -cE ' \$s10Foundation[A-Z]' <<<"$symbols" || true)
icu=$(grep -ciE ' (_?icudt|ucol_open)' <<<"$symbols" || true)

printf 'binary, stripped        %8.1f MB (limit %s MB)\n' "$(awk "BEGIN { print $size / 1e6 }")" "$((limit / 1000000))"
printf 'Foundation symbols      %8d (limit 0)\n' "$whole"

state=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$state"' EXIT
{
    printf '[gateway]\nstate = "%s/state"\ncontrol = "%s/control.sock"\ncontrol_group = ""\n' "$state" "$state"
    printf '[log]\nlevel = "error"\n[board]\nprofile = "%s/board/simulated.toml"\n' "$PWD"
    for number in $(seq 200); do
        printf '[[gpio.lines]]\nname = "line%s"\nline = "SIM%s"\ndirection = "input"\n' "$number" "$number"
    done
} >"$state/gatehouse.toml"
.build/dist/gatehouse run --config "$state/gatehouse.toml" &
pid=$!
for _ in $(seq 100); do
    nodes=$(.build/dist/gatehouse nodes --json --socket "$state/control.sock" 2>/dev/null | grep -c '"id"' || true)
    [ "$nodes" -ge 200 ] && break
    sleep 0.1
done
[ "$nodes" -ge 200 ] || { echo "size: the daemon has $nodes nodes, expected 200" >&2; exit 1; }
sleep 2
rollup=$(cat "/proc/$pid/smaps_rollup")
rss=$(awk '/^Rss:/ { print $2 }' <<<"$rollup")
anonymous=$(awk '/^Anonymous:/ { print $2 }' <<<"$rollup")
printf 'resident, 200 nodes     %8.1f MB (aim 25 MB)\n' "$(awk "BEGIN { print $rss / 1024 }")"
printf 'anonymous, 200 nodes    %8.1f MB (aim 6 MB)\n' "$(awk "BEGIN { print $anonymous / 1024 }")"

[ "$size" -le "$limit" ] || { echo "size: the binary is $size bytes, expected at most $limit" >&2; exit 1; }
[ "$whole" -eq 0 ] && [ "$icu" -eq 0 ] || { echo "size: the whole of Foundation is linked in; find the import" >&2; exit 1; }
