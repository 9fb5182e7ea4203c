#!/usr/bin/env bash
# The figures of docs/performance.md, one table after another. Quote them from a quiet machine: each program compares its
# rows within one run, and seconds of different runs say little. An argument runs one program alone: `Tools/bench.sh CoAPBench`.
set -euo pipefail
cd "$(dirname "$0")/.."
only=${1:-}
for program in AdvertBench LatencyBench CoAPBench TLSBench XMPPBench XMPPDoorBench DecisionBench TokenBench CloudBench ProvisioningBench; do
    [ -z "$only" ] || [ "$only" = "$program" ] || continue
    printf '\n== %s\n' "$program"
    swift build -c release --product "$program" 2>&1 | grep -E 'error|warning' || true
    "$(swift build -c release --show-bin-path)/$program"
    [ "$program" = AdvertBench ] || continue
    # The same adverts read by bumble and bthome-ble, in this run.
    if [ -e .build/bench-venv/wanted ]; then
        .build/bench-venv/bin/python Benchmarks/advert-compare.py
    else
        echo "bumble and bthome-ble are not here: Tools/prepare.sh bench"
    fi
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
if [ -z "$only" ] || [ "$only" = xmpp-door ]; then
    # The gateway of 1,000 sensors read through Prosody, slixmpp's device half beside it.
    printf '\n== xmpp-door\n'
    if .build/venv/bin/python -c 'import slixmpp' 2>/dev/null && command -v prosody >/dev/null; then
        swift build -c release --product gatehouse 2>&1 | grep -E 'error|warning' || true
        .build/venv/bin/python Benchmarks/xmpp-door.py --gatehouse "$(swift build -c release --show-bin-path)/gatehouse"
    else
        echo "slixmpp or Prosody is not here: Tools/prepare.sh test"
    fi
fi
if [ -z "$only" ] || [ "$only" = onem2m ]; then
    # The CSE over HTTP, ACME beside it.
    printf '\n== onem2m\n'
    if .build/venv/bin/python -c 'import acmecse' 2>/dev/null; then
        swift build -c release --product OneM2MBench 2>&1 | grep -E 'error|warning' || true
        .build/venv/bin/python Benchmarks/onem2m.py "$(swift build -c release --show-bin-path)/OneM2MBench"
    else
        echo "ACME is not here: Tools/prepare.sh test"
    fi
fi
if [ -z "$only" ] || [ "$only" = onem2m-idle ]; then
    printf '\n== onem2m-idle\n'
    Benchmarks/onem2m-idle.sh
fi
if [ -z "$only" ] || [ "$only" = size ]; then
    printf '\n== size\n'
    Tools/size.sh
fi
