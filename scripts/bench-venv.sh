#!/usr/bin/env bash
# The Python environment of bench/baseline and of the laboratory's twins, from PyPI, in target/bench-venv. It is
# left alone when it is there and made from the same list. `bench-venv.sh lint` checks the code of both, in an
# environment that has nothing but the linter.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${CARGO_TARGET_DIR:-target}/bench-venv
wanted=bench/baseline/requirements.txt

if [[ ${1:-} == lint ]]; then
    ruff=ruff==0.17.6
    venv=${CARGO_TARGET_DIR:-target}/lint-venv
    if [[ $(cat "$venv/ruff" 2>/dev/null) != "$ruff" ]]; then
        echo "Making $venv"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: "$ruff"
        echo "$ruff" >"$venv/ruff"
    fi
    "$venv/bin/ruff" check bench lab
    "$venv/bin/ruff" format --check bench lab
    exit
elif [[ $# -ne 0 ]]; then
    echo "usage: $0 [lint]" >&2
    exit 2
fi

if ! cmp --quiet "$wanted" "$venv/requirements.txt"; then
    echo "Making $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: --requirement "$wanted"
    cp "$wanted" "$venv/requirements.txt"
fi
