# Safelight. `make` alone says what there is; everything installs inside this folder.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
STARTED := $(shell date +%s)

VENV := .venv/bin
# Set-up leaves .rust/env where the machine did not have the Rust of rust-toolchain.toml.
RUST := if [ -f .rust/env ]; then . .rust/env; fi;
CRATE := --manifest-path imaging/native/Cargo.toml
ARM := aarch64-unknown-linux-gnu
RUST_SOURCES := $(shell find imaging/native -name target -prune -o \( -name '*.rs' -o -name 'Cargo.*' \) -print)
PYTHONS := python3.14 python3.13 python3.12 python3.11 python3
NEWEST_PYTHON = $(shell for python in $(PYTHONS); do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
PYTHON ?= $(NEWEST_PYTHON)

# ---- use -------------------------------------------------------------------------------------------------------------

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: demo
demo: setup ## Photos through the whole chain on an embedded AWS (DIR=~/Pictures, N=500, KEEP=1)
	@$(VENV)/safelight demo $(if $(DIR),"$(DIR)") $(if $(N),--samples $(N)) $(if $(KEEP),--keep) $(ARGS)

.PHONY: up
up: setup ## Everything on this machine, with the console, until Ctrl-C (ARGS="--port 8080")
	@$(VENV)/safelight up $(ARGS)

.PHONY: test
test: setup check pytest ## Every check and every test
	@echo "make test: green in $$(( $$(date +%s) - $(STARTED) )) s, on $$($(VENV)/python --version)"

# ---- set up ----------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: .venv/ready .venv-embedded/ready imaging/_native.abi3.so ## Install everything into this folder

.venv/uv.lock: requirements.lock
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed (Debian: apt-get install python3 python3-venv)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module (Debian: apt-get install python3-venv)"; exit 1; }
	@[ -x $(VENV)/python ] || { echo "set-up: environment on $$($(PYTHON) --version)"; $(PYTHON) -m venv .venv; }
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.requirements
	@$(VENV)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.requirements
	@cp requirements.lock $@

.venv/ready: .venv/uv.lock pyproject.toml
	@echo "set-up: Python packages"
	@$(VENV)/uv pip install --quiet --python $(VENV)/python -c requirements.lock -r pyproject.toml --all-extras --group dev
	@touch $@

.venv-embedded/ready: .venv/uv.lock pyproject.toml
	@echo "set-up: the embedded AWS, in an environment of its own"
	@[ -x .venv-embedded/bin/python ] || $(VENV)/python -m venv --without-pip .venv-embedded
	@$(VENV)/uv pip install --quiet --python .venv-embedded/bin/python -c requirements.lock --group embedded
	@touch $@

.PHONY: rust
rust: .venv/ready
	@command -v cc >/dev/null || { echo "a C compiler is needed (Debian: apt-get install gcc libc6-dev)"; exit 1; }
	@$(RUST) $(VENV)/python -m local.toolchain

imaging/_native.abi3.so: .venv/ready $(RUST_SOURCES)
	@$(MAKE) rust
	@echo "set-up: the Rust core"
	@$(RUST) $(VENV)/uv pip install --quiet --python $(VENV)/python --no-build-isolation --no-deps -e .
	@touch $@

.PHONY: lock
lock: .venv/ready ## Pin the newest versions that pyproject.toml allows
	@$(VENV)/uv pip compile pyproject.toml --all-extras --group dev --group embedded --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" --upgrade -q -o requirements.lock

# ---- check -----------------------------------------------------------------------------------------------------------

.PHONY: check
check: setup ## Formatting, lints, types, the rule of imports
	@$(VENV)/ruff format --check --quiet . || { echo "make format mends that"; exit 1; }
	@$(VENV)/ruff check --quiet .
	@$(VENV)/mypy
	@$(VENV)/lint-imports --no-cache | tail -n 3
	@$(RUST) cargo fmt $(CRATE) --check
	@$(RUST) cargo clippy $(CRATE) --quiet --all-targets -- -D warnings

.venv-checkov/ready: .venv/ready checks/checkov.lock
	@echo "set-up: checkov, in an environment of its own"
	@[ -x .venv-checkov/bin/python ] || $(VENV)/python -m venv --without-pip .venv-checkov
	@$(VENV)/uv pip install --quiet --python .venv-checkov/bin/python --require-hashes -r checks/checkov.lock
	@touch $@

.PHONY: checkov
checkov: .venv/ready .venv-checkov/ready ## checkov on the template, with the parameters that add resources
	@rm -rf .cache/variants && mkdir -p .cache/variants && $(VENV)/python -m tests.template.variants .cache/variants
	@.venv-checkov/bin/checkov -d .cache/variants --framework cloudformation --compact --quiet --skip-download
	@echo "make checkov: green in $$(( $$(date +%s) - $(STARTED) )) s"

.PHONY: checkov-lock
checkov-lock: .venv/ready ## Pin the newest checkov
	@$(VENV)/uv pip compile checks/checkov.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --custom-compile-command "make checkov-lock" --upgrade -q -o checks/checkov.lock

.PHONY: access
access: .venv/ready ## Write docs/access.md anew from the template
	@$(VENV)/python -m tests.template.access

.PHONY: pytest
pytest: setup ## The tests alone (ARGS="-k name")
	@$(RUST) cargo test $(CRATE) --quiet --release --no-default-features
	@$(VENV)/pytest -n auto --dist worksteal $(ARGS)

.PHONY: test-browser
test-browser: setup ## The console's tests alone, in Chromium (SAFELIGHT_SCREENSHOTS=docs takes the pictures anew)
	@$(VENV)/pytest -m browser $(ARGS)

.PHONY: test-pythons
test-pythons: setup ## The quick tests on every other Python from 3.11 to 3.14 that is here
	@for version in 3.11 3.12 3.13 3.14; do $(MAKE) test-python VERSION=$$version; done

.PHONY: test-python
test-python:
	@if ! python$(VERSION) --version >/dev/null 2>&1; then echo "Python $(VERSION) is not here: left out"; exit 0; fi; \
	if $(VENV)/python --version | grep -q " $(VERSION)\."; then echo "Python $(VERSION) is what make test runs on"; exit 0; fi; \
	[ -x .venv-$(VERSION)/bin/python ] || python$(VERSION) -m venv --without-pip .venv-$(VERSION); \
	$(VENV)/uv pip install --quiet --python .venv-$(VERSION)/bin/python -c requirements.lock -r pyproject.toml --all-extras --group dev; \
	.venv-$(VERSION)/bin/python --version; \
	.venv-$(VERSION)/bin/python -m pytest -n auto --dist worksteal -q -m "not embedded and not slow" -p no:cacheprovider

.PHONY: test-neon
test-neon: ## The Rust core's own tests on ARM's kernels, under qemu (left out where the cross tools are not here)
	@$(RUST) [ -d "$$(rustc --print target-libdir --target $(ARM))" ] || { echo "target $(ARM) is not here (rustup target add $(ARM)): left out"; exit 0; }; \
	for tool in aarch64-linux-gnu-gcc qemu-aarch64; do \
		command -v $$tool >/dev/null || { echo "$$tool is not here (Debian: apt-get install gcc-aarch64-linux-gnu qemu-user): left out"; exit 0; }; done; \
	export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc; \
	export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"; \
	cargo test $(CRATE) --quiet --target $(ARM) --no-default-features --lib

.PHONY: miri
miri: ## The Rust core's tests under Miri, which finds undefined behaviour (all but libwebp, which is C; CASES=1)
	@$(RUST) cargo +nightly miri --version >/dev/null 2>&1 || { echo "Miri is not here: rustup toolchain install nightly --component miri,rust-src"; exit 1; }
	@$(RUST) MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES=$(or $(CASES),1) PROPTEST_DISABLE_FAILURE_PERSISTENCE=1 \
		cargo +nightly miri test $(CRATE) --no-default-features --lib --test small
	@echo "make miri: green in $$(( $$(date +%s) - $(STARTED) )) s"

.PHONY: sanitize
sanitize: ## The Rust core's tests, AVX2 kernels and libwebp included, under AddressSanitizer
	@$(RUST) cargo +nightly --version >/dev/null 2>&1 || { echo "a nightly toolchain is not here: rustup toolchain install nightly"; exit 1; }
	@$(RUST) host=$$(rustc -vV | sed -n 's/^host: //p'); \
		export RUSTFLAGS=-Zsanitizer=address "CFLAGS_$${host//-/_}=-fsanitize=address" CARGO_PROFILE_TEST_OPT_LEVEL=1 CARGO_TARGET_DIR=imaging/native/target/sanitize; \
		cargo +nightly test $(CRATE) --quiet --target $$host --no-default-features --lib --test hostile --test small --test jpeg_decode
	@echo "make sanitize: green in $$(( $$(date +%s) - $(STARTED) )) s"

# ---- containers ------------------------------------------------------------------------------------------------------

.PHONY: image
image: setup images ## Build the Lambda image; say its size and its cold start (PLATFORM=linux/arm64 where that runs)
	@$(VENV)/python -m bench.image

.PHONY: images
images:
	@docker build --quiet $(if $(PLATFORM),--platform $(PLATFORM)) --target runtime --tag safelight:latest . >/dev/null
	@docker build --quiet $(if $(PLATFORM),--platform $(PLATFORM)) --target local --tag safelight:local . >/dev/null
	@docker build --quiet $(if $(PLATFORM),--platform $(PLATFORM)) --target laptop --tag safelight:laptop . >/dev/null

.PHONY: sbom
sbom: setup images ## Say what is in the Lambda image, as CycloneDX: out/sbom.json
	@$(RUST) $(VENV)/python -m bench.bill

.PHONY: compose-demo
compose-demo: setup ## The demo through the containers that docker compose up has started (DIR=~/Pictures, N=500)
	@$(VENV)/safelight demo $(if $(DIR),"$(DIR)") $(if $(N),--samples $(N)) --out out/compose-demo \
		--endpoint http://127.0.0.1:$(or $(SAFELIGHT_PORT),4566) $(ARGS)

.PHONY: compose-url
compose-url: ## The address of the console that docker compose up has started, its token in it
	@docker compose logs --no-log-prefix mapping | grep -o 'http://[^ ]*#token=[^ ]*' | tail -n 1 \
		|| { echo "no console is served yet: docker compose up -d --wait"; exit 1; }

.PHONY: test-compose
test-compose: setup image ## The containers on LocalStack, killed and cut off; the contract suite on LocalStack
	@$(VENV)/pytest -m compose -s --durations=5 tests/compose tests/contracts $(ARGS)

.PHONY: fresh-check
fresh-check: ## The README's two commands, word for word, in a bare Debian (ARGS=--quick: without the slow tests)
	@.ci/fresh-check $(ARGS)

# ---- measure, and try for long ---------------------------------------------------------------------------------------

.PHONY: bench
bench: setup ## Measure the imaging core against its peers (PHOTOS=folder, ARGS=--quick)
	@$(RUST) $(VENV)/python -m bench.imaging $(if $(PHOTOS),--photos "$(PHOTOS)") $(ARGS)

.PHONY: bench-batch
bench-batch: setup ## Measure what the batch and the sandbox cost (PHOTOS=folder)
	@$(VENV)/python -m bench.batch $(if $(PHOTOS),--photos "$(PHOTOS)") $(ARGS)

.PHONY: bench-lock
bench-lock: .venv/ready ## Pin the newest peers
	@for lock in peers turbo simd node; do $(VENV)/uv pip compile bench/$$lock.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate -c requirements.lock --custom-compile-command "make bench-lock" --upgrade -q -o bench/$$lock.lock; done
	@npm install --prefix bench --save-exact --omit-lockfile-registry-resolved=true --no-fund --no-audit sharp@latest

.PHONY: chaos
chaos: setup ## The random fault tests, long and from anywhere (TIMES=50, CHAOS_SEED=n)
	@CHAOS=$(or $(TIMES),50) $(VENV)/pytest -n auto --timeout=0 tests/faults/test_machine.py tests/faults/test_random.py $(ARGS)

.PHONY: fuzz
fuzz: setup ## Feed the decoders damaged files for long (SECONDS_EACH=600; needs a nightly toolchain and cargo-fuzz)
	@$(RUST) cargo +nightly fuzz --version >/dev/null 2>&1 || { echo "cargo-fuzz is not here: rustup toolchain install nightly && cargo install cargo-fuzz"; exit 1; }
	@$(VENV)/python -m tests.imaging.seeds imaging/native/fuzz/corpus
	@cd imaging/native && for target in $$(cargo +nightly fuzz list); do \
		cargo +nightly fuzz run $$target -- -max_total_time=$(or $(SECONDS_EACH),600) -max_len=262144 -timeout=10 -rss_limit_mb=1024; done

# ---- mend ------------------------------------------------------------------------------------------------------------

.PHONY: format
format: setup ## Mend the formatting
	@$(VENV)/ruff format --quiet . && $(VENV)/ruff check --quiet --fix .
	@$(RUST) cargo fmt $(CRATE)

.PHONY: clean
clean: ## Take away everything that was installed or built here
	@rm -rf .venv .venv-* .rust .cache out imaging/native/target imaging/_native.abi3.so
	@rm -rf .*_cache .hypothesis .aws-sam dist imaging/native/fuzz/{target,corpus,artifacts}
	@rm -rf bench/.venv-* bench/node_modules bench/.cache bench/ssimulacra2/target
