#!/usr/bin/env bash
# Feeds every decoder random input for so many seconds each (default 60), and stops at the first crash. The corpus grows
# in .build/fuzz/corpus, from Fuzz/Seeds where there are any; a crash's input is kept there and named, to become a test.
# The second argument names one target: `Tools/fuzz.sh 60 XMPPFuzz`, or `60 XMPP`.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
only=${2:-}
fuzzed=0
export GATEHOUSE_FUZZ=1
# Swift's own crash handler would take the signal from libFuzzer, which then could not write the input down.
export SWIFT_BACKTRACE=enable=no
for folder in Fuzz/*Fuzz; do
    target=$(basename "$folder")
    [ -z "$only" ] || [ "$only" = "$target" ] || [ "${only}Fuzz" = "$target" ] || continue
    fuzzed=1
    echo "== $target, $seconds s"
    # A scratch path of its own: every object is instrumented.
    swift build -c release --sanitize=fuzzer --product "$target" --scratch-path .build/fuzz
    corpus=.build/fuzz/corpus/$target
    mkdir -p "$corpus"
    extra=()
    case $target in
        XMPP* | Provisioning*) extra+=(-dict=Fuzz/Dictionaries/XMPP.dict) ;;
        OneM2M*) extra+=(-dict=Fuzz/Dictionaries/OneM2M.dict) ;;
    esac
    seeds=()
    [ ! -d "Fuzz/Seeds/$target" ] || seeds+=("Fuzz/Seeds/$target")
    ".build/fuzz/release/$target" "${extra[@]}" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=1024 -timeout=10 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix=".build/fuzz/corpus/$target-" "$corpus" "${seeds[@]}" ||
        { echo "$target crashed; its input is .build/fuzz/corpus/$target-crash-*" >&2; exit 1; }
done
[ "$fuzzed" = 1 ] || { echo "found the target $only, expected one of $(cd Fuzz && echo *Fuzz)" >&2; exit 64; }
echo "fuzzing found nothing"
