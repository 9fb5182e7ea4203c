#!/usr/bin/env bash
# The hardware tests: the programs of this checkout on Debian's own kernel under QEMU, with simulated pins and a Bluetooth
# controller in software. Everything that is fetched or built for it lies in .build/hardware.
#
#   Tests/Hardware/run.sh [SCENARIO …]     SCENARIO: a file of scenarios without `test_` and `.py`; all without one
#
# LIBRARIES=own leaves out the second round, with libgpiod 2 and mbedTLS 3.6 of Debian 13.
#
# Exit status: 0 passed, 1 failed, 77 the rig cannot be had here (the reason is printed; with GATEHOUSE_PEERS=required a
# failure).
set -euo pipefail
cd "$(dirname "$0")/../.."
rig=Tests/Hardware/rig
work=.build/hardware

status=0
"$rig/prepare.sh" "$work" || status=$?
if [ "$status" -ne 0 ]; then
    [ "${GATEHOUSE_PEERS:-}" != required ] || exit 1
    exit "$status"
fi

scenarios=("$@")
if [ "${#scenarios[@]}" -eq 0 ]; then
    for file in Tests/Hardware/scenarios/test_*.py; do
        name=$(basename "$file" .py)
        scenarios+=("${name#test_}")
    done
fi
export GATEHOUSE_PROGRAMS="${GATEHOUSE_PROGRAMS:-$(swift build --show-bin-path)}"

failed=()
boot() { # boot SCENARIO
    "$rig/boot.sh" "$work" --modules "gpio-sim-oot hci_vhci" --timeout "${HARDWARE_TIMEOUT:-600}" -- \
        env PYTHONPATH=Tests/Hardware/scenarios PYTHONDONTWRITEBYTECODE=1 \
        "$work/venv/bin/python" -m unittest -v "test_$1"
}

# A boot for each scenario: what one leaves behind, a chip that went or a controller that hangs, is no other's trouble. One
# that fails is played once more, and the summary says so: a guest without KVM on a busy machine misses windows that a board
# does not. A scenario that needs it often has a fault of its own.
again=()
play() { # play SCENARIO LABEL
    echo "hardware: $1$2"
    boot "$1" && return
    echo "hardware: $1$2, once more"
    again+=("$1$2")
    boot "$1" || failed+=("$1$2")
}

for scenario in "${scenarios[@]}"; do play "$scenario" ""; done

# The daemon once more, with the libraries of Debian 13; what asks for the test bundle has it with those of this machine.
if [ "${LIBRARIES:-all}" = all ]; then
    status=0
    "$rig/debian13.sh" "$work/debian13" || status=$?
    case $status in
    0)
        export GATEHOUSE_PROGRAMS="$PWD/$work/debian13/programs"
        for scenario in "${scenarios[@]}"; do play "$scenario" " with the libraries of Debian 13"; done
        ;;
    77) ;;
    *) failed+=("the build with the libraries of Debian 13") ;;
    esac
fi

[ "${#again[@]}" -eq 0 ] || echo "hardware: ${#again[@]} played twice: ${again[*]}" >&2
if [ "${#failed[@]}" -gt 0 ]; then
    echo "hardware: failed: ${failed[*]}" >&2
    exit 1
fi
echo "hardware: ${#scenarios[@]} scenarios passed, ${#again[@]} of them at the second attempt"
