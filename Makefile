# `make` alone says what there is. Everything lives in scripts/; this only names it.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo build programs install uninstall test test-long check format fuzz bench bench-smoke bench-micro docs clean

SERVLET ?= echo
SECONDS ?= 60
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
	    printf '  make %-11s %s\n' "$$name" "$$text"; done

demo: ## talk to a servlet through nginx, from this terminal (SERVLET=echo, room or clock); leaves nothing behind
	@scripts/demo $(SERVLET)

build: ## the programs, in release, as the demo and the tests use them
	@scripts/build

programs: ## the programs as they are installed, without need of Swift: .build/installed
	@scripts/install programs

install: ## programs, manual pages, completions, systemd units, a configuration (PREFIX=/usr/local, DESTDIR=)
	@PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' DESTDIR='$(DESTDIR)' scripts/install

uninstall: ## remove what make install put there, but for a configuration that was changed
	@PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' DESTDIR='$(DESTDIR)' scripts/install uninstall

test: ## everything, as continuous integration runs it; at most 60 minutes on 2 cores
	@scripts/test

test-long: ## the same with every seed and the whole of every series; writes Docs/results/test-long.md
	@LONGWIRE_LONG=1 scripts/test

check: ## what can be checked without building: imports, format, lengths, links, …
	@scripts/check

format: ## swift format, in place
	@swift format --in-place --parallel -r Sources Tests Benchmarks Package.swift

fuzz: ## random bytes and random operations against the decoders and the session (SECONDS=60 in all)
	@scripts/fuzz $(SECONDS)

bench: ## Longwire beside its peers, and every transport, in about 40 minutes; writes Docs/results
	@scripts/bench

bench-smoke: ## the same in seconds, without figures that count
	@scripts/bench --smoke

bench-micro: ## memory and instructions of single operations, against Benchmarks/Micro/thresholds; seconds
	@scripts/bench-micro

docs: build ## the libraries' reference, with DocC, in .build/docc (scripts/docc preview serves it)
	@scripts/docc

clean: ## remove everything that was built
	@rm -rf .build .build-*
