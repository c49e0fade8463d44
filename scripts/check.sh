#!/bin/sh
# Runs everything that must pass before a commit: types, lint and format, dead code, unit tests.
set -eu
cd "$(dirname "$0")/.."
./scripts/node.sh node_modules/typescript/bin/tsc -p . &
types=$!
./scripts/node.sh node_modules/@biomejs/biome/bin/biome check --error-on-warnings .
wait "$types"
./scripts/node.sh node_modules/knip/bin/knip.js
./scripts/node.sh --test --test-isolation=none --test-reporter=dot 'src/**/*.test.ts' 'test/*.test.ts'
