# The two commands of the README are `make demo` and `make test`. Both install what is missing and say so.
.PHONY: demo test setup setup-tests check-format lint unit fuzz bench demo-month pictures promises windows windows-smoke dist

ARGS ?=

# The tests that run in their own process; promises and story drive the real programs.
inside := $(filter-out promises story,$(basename $(notdir $(wildcard tests/*.rs))) $(notdir $(patsubst %/main.rs,%,$(wildcard tests/*/main.rs))))

demo: setup ## A whole district on this machine, in a window; ARGS=--headless runs it through without one
	cargo run --bin tayori -- demo $(ARGS)

test: setup-tests check-format lint unit fuzz ## All tests; CI goes on with windows-smoke

setup: ## System packages, only those that are not there
	@scripts/setup

setup-tests: ## The same, and what only the tests need
	@scripts/setup tests

check-format:
	cargo fmt --check

lint:
	cargo clippy --all-targets -- -D warnings
	cargo clippy --no-default-features --lib --bins -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps --lib

unit: ## In this process first, then what drives the real programs
	cargo test --lib --bins --examples $(inside:%=--test %)
	cargo test --doc
	scripts/stories
	scripts/on-postgres

fuzz: ## Each target for 60 s, where cargo-fuzz and a nightly toolchain are there; says so where not
	fuzz/run

bench: ## Speed beside the floor, in the same run
	cargo bench --bench reading
	scripts/mesh-sandbox
	cargo bench --bench seal --bench month --bench hub --bench window --bench search --bench folders --bench growth

promises: ## Writes the tests of each promise into docs/promises.md
	TAYORI_WRITE_PROMISES=1 cargo test --test promises -- every_promise

demo-month: ## Makes the demo's month anew with the independent writer
	scripts/demo-month

pictures: setup ## Pictures of the real window in target/pictures, and those of the manual
	scripts/pictures
	scripts/manual-pictures

windows: ## tayori.exe and tayori-hub.exe in target/windows/programs; docs/windows.md
	scripts/windows

windows-smoke: ## The same programs, built without optimisation, under Wine beside a hub and a client of this machine
	scripts/windows quick
	cargo build --bins
	scripts/windows-smoke

dist: ## Installer and zip for Windows, Debian packages, SBOM and sums in target/dist
	scripts/dist
