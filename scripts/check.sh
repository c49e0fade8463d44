#!/bin/sh
# Runs everything that must pass before a commit: types, lint and format, dead code, unit tests. The
# unit tests run in two processes, beside the rest; those named "(slow)" run in `make test` only.
set -eu
cd "$(dirname "$0")/.."
unit() { # part of the files, as N/OF
  ./scripts/node.sh --test --test-isolation=none --test-shard="$1" --test-skip-pattern='/\(slow\)/' \
    --test-reporter=dot 'src/**/*.test.ts' 'test/*.test.ts'
}
unit 1/2 &
first=$!
unit 2/2 &
second=$!
./scripts/node.sh node_modules/@biomejs/biome/bin/biome check --error-on-warnings .
./scripts/node.sh node_modules/typescript/bin/tsc -p .
./scripts/node.sh node_modules/knip/bin/knip.js
wait "$first"
wait "$second"
