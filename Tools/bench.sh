#!/usr/bin/env bash
# The figures of docs/performance.md, one table after another. Quote them from a quiet machine: each program compares its
# rows within one run, and seconds of different runs say little. An argument runs one program alone: `Tools/bench.sh CoAPBench`.
set -euo pipefail
cd "$(dirname "$0")/.."
only=${1:-}
for program in AdvertBench CoAPBench TLSBench XMPPBench CloudBench; do
    [ -z "$only" ] || [ "$only" = "$program" ] || continue
    printf '\n== %s\n' "$program"
    swift build -c release --product "$program" 2>&1 | grep -E 'error|warning' || true
    "$(swift build -c release --show-bin-path)/$program"
done
if [ -z "$only" ] || [ "$only" = coap-compare ]; then
    printf '\n== coap-compare\n'
    Benchmarks/coap-compare.sh || [ $? -eq 77 ]
fi
if [ -z "$only" ] || [ "$only" = flash-wear ]; then
    printf '\n== flash-wear\n'
    Benchmarks/flash-wear.sh || [ $? -eq 77 ]
fi
if [ -z "$only" ] || [ "$only" = xmpp-idle ]; then
    printf '\n== xmpp-idle\n'
    Benchmarks/xmpp-idle.sh || [ $? -eq 77 ]
fi
if [ -z "$only" ] || [ "$only" = size ]; then
    printf '\n== size\n'
    Tools/size.sh
fi
