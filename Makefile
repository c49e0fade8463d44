# Everything that a developer runs. `make test` runs all tests: it installs what it needs and starts the real
# programs.
.PHONY: setup check test test-long bench docs format
SHELL := /bin/sh

setup:
	@./postern setup

# Types, lint, format, dead code, import direction, unit tests.
check: setup
	@./scripts/check.sh

# All tests, with the real programs from Debian packages.
test: setup
	@./scripts/debian-packages.sh
	@./scripts/test.sh

# What takes longer than a usual run: more seeds, other circumstances. At most an hour.
test-long: setup
	@./scripts/debian-packages.sh
	@./scripts/test.sh --long

bench: setup
	@./scripts/debian-packages.sh
	@./scripts/node.sh bench/main.ts

# Writes the reference pages from the code.
docs: setup
	@./scripts/node.sh scripts/reference.ts

format: setup
	@./scripts/node.sh node_modules/@biomejs/biome/bin/biome check --write .
