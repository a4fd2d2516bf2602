#!/usr/bin/env bash
# The Python environment of the reference scorers, from PyPI, in target/eval-venv. It is
# left alone when it is there and made from the same list; `venv.sh lint` also checks the code.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${CARGO_TARGET_DIR:-target}/eval-venv
wanted=eval/requirements.txt

if ! cmp --quiet "$wanted" "$venv/requirements.txt"; then
    echo "Making $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: --requirement "$wanted"
    cp "$wanted" "$venv/requirements.txt"
fi

case ${1:-} in
    '') ;;
    lint)
        "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: ruff==0.17.6
        "$venv/bin/ruff" check --config bench/ruff.toml eval
        "$venv/bin/ruff" format --config bench/ruff.toml --check eval
        ;;
    *) echo "usage: $0 [lint]" >&2; exit 2 ;;
esac
