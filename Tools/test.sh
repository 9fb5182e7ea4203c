#!/usr/bin/env bash
# Runs the tests that are built (arguments go to `swift test`). The suites take minutes and print thousands of lines, so what
# failed is said again at the end, before the runner's own summary line, which stays the last.
set -uo pipefail
cd "$(dirname "$0")/.."
log=.build/test.log
"${SWIFT:-swift}" test --skip-build --no-parallel "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] && exit 0
# An issue is one line that begins with the mark of failure and the lines of its explanation (↳) below it.
failures=$(awk '/recorded an issue/ { shown = 1; print; next } shown && /^ *↳/ { print; next } { shown = 0 }' "$log")
printf '\nWhat failed (all of it in %s):\n%s\n\n' "$log" "${failures:-the runner ended without naming a test; its last words: $(tail -n 3 "$log")}"
grep -E 'Test run with [0-9]+ tests?' "$log" | tail -n 1
exit "$status"
