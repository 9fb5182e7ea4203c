# Gatehouse. `make help` lists the targets.

SHELL := /bin/bash
SWIFT ?= swift
BUILD ?= .build
JOBS ?= $(shell nproc)
PYTHON := $(CURDIR)/$(BUILD)/venv/bin/python

prefix ?= /usr
sysconfdir ?= /etc
bindir = $(DESTDIR)$(prefix)/bin
datadir = $(DESTDIR)$(prefix)/share/gatehouse
docdir = $(DESTDIR)$(prefix)/share/doc/gatehouse
unitdir = $(DESTDIR)$(prefix)/lib/systemd/system
compdir = $(DESTDIR)$(prefix)/share/bash-completion/completions

.PHONY: help run build release test lint format size fuzz bench torture install docs clean prepare prepare-test

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

run: prepare ## Gateway, cloud and a client on this machine, with a simulated board (ARGS=--unattended checks itself)
	@$(SWIFT) build --jobs $(JOBS) --product gatehouse --quiet
	@$(SWIFT) build --jobs $(JOBS) --product gatehouse-cloud --quiet
	@$(SWIFT) build --jobs $(JOBS) --product gatehouse-demo --quiet
	@"$$($(SWIFT) build --show-bin-path)/gatehouse-demo" $(ARGS)

build: prepare ## Everything, for debugging
	$(SWIFT) build --jobs $(JOBS)

release: prepare ## Release binaries with the Swift library inside, stripped, in .build/dist
	Tools/release.sh

test: prepare-test lint ## All tests, with real peers
	$(SWIFT) build --jobs $(JOBS) --build-tests
	GATEHOUSE_PEERS=required GATEHOUSE_PYTHON=$(PYTHON) $(SWIFT) test --skip-build

lint: ## Layout and documentation of the sources
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks Fuzz

format: ## Settle the layout
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks Fuzz

size: prepare ## The daemon's size on disk and in memory, against its limits
	Tools/size.sh

fuzz: prepare ## Each decoder against random input, SECONDS=60 each
	Tools/fuzz.sh $${SECONDS_EACH:-60}

bench: prepare ## The figures of docs/performance.md
	Tools/bench.sh

torture: prepare-test ## Kill gateway and cloud at 200 random points (CYCLES=200)
	$(SWIFT) build --jobs $(JOBS)
	"$$($(SWIFT) build --show-bin-path)/gatehouse-demo" torture --cycles $${CYCLES:-200}

docs: ## The pages that are made from the sources
	$(SWIFT) run --quiet gatehouse reference configuration > docs/configuration.md
	$(SWIFT) run --quiet gatehouse reference example > board/gatehouse.example.toml

install: ## Binaries of `make release`, units, board files; DESTDIR is honoured
	@test -x $(BUILD)/dist/gatehouse || { echo "make install: there are no release binaries; run 'make release' first" >&2; exit 1; }
	install -d $(bindir) $(datadir)/board $(docdir) $(unitdir) $(compdir) $(DESTDIR)$(sysconfdir)/gatehouse
	install -m 755 $(BUILD)/dist/gatehouse $(BUILD)/dist/gatehouse-cloud $(bindir)
	install -m 644 board/*.toml $(datadir)/board
	install -m 644 README.md LICENSE docs/*.md $(docdir)
	install -m 644 systemd/gatehouse.service systemd/gatehouse-cloud.service $(unitdir)
	install -D -m 644 systemd/gatehouse.sysusers $(DESTDIR)$(prefix)/lib/sysusers.d/gatehouse.conf
	install -D -m 644 systemd/gatehouse.tmpfiles $(DESTDIR)$(prefix)/lib/tmpfiles.d/gatehouse.conf
	install -D -m 644 systemd/60-gatehouse.rules $(DESTDIR)$(prefix)/lib/udev/rules.d/60-gatehouse.rules
	$(BUILD)/dist/gatehouse --generate-completion-script bash > $(compdir)/gatehouse
	$(BUILD)/dist/gatehouse-cloud --generate-completion-script bash > $(compdir)/gatehouse-cloud
	test -e $(DESTDIR)$(sysconfdir)/gatehouse/gatehouse.toml || install -m 640 board/gatehouse.example.toml $(DESTDIR)$(sysconfdir)/gatehouse/gatehouse.toml

prepare:
	@Tools/prepare.sh build

prepare-test:
	@Tools/prepare.sh test

clean: ## Remove what was built
	rm -rf $(BUILD)
