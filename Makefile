# Weir: what one does with it, in one place. `make` alone explains.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-deploy images build demo test test-unit test-sql test-integration test-deploy test-chaos bench lint format docs clean

# In portions: the formatter keeps every file open, and an ordinary user may have 1,024 open.
SWIFT_FILES := find Package.swift Libraries Services Tests examples bench -name '*.swift' -print0 | xargs -0 -n 500

help: ## Explain the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install from Debian what the rest needs; starts no service
	@scripts/setup

setup-deploy:
	@scripts/setup --deploy

build: setup ## Build all executables (debug)
	swift build

demo: build ## Run the main job on real data, start to finish
	.build/debug/weir demo

test: setup-deploy ## Build once, then lint and all tests below but chaos, which are told apart by name
	@scripts/run-tests lint alerts unit sql integration deploy

test-unit: setup ## Tests of single modules
	@scripts/run-tests unit

test-sql: setup ## Tests of the schema in SQL (pgTAP), on a private Postgres
	@scripts/run-tests sql

test-integration: setup ## Tests of all processes together
	@scripts/run-tests integration

test-deploy: setup-deploy ## Build images, bring deploy/compose.yaml up in containers, disturb it, take it down
	@scripts/run-tests deploy

images: setup ## Build the images of a deployment from executables of this machine (release), and show their sizes
	swift build -c release
	@deploy/scripts/build-images --binaries .build/release

test-chaos: setup ## Kill processes at random under load, and at 50 moments of workflows (WEIR_CHAOS_SECONDS, WEIR_CHAOS_KILLS, WEIR_CHAOS_SEED)
	@scripts/run-tests chaos

bench: ## Measure in release mode, print a table, write JSON
	@scripts/setup --bench
	swift build -c release
	bench/run

lint: ## Check the format of the Swift files
	$(SWIFT_FILES) swift format lint --strict --parallel

format: ## Put the format of the Swift files right
	$(SWIFT_FILES) swift format --in-place --parallel

docs: setup ## Write the reference of the libraries' API to .build/docs
	@scripts/make-docs

clean: ## Remove what was built and the state of 'weir up' in this clone
	@scripts/clean
