#!/bin/sh
# Runs scripted_cloud.py in a virtual environment of its own: run.sh --gatehouse PATH [...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${SCRIPTED_CLOUD_VENV:-"$here/../../../.build/scripted-cloud-venv"}
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import cbor2' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
fi
exec "$venv/bin/python" "$here/scripted_cloud.py" "$@"
