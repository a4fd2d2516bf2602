#!/usr/bin/env bash
# The Python environment of training/, from PyPI, in target/training-venv (several GB: the
# only torch there for Linux brings CUDA's libraries). It is left alone when it is there and
# made from the same list; `training-venv.sh lint` also checks the code, `test` also tests it.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${CARGO_TARGET_DIR:-target}/training-venv
wanted=training/requirements.txt

if ! cmp --quiet "$wanted" "$venv/requirements.txt"; then
    echo "Making $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --no-compile \
        --only-binary=:all: --requirement "$wanted"
    cp "$wanted" "$venv/requirements.txt"
fi

case ${1:-} in
    '') ;;
    lint)
        "$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: ruff==0.17.6
        "$venv/bin/ruff" check training
        "$venv/bin/ruff" format --check training
        ;;
    test) "$venv/bin/python" -m pytest --quiet -p no:cacheprovider training/tests ;;
    *) echo "usage: $0 [lint|test]" >&2; exit 2 ;;
esac
