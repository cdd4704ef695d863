# The front door. `make help` lists what there is; README.md has the two commands that matter.
SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
PROGRAMS := slipwayd slipway slipway-agent cluster-bootstrapper

.PHONY: help setup build bootstrapper-image demo test check real bench bench-plane fuzz asan tsan gcc crash lint format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian packages that building and testing need (root or sudo)
	@tools/setup

build: setup ## release binaries in build/bin
	@cmake --preset release > build.log 2>&1 || { cat build.log; rm -f build.log; exit 1; }; rm -f build.log
	@cmake --build --preset release -j $(JOBS) --target $(PROGRAMS)
	@mkdir -p build/bin && for p in $(PROGRAMS); do install -m 755 -s build/release/bin/$$p build/bin/$$p; done
	@echo "built: $(addprefix build/bin/,$(PROGRAMS))"

bootstrapper-image: build ## cluster-bootstrapper as an OCI image: build/cluster-bootstrapper-image{,.tar}
	@tools/bootstrapper-image build/bin/cluster-bootstrapper build/cluster-bootstrapper-image

demo: build ## a machine becomes a Ready cluster before your eyes (DEMO=once ends by itself)
	@DEMO=$(DEMO) tools/demo

test: setup ## everything: format, layers, unit, integration and real tests; last line: N passed, N failed, N skipped
	@tools/run-tests all

check: ## the quick loop: format, layers, unit tests
	@tools/run-tests check

real: build ## the tests on real components only (K3s or k3s-standin in namespaces)
	@tools/run-tests real

bench: build ## figures beside their rivals; tables here, numbers in build/figures/*.json
	@tools/run-benchmarks

bench-plane: setup ## the resource plane beside kube-apiserver + etcd (BENCH=--long for more and longer rounds)
	@tools/bench-plane $(BENCH)

fuzz: setup ## every fuzz target for FUZZ_SECONDS (default 30) each
	@tools/run-fuzzers

asan: setup ## unit and integration tests under AddressSanitizer and UBSan
	@tools/run-tests asan

tsan: setup ## unit and integration tests under ThreadSanitizer
	@tools/run-tests tsan

gcc: setup ## the gate: everything also builds with g++ 12 and passes its unit tests
	@tools/run-tests gcc

crash: build ## kill -9 and disk faults in their long form (CRASH_ROUNDS, default 200)
	@tools/run-tests crash

lint: ## clang-tidy over all sources (slow)
	@cmake --preset dev > /dev/null && run-clang-tidy-19 -quiet -p build/dev '/src/.*\.cpp' 2> /dev/null

format: ## clang-format over all sources
	@git ls-files '*.cpp' '*.h' | xargs clang-format-19 -i

clean: ## remove build/
	@rm -rf build
