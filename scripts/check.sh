#!/bin/sh
# Types, lint and format, dead code, then the unit tests: what should pass before every commit.
set -eu
cd "$(dirname "$0")/.."
./scripts/node.sh node_modules/typescript/bin/tsc -p . &
types=$!
./scripts/node.sh node_modules/@biomejs/biome/bin/biome check --error-on-warnings .
wait "$types"
./scripts/node.sh node_modules/knip/bin/knip.js
./scripts/node.sh --test --test-isolation=none --test-reporter=dot 'src/**/*.test.ts' 'test/*.test.ts'
