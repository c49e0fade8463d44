#!/bin/sh
# Everything; see scripts/test.ts. Names of stages (`unit`, `page`, `mail server` …) run those alone.
set -eu
exec "$(dirname "$0")/node.sh" scripts/test.ts "$@"
