#!/usr/bin/env bash
# Bring .venv to what requirements/dev.txt says; does nothing when it is there (`make setup`).
# Every package is checked against its hash. Package indexes are those that pip and npm are configured with.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/.set-up
wanted=$(cat requirements/uv.txt requirements/dev.txt pyproject.toml package-lock.json tools/set_up.sh 2>/dev/null | sha256sum | cut -d' ' -f1)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
  exit 0
fi

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "Python 3.11 or later is needed: install it, or name it with PYTHON=/path/to/python3." >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
  else
    echo "Python's venv module is missing: run 'sudo apt-get install python3-venv', then 'make setup' again." >&2
    exit 1
  fi
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv

# uv reads no pip configuration: hand it the index, the extra wheels and the authorities that pip was given.
pip_setting() {
  .venv/bin/python -m pip config get "global.$1" 2>/dev/null || true
}
index=${PIP_INDEX_URL:-$(pip_setting index-url)}
links=${PIP_FIND_LINKS:-$(pip_setting find-links)}
cert=${PIP_CERT:-$(pip_setting cert)}
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_LINK_MODE="${UV_LINK_MODE:-copy}" UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}"
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
[ -z "$links" ] || export UV_FIND_LINKS="${UV_FIND_LINKS:-$links}"
[ -z "$cert" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$cert}"

echo "Installing what requirements/dev.txt names…"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
export VIRTUAL_ENV="$PWD/.venv"
.venv/bin/uv pip sync --quiet --require-hashes requirements/dev.txt
.venv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .

if ! command -v npm >/dev/null; then
  echo "npm is not here: buf is not installed, and the checks of the contracts that need it are skipped."
elif ! npm ci --silent --no-audit --no-fund; then
  echo "npm could not install buf: the checks of the contracts that need it are skipped."
fi
echo "$wanted" >"$stamp"
echo "Ready: .venv/bin/harmonia --help"
