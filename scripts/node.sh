#!/bin/sh
# Runs the project's own Node 24 (or the system's, where that is new enough) with the arguments given.
set -eu
home=$(cd "$(dirname "$0")/.." && pwd -P)
for found in "$home"/runtime/node_modules/node-linux-*/bin/node; do
  if [ -x "$found" ]; then PATH=$(dirname "$found"):$PATH; export PATH; fi
done
cd "$home"
exec node --disable-warning=ExperimentalWarning "$@"
