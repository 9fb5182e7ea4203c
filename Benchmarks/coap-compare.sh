#!/usr/bin/env bash
# Our CoAP server beside libcoap's: the same bodies, one load generator, one run. Each server has the first processor to
# itself as far as the machine allows, the generator the second. An argument is the seconds of a row.
#
# On a machine that does other things as well, compare the microseconds of processor time, not the requests a second.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-2}
command -v pkg-config >/dev/null && pkg-config --exists libcoap-3-notls ||
    { echo "coap-compare: libcoap is not installed: apt-get install libcoap3-dev; left out" >&2; exit 77; }
[ "$(nproc)" -ge 2 ] || { echo "coap-compare: needs two processors; left out" >&2; exit 77; }

folder=$(mktemp -d)
server=
stop() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    server=
}
trap 'stop; rm -rf "$folder"' EXIT

for product in CoAPBench DatagramLoad; do
    swift build -c release --product "$product" 2>&1 | grep -E 'error|warning' || true
done
binaries=$(swift build -c release --show-bin-path)
for library in notls openssl gnutls; do
    # shellcheck disable=SC2046
    cc -O2 Benchmarks/LibcoapServer/server.c -o "$folder/libcoap-$library" $(pkg-config --cflags --libs "libcoap-3-$library")
done

# Starts a server of ours or of libcoap's on the first processor; sets `server` and `port`.
start() {
    local program=$1
    shift
    # Ours takes any port; libcoap has to be told one.
    : > "$folder/log"
    port=$((20000 + RANDOM % 20000))
    if [ "$program" = ours ]; then taskset -c 0 "$binaries/CoAPBench" serve 0 "$@" > "$folder/log" &
    else taskset -c 0 "$folder/libcoap-$program" "$port" "$@" > "$folder/log" & fi
    server=$!
    for _ in $(seq 100); do
        if grep -q '^listening' "$folder/log"; then
            port=$(sed -n 's/^listening on port //p' "$folder/log")
            return
        fi
        sleep 0.05
    done
    echo "coap-compare: the server ($program) does not start" >&2
    exit 1
}

printf 'GET over UDP, confirmable\n'
for path in /oic/d /oic/res /oic/res/all; do
    for program in ours notls; do
        start "$program"
        for count in 1 16 64; do
            printf '%-8s %-12s %2d ' "${program/notls/libcoap}" "$path" "$count"
            taskset -c 1 "$binaries/DatagramLoad" 127.0.0.1 "$port" "$path" "$count" "$seconds" "$server"
        done
        stop
    done
done

"$binaries/CoAPBench" certificates "$folder"
compare_secure() {
    local kind=$1 program=$2
    printf '\nDTLS by %s: %s\n' "$kind" "$program"
    if [ "$kind" = key ]; then start "$program" key
    elif [ "$program" = ours ]; then start ours certificate "$folder"
    else start "$program" certificate "$folder/root.pem" "$folder/server.pem" "$folder/server-key.pem"; fi
    if [ "$kind" = key ]; then set -- key; else set -- certificate "$folder"; fi
    taskset -c 1 "$binaries/CoAPBench" load-secure "$port" "$seconds" "$server" "$@"
    stop
}
compare_secure key ours
# On OpenSSL libcoap offers no suite with both a key and (EC)DHE.
compare_secure key gnutls
for program in ours openssl gnutls; do compare_secure certificate "$program"; done
