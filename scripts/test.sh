#!/bin/sh
# Runs all tests; see scripts/test.ts. Names of stages (`unit`, `page`, `mail server` …) run only those.
set -eu
exec "$(dirname "$0")/node.sh" scripts/test.ts "$@"
