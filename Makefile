# Gatehouse. `make help` lists the targets.

SHELL := /bin/bash
SWIFT ?= swift
BUILD ?= .build
JOBS ?= $(shell nproc)
PYTHON := $(CURDIR)/$(BUILD)/venv/bin/python

prefix ?= /usr
sysconfdir ?= /etc
# Where the binaries to install are, and those that can be run here to write the shells' completions: not the same when
# they were built for another processor.
dist ?= $(BUILD)/dist
completions_by ?= $(dist)
bindir = $(DESTDIR)$(prefix)/bin
libdir = $(DESTDIR)$(prefix)/lib
datadir = $(DESTDIR)$(prefix)/share
confdir = $(DESTDIR)$(sysconfdir)/gatehouse

.PHONY: help run build release test test-hardware lint format size fuzz bench torture install uninstall docs clean prepare prepare-test prepare-bench

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

run: prepare ## Gateway, cloud and a client on this machine, with a simulated board (ARGS=--unattended checks itself)
	@echo "building; the first time takes some minutes"
	@$(SWIFT) build --jobs $(JOBS) --product gatehouse
	@$(SWIFT) build --jobs $(JOBS) --product gatehouse-cloud
	@$(SWIFT) build --jobs $(JOBS) --product gatehouse-demo
	@"$$($(SWIFT) build --show-bin-path)/gatehouse-demo" $(ARGS)

build: prepare ## Everything, for debugging
	$(SWIFT) build --jobs $(JOBS)

release: prepare ## Release binaries with the Swift library inside, stripped, in .build/dist
	Tools/release.sh

test: prepare-test lint ## All tests, with real peers
	$(SWIFT) build --jobs $(JOBS) --build-tests
	GATEHOUSE_PEERS=required GATEHOUSE_PYTHON=$(PYTHON) SWIFT=$(SWIFT) Tools/test.sh

test-hardware: prepare-test ## The programs on a real kernel under QEMU, with pins and a radio in software (SCENARIOS="gpio")
	$(SWIFT) build --jobs $(JOBS) --build-tests
	Tests/Hardware/run.sh $(SCENARIOS)

lint: ## Layout and documentation of the sources
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks Fuzz

format: ## Settle the layout
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks Fuzz

size: prepare ## The daemon's size on disk and in memory, against its limits
	Tools/size.sh

fuzz: prepare ## Each decoder against random input, SECONDS=60 each
	Tools/fuzz.sh $${SECONDS_EACH:-60}

bench: prepare-bench ## The figures of docs/performance.md
	Tools/bench.sh

torture: prepare-test ## Kill gateway and cloud at 200 random points (CYCLES=200)
	$(SWIFT) build --jobs $(JOBS)
	"$$($(SWIFT) build --show-bin-path)/gatehouse-demo" torture --cycles $${CYCLES:-200}

docs: ## The pages that are made from the sources
	$(SWIFT) run --quiet gatehouse reference configuration > docs/configuration.md
	$(SWIFT) run --quiet gatehouse reference example > board/gatehouse.example.toml
	$(SWIFT) run --quiet gatehouse reference onem2m > docs/onem2m-resources.md

install: ## Binaries of `make release`, units, board files, completions; DESTDIR is honoured
	@test -x $(dist)/gatehouse -a -x $(dist)/gatehouse-cloud -a -x $(dist)/gatehouse-onboard || { echo "make install: there are no release binaries in $(dist); run 'make release' first" >&2; exit 1; }
	install -d $(bindir) $(libdir)/systemd/system $(datadir)/gatehouse/board $(datadir)/doc/gatehouse $(confdir)
	install -m 755 $(dist)/gatehouse $(dist)/gatehouse-cloud $(dist)/gatehouse-onboard $(bindir)
	install -m 644 board/*.toml $(datadir)/gatehouse/board
	install -m 644 README.md LICENSE $(datadir)/doc/gatehouse
	install -D -m 644 -t $(datadir)/doc/gatehouse/docs docs/*.md docs/*.svg
	for unit in gatehouse gatehouse-cloud; do sed 's|/usr/bin/gatehouse|$(prefix)/bin/gatehouse|; s|/usr/share/doc|$(prefix)/share/doc|' systemd/$$unit.service > $(libdir)/systemd/system/$$unit.service && chmod 644 $(libdir)/systemd/system/$$unit.service || exit 1; done
	install -D -m 644 systemd/gatehouse.sysusers $(libdir)/sysusers.d/gatehouse.conf
	install -D -m 644 systemd/gatehouse.tmpfiles $(libdir)/tmpfiles.d/gatehouse.conf
	install -D -m 644 systemd/60-gatehouse.rules $(libdir)/udev/rules.d/60-gatehouse.rules
	install -d $(datadir)/bash-completion/completions $(datadir)/zsh/vendor-completions $(datadir)/fish/vendor_completions.d
	for command in gatehouse gatehouse-cloud gatehouse-onboard; do \
	    $(completions_by)/$$command --generate-completion-script bash > $(datadir)/bash-completion/completions/$$command && \
	    $(completions_by)/$$command --generate-completion-script zsh > $(datadir)/zsh/vendor-completions/_$$command && \
	    $(completions_by)/$$command --generate-completion-script fish > $(datadir)/fish/vendor_completions.d/$$command.fish && \
	    chmod 644 $(datadir)/bash-completion/completions/$$command $(datadir)/zsh/vendor-completions/_$$command $(datadir)/fish/vendor_completions.d/$$command.fish || exit 1; \
	done
	test -e $(confdir)/gatehouse.toml || install -m 600 board/gatehouse.example.toml $(confdir)/gatehouse.toml

uninstall: ## Remove what `make install` put there; configuration and state stay
	rm -f $(bindir)/gatehouse $(bindir)/gatehouse-cloud $(bindir)/gatehouse-onboard
	rm -f $(libdir)/systemd/system/gatehouse.service $(libdir)/systemd/system/gatehouse-cloud.service
	rm -f $(libdir)/sysusers.d/gatehouse.conf $(libdir)/tmpfiles.d/gatehouse.conf $(libdir)/udev/rules.d/60-gatehouse.rules
	rm -f $(foreach command,gatehouse gatehouse-cloud gatehouse-onboard,$(datadir)/bash-completion/completions/$(command) $(datadir)/zsh/vendor-completions/_$(command) $(datadir)/fish/vendor_completions.d/$(command).fish)
	rm -rf $(datadir)/gatehouse $(datadir)/doc/gatehouse
	@echo "$(confdir), $(DESTDIR)/var/lib/gatehouse and $(DESTDIR)/var/lib/gatehouse-cloud are left as they are"

prepare:
	@Tools/prepare.sh build

prepare-test:
	@Tools/prepare.sh test

prepare-bench:
	@Tools/prepare.sh bench

clean: ## Remove what was built
	rm -rf $(BUILD)
