#!/usr/bin/env bash
# What the oneM2M door adds to the memory of an idle daemon with 200 nodes: the same daemon with and without it, by turns,
# the median of three runs each. GATEHOUSE names a binary; without it a release build is made.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${GATEHOUSE:-}
if [ -z "$program" ]; then
    swift build -c release --product gatehouse 2>&1 | grep -E 'error|warning' || true
    program=$(swift build -c release --show-bin-path)/gatehouse
fi
nodes=${NODES:-200}
folder=$(mktemp -d)
pid=
end() {
    [ -z "$pid" ] || { kill "$pid" && wait "$pid"; } 2>/dev/null || true
    pid=
}
trap 'end; rm -rf "$folder"' EXIT

# The daemon's configuration; $1 is "with" where the door is open.
configure() {
    printf '[gateway]\nstate = "%s/state"\ncontrol = "%s/control.sock"\ncontrol_group = ""\n' "$folder" "$folder"
    printf '[log]\nlevel = "error"\n[board]\nprofile = "%s/board/simulated.toml"\n' "$PWD"
    if [ "$1" = with ]; then
        printf '[onem2m]\nenabled = true\ncse_id = "gw1"\nsp_id = "sp.example.com"\nadministrators = ["Cadmin"]\n'
        printf 'readers = ["Creader"]\nhttp.port = %s\ncoap.port = %s\n' "$2" "$2"
        printf '[onem2m.tokens]\nissue = true\n'
    fi
    for number in $(seq "$nodes"); do
        printf '[[gpio.lines]]\nname = "line%s"\nline = "SIM%s"\ndirection = "input"\n' "$number" "$number"
    done
}

# Resident and anonymous kB of an idle daemon.
measure() {
    local port known
    rm -rf "$folder/state"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    configure "$1" "$port" >"$folder/gatehouse.toml"
    "$program" run --config "$folder/gatehouse.toml" >"$folder/log" 2>&1 &
    pid=$!
    for _ in $(seq 300); do
        known=$("$program" nodes --json --socket "$folder/control.sock" 2>/dev/null | grep -c '"id"' || true)
        [ "$known" -ge "$nodes" ] && break
        sleep 0.1
    done
    [ "$known" -ge "$nodes" ] || { echo "onem2m-idle: the daemon has $known nodes, expected $nodes" >&2; cat "$folder/log" >&2; exit 1; }
    if [ "$1" = with ]; then
        known=$("$program" status --json --socket "$folder/control.sock" | grep -o '"resources":[ ]*[0-9]*' | head -1)
        [ -n "$known" ] || { echo "onem2m-idle: the door is not open" >&2; exit 1; }
    fi
    sleep 3
    awk '/^Rss:/ { r = $2 } /^Anonymous:/ { a = $2 } END { print r, a }' "/proc/$pid/smaps_rollup"
    end
}

for turn in 1 2 3; do
    for kind in without with; do measure "$kind" >>"$folder/$kind"; done
done
median() { sort -n -k"$2" "$folder/$1" | awk -v column="$2" 'NR == 2 { print $column }'; }
printf '| the daemon, idle with %s nodes | resident | anonymous |\n|---|---|---|\n' "$nodes"
for kind in without with; do
    printf '| %s the oneM2M door | %s kB | %s kB |\n' "$kind" "$(median $kind 1)" "$(median $kind 2)"
done
printf '| added (aim 4,096 kB) | %s kB | %s kB |\n' \
    "$(($(median with 1) - $(median without 1)))" "$(($(median with 2) - $(median without 2)))"
