# `make run` and `make test` do all the set-up that they need.
SHELL := bash
.DEFAULT_GOAL := help
SEED ?= 1
SCALE ?= 1
HOURS ?= 1
# A whole campaign takes 25 minutes; one that hangs is ended.
CHAOS_SECONDS_MAX ?= 2400
export SAFE_YOLO_ONNXRUNTIME ?= $(CURDIR)/.cache/onnxruntime/libonnxruntime.so

.PHONY: help setup run test bench baseline chaos soak eval fmt check clean

help: ## Lists the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/'

setup: ## Installs what is missing to run
	@scripts/setup.sh run

run: setup ## Starts the server with its page; ARGS='--video FILE' adds a file
	@cargo build --release --package safe-yolo
	@target/release/safe-yolo serve $(ARGS)

test: ## Runs every test, the browser's too
	@scripts/setup.sh test
	@scripts/test.sh

check: ## Formatting and lints of all languages
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cd web && npm run --silent check

bench: setup ## Measures; the tables go into docs/performance.md; ARGS='--quick', '--only load'
	@scripts/bench-venv.sh
	@cargo build --release --quiet --package safe-yolo --package safe-yolo-bench
	@target/release/safe-yolo-bench $(ARGS)

baseline: ## Measures side by side with the old design only
	@$(MAKE) --no-print-directory bench ARGS='--only baseline $(ARGS)'

chaos: setup ## Injects faults; SEED=, ONLY=names, SCALE=0.1; the table goes into docs/chaos.md
	@cargo build --release --quiet --package safe-yolo --package safe-yolo-chaos
	@timeout --kill-after=10 $(CHAOS_SECONDS_MAX) target/release/safe-yolo-chaos campaign --out target/chaos \
		--seed $(SEED) --scale $(SCALE) $(if $(ONLY),--only $(ONLY))

soak: setup ## Watches memory under churn for HOURS=n; the table goes into docs/soak.md
	@cargo build --release --quiet --package safe-yolo --package safe-yolo-chaos
	@target/release/safe-yolo-chaos soak --out target/soak --seed $(SEED) --hours $(HOURS)

eval: setup ## Scores tracking beside other packages on ../shared/data/mot, which must be there, and events of all scenarios
	@eval/venv.sh
	@cargo build --release --quiet --package safe-yolo --package safe-yolo-bench
	@target/eval-venv/bin/python eval/compare.py
	@target/eval-venv/bin/python eval/tracking.py
	@target/release/safe-yolo-bench scenarios

fmt: ## Formats everything
	cargo fmt --all
	cd web && npm run --silent fmt

clean: ## Removes what was built
	rm -rf target web/dist web/node_modules
