#!/usr/bin/env bash
# The Python environment of make_models.py, from PyPI, in target/models-venv (several GB: torch
# brings CUDA's libraries). It is left alone when it is there and made from the same list.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${CARGO_TARGET_DIR:-target}/models-venv
wanted=eval/models-requirements.txt

if ! cmp --quiet "$wanted" "$venv/requirements.txt"; then
    echo "Making $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --no-compile \
        --only-binary=:all: --requirement "$wanted"
    cp "$wanted" "$venv/requirements.txt"
fi
