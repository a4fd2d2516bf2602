#!/usr/bin/env bash
# Starts a server on a free port and drives its page in a real browser.
# BINARY names the program, SCREENSHOT where to put a picture of the wall, SCREENSHOTS a folder for one of each screen.
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
(cd web && npm run --silent e2e)

# One incident to an exported case, which verifies until one byte of it is changed.
export SAFE_YOLO_CASE=$work/case.zip
(cd web && unset SAFE_YOLO_SCREENSHOT && npm run --silent e2e:incident)
# Every screen in both languages, over what that incident has left.
[ -z "${SCREENSHOTS:-}" ] || export SAFE_YOLO_SCREENSHOTS=$SCREENSHOTS
(cd web && npm run --silent e2e:screens)
"$binary" verify "$work/case.zip"
"$binary" verify --data-dir "$work/data"
cp "$work/case.zip" "$work/changed.zip"
at=$(grep -abo JFIF "$work/case.zip" | head -1 | cut -d: -f1)
[ -n "$at" ] || { echo "There is no picture in the case." >&2; exit 1; }
at=$((at + 400))
was=$(dd if="$work/case.zip" bs=1 skip="$at" count=1 status=none | od -An -tu1 | tr -d ' ')
printf "\\x$(printf %02x $(((was + 1) % 256)))" |
    dd of="$work/changed.zip" bs=1 seek="$at" count=1 conv=notrunc status=none
if "$binary" verify "$work/changed.zip" >"$work/verdict" 2>&1; then
    echo "A case with a changed byte passed." >&2
    exit 1
fi
grep -q '\.jpg' "$work/verdict" || { echo "The changed file is not named:" >&2; cat "$work/verdict" >&2; exit 1; }
echo "A changed byte was found: $(grep -m1 '\.jpg' "$work/verdict")"
