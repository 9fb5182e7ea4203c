#!/usr/bin/env bash
# Cuts the network between a gateway's XMPP session and Prosody or ejabberd for five minutes, with stream management and
# without, and with all times as they are in the daemon: some 25 minutes. The same tests run in seconds, with times
# shortened, in `swift test --filter XMPPTests`. Builds nothing where SKIP_BUILD is set.
set -euo pipefail
cd "$(dirname "$0")/../../.."
[ -n "${SKIP_BUILD:-}" ] || swift build --build-tests
GATEHOUSE_FIVE_MINUTES=1 swift test --skip-build --no-parallel --filter 'XMPPTests.FaultTests/(resume|withoutResume)'
