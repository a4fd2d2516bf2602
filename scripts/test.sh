#!/usr/bin/env bash
# Every test there is; stops at the first kind that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { printf '\n== %s ==\n' "$*"; }

step "Formatting and lints"
cargo fmt --all --check
cargo clippy --workspace --all-targets --quiet -- -D warnings

step "Python lints"
scripts/bench-venv.sh lint

step "Web page: types, lints, unit tests"
(cd web && npm run --silent check && npm test --silent)

step "Rust tests"
cargo test --workspace --quiet

step "Browser test"
cargo build --quiet --package safe-yolo
scripts/browser-test.sh
