# `make run` and `make test` do all the set-up that they need.
SHELL := bash
.DEFAULT_GOAL := help
SEED ?= 1
SCALE ?= 1
HOURS ?= 1
TARGET ?= detections
SECONDS_EACH ?= 60
# A whole campaign takes 25 minutes; one that hangs is ended.
CHAOS_SECONDS_MAX ?= 2400
export SAFE_YOLO_ONNXRUNTIME ?= $(CURDIR)/.cache/onnxruntime/libonnxruntime.so

.PHONY: help setup run test bench baseline lab chaos soak eval fuzz fmt check clean

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
	scripts/bench-venv.sh lint
	cd web && npm run --silent check

bench: setup ## Measures; the tables go into docs/performance.md; ARGS='--quick', '--only load'
	@scripts/bench-venv.sh
	@cargo build --release --quiet --package safe-yolo --package safe-yolo-bench
	@target/release/safe-yolo-bench $(ARGS)

baseline: ## Measures side by side with the old design only
	@$(MAKE) --no-print-directory bench ARGS='--only baseline $(ARGS)'

lab: setup ## Runs the concurrency laboratory beside Python; the page is target/lab.html; ARGS='--lang ko'
	@scripts/bench-venv.sh
	@cargo build --release --quiet --package safe-yolo
	@target/release/safe-yolo lab run all --python=target/bench-venv/bin/python --html target/lab.html $(ARGS)

chaos: setup ## Injects faults; SEED=, ONLY=names, SCALE=0.1; the table goes into docs/chaos.md
	@cargo build --release --quiet --package safe-yolo --package safe-yolo-chaos
	@timeout --kill-after=10 $(CHAOS_SECONDS_MAX) target/release/safe-yolo-chaos campaign --out target/chaos \
		--seed $(SEED) --scale $(SCALE) $(if $(ONLY),--only $(ONLY))

soak: setup ## Watches memory under churn for HOURS=n; the table goes into docs/soak.md
	@cargo build --release --quiet --package safe-yolo --package safe-yolo-chaos
	@target/release/safe-yolo-chaos soak --out target/soak --seed $(SEED) --hours $(HOURS)

eval: setup ## Scores detector, tracking and events, and times drawing and tracking, with their bounds; needs ../shared/data
	@eval/venv.sh
	@cargo build --release --quiet --package safe-yolo --package safe-yolo-bench
	@failed=; python=target/eval-venv/bin/python; \
	$$python eval/detection.py || failed+=' detection'; \
	$$python eval/compare.py || failed+=' compare'; \
	$$python eval/tracking.py || failed+=' tracking'; \
	target/release/safe-yolo-bench scenarios || failed+=' scenarios'; \
	cargo run --release --quiet --package safe-yolo-sim --example render || failed+=' render'; \
	cargo run --release --quiet --package safe-yolo-track --example update_time || failed+=' update_time'; \
	if [[ $$failed ]]; then echo "error: below its bounds:$$failed" >&2; exit 1; fi

fuzz: ## Looks for bytes that break TARGET=detections|judge|messages|scenario|scores, SECONDS_EACH=60
	@scripts/fuzz.sh $(TARGET) $(SECONDS_EACH)

fmt: ## Formats everything
	cargo fmt --all
	cd web && npm run --silent fmt

clean: ## Removes what was built
	rm -rf target web/dist web/node_modules
