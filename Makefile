# `make run` and `make test` do all the set-up that they need.
SHELL := bash
.DEFAULT_GOAL := help
export SAFE_YOLO_ONNXRUNTIME ?= $(CURDIR)/.cache/onnxruntime/libonnxruntime.so

.PHONY: help setup run test bench fmt check clean

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

bench: setup ## Measures; the table goes into docs/performance.md
	@cargo build --release --quiet --package safe-yolo --package safe-yolo-bench
	@target/release/safe-yolo-bench

fmt: ## Formats everything
	cargo fmt --all
	cd web && npm run --silent fmt

clean: ## Removes what was built
	rm -rf target web/dist web/node_modules
