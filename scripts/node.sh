#!/bin/sh
# Runs the project's Node 24 (or the system's Node, if it is new enough) with the given arguments.
set -eu
home=$(cd "$(dirname "$0")/.." && pwd -P)
for found in "$home"/runtime/node_modules/node-linux-*/bin/node; do
  if [ -x "$found" ]; then PATH=$(dirname "$found"):$PATH; export PATH; fi
done
cd "$home"
exec node --disable-warning=ExperimentalWarning "$@"
