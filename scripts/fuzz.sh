#!/usr/bin/env bash
# Lets libFuzzer look for bytes that break a target of crates/fuzz, for so many seconds. It works
# with the stable compiler: coverage is a pass of LLVM that any rustc has.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:?usage: fuzz.sh TARGET SECONDS}
seconds=${2:?usage: fuzz.sh TARGET SECONDS}
folder=${CARGO_TARGET_DIR:-target}/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')

# With a --target, build scripts and macros are compiled without coverage.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions=yes -Coverflow-checks=yes" \
    cargo build --release --quiet --package safe-yolo-fuzz --features libfuzzer \
    --target "$host" --target-dir "$folder"

seeds=()
case $target in
    scenario) seeds=(crates/sim/scenarios) ;;
    *) if [[ -d crates/fuzz/seeds/$target ]]; then seeds=("crates/fuzz/seeds/$target"); fi ;;
esac
mkdir -p "$folder/corpus/$target" "$folder/found"
SAFE_YOLO_FUZZ=$target "$folder/$host/release/fuzz" "$folder/corpus/$target" "${seeds[@]}" \
    -artifact_prefix="$folder/found/$target-" -max_total_time="$seconds" -timeout=10 -print_final_stats=1
