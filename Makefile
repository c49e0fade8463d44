# Everything that a developer runs. `make test` runs all tests: it installs what it needs and starts the real
# programs.
.PHONY: setup check test bench docs format
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

bench: setup
	@./scripts/debian-packages.sh
	@./scripts/node.sh bench/main.ts

# Writes the reference pages from the code.
docs: setup
	@./scripts/node.sh scripts/reference.ts

format: setup
	@./scripts/node.sh node_modules/@biomejs/biome/bin/biome check --write .
