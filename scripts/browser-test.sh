#!/usr/bin/env bash
# Starts a server on a free port and drives its page in a real browser.
# BINARY names the program, SCREENSHOT where to put a picture of the wall.
set -euo pipefail
cd "$(dirname "$0")/.."
export SAFE_YOLO_ONNXRUNTIME=${SAFE_YOLO_ONNXRUNTIME:-$PWD/.cache/onnxruntime/libonnxruntime.so}
binary=${BINARY:-target/debug/safe-yolo}
work=$(mktemp -d)
server=
finish() {
    status=$?
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
    if [ "$status" -ne 0 ]; then
        echo "The server's log:" >&2
        tail -n 60 "$work/log" >&2 || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT

export SAFE_YOLO_ADMIN_PASSWORD=browser-test-password
"$binary" serve --listen 127.0.0.1:0 --data-dir "$work/data" >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 600); do
    grep -q 'http://' "$work/out" && break
    kill -0 "$server" 2>/dev/null || { echo "The server ended at once." >&2; exit 1; }
    sleep 0.2
done
SAFE_YOLO_URL=$(grep -o 'http://[0-9.:]*' "$work/out" | head -1)
export SAFE_YOLO_URL SAFE_YOLO_USER=admin SAFE_YOLO_PASSWORD=$SAFE_YOLO_ADMIN_PASSWORD
[ -z "${SCREENSHOT:-}" ] || export SAFE_YOLO_SCREENSHOT=$SCREENSHOT
cd web && npm run --silent e2e
