#!/usr/bin/env bash
# Installs what is missing: `setup.sh run` for the server, `setup.sh test` for the
# tests too. What is there already is left alone, so a second call does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

ORT_VERSION=1.31.1
cache=.cache/onnxruntime

# Debian packages, by the program that each brings.
debian() {
    local missing=()
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null 2>&1 || missing+=("$2")
        shift 2
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        echo "Missing programs: please run 'sudo apt-get install ${missing[*]}' and then this again." >&2
        exit 1
    fi
    echo "Installing ${missing[*]} from Debian"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# ONNX Runtime's shared library, out of the PyPI wheel of this machine's architecture.
onnxruntime() {
    [ -f "$cache/libonnxruntime.so" ] && [ "$(cat "$cache/version" 2>/dev/null)" = "$ORT_VERSION" ] && return
    local arch sha wheel
    arch=$(uname -m)
    case $arch in
        x86_64) sha=5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f ;;
        aarch64) sha=da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3 ;;
        *) echo "ONNX Runtime has no wheel for $arch: put libonnxruntime.so $ORT_VERSION into $cache yourself." >&2; exit 1 ;;
    esac
    echo "Fetching ONNX Runtime $ORT_VERSION"
    rm -rf "$cache"
    mkdir -p "$cache/wheel"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --implementation cp --python-version 3.11 --abi cp311 \
        --platform "manylinux_2_28_$arch" --platform "manylinux_2_27_$arch" \
        --dest "$cache/wheel" "onnxruntime==$ORT_VERSION"
    wheel=$(echo "$cache"/wheel/*.whl)
    if ! echo "$sha  $wheel" | sha256sum --check --quiet --status; then
        echo "$wheel has another SHA-256 than the pinned $sha: it is not used." >&2
        exit 1
    fi
    python3 - "$wheel" "$cache" <<'PY'
import shutil, sys, zipfile
wheel, cache = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        base = name.rsplit("/", 1)[-1]
        if base.startswith("libonnxruntime.so."):
            target = "libonnxruntime.so"
        elif base in ("LICENSE", "ThirdPartyNotices.txt"):
            target = base
        else:
            continue
        with archive.open(name) as source, open(f"{cache}/{target}", "wb") as out:
            shutil.copyfileobj(source, out)
PY
    rm -rf "$cache/wheel"
    echo "$ORT_VERSION" > "$cache/version"
}

# The web page: built when its sources are newer than what was built.
web() {
    local stamp=web/node_modules/.installed
    if [ ! -f "$stamp" ] || [ web/package-lock.json -nt "$stamp" ]; then
        echo "Installing the web page's packages"
        (cd web && npm ci --no-audit --no-fund --loglevel=error)
        touch "$stamp"
    fi
    if [ ! -f web/dist/index.html ] || [ -n "$(find web/src web/index.html web/package.json web/vite.config.ts -newer web/dist/index.html -print -quit)" ]; then
        echo "Building the web page"
        (cd web && npm run --silent build)
        touch web/dist/index.html
    fi
}

case ${1:-} in
    run) debian ffmpeg ffmpeg cmake cmake nasm nasm; onnxruntime; web ;;
    test) debian ffmpeg ffmpeg chromium chromium cmake cmake nasm nasm; onnxruntime; web ;;
    onnxruntime) onnxruntime ;;
    *) echo "usage: $0 run|test|onnxruntime" >&2; exit 2 ;;
esac
