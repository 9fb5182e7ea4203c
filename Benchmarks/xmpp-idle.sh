#!/usr/bin/env bash
# What an XMPP connection holds that does nothing: ours and one on libstrophe, both at the same Prosody. Exit 77 where
# Prosody or libstrophe is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v prosody >/dev/null && [ -e /usr/include/strophe.h ] ||
    { echo "xmpp-idle: needs prosody and libstrophe-dev" >&2; exit 77; }
swift build -c release --product XMPPBench 2>&1 | grep -E 'error|warning' || true
bench=${XMPP_BENCH:-"$(swift build -c release --show-bin-path)/XMPPBench"}
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null; rm -rf "$folder"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$folder/server.key" -out "$folder/server.crt" \
    -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
root=()
[ "$(id -u)" != 0 ] || root=(--root)
cat > "$folder/prosody.cfg.lua" <<LUA
run_as_root = $([ "$(id -u)" = 0 ] && echo true || echo false)
pidfile = "$folder/prosody.pid"
data_path = "$folder"
log = { { levels = { min = "warn" }, to = "console" } }
interfaces = { "127.0.0.1" }
c2s_ports = { $port }
s2s_ports = {}
modules_disabled = { "s2s" }
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "smacks" }
authentication = "internal_hashed"
ssl = { certificate = "$folder/server.crt"; key = "$folder/server.key" }
VirtualHost "localhost"
LUA
prosodyctl "${root[@]}" --config "$folder/prosody.cfg.lua" register bench localhost secret >/dev/null
prosody "${root[@]}" --config "$folder/prosody.cfg.lua" -F >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
done
cc -O2 -o "$folder/libstrophe_client" Tests/XMPPTests/Peers/libstrophe_client.c -lstrophe
echo "libstrophe"
"$folder/libstrophe_client" bench@localhost secret 127.0.0.1 "$port" "$folder/server.crt" idle
echo "Gatehouse"
"$bench" idle 127.0.0.1 "$port" bench@localhost secret "$folder/server.crt"
