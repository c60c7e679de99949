#!/usr/bin/env bash
# Run buf, or say in one sentence why not: it comes from npm, and nothing of the product needs it.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -x node_modules/.bin/buf ]; then
  echo "buf is not installed (npm was not there at 'make setup'): 'buf $1' is skipped." >&2
  exit 0
fi
exec node_modules/.bin/buf "$@"
