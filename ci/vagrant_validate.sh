#!/usr/bin/env bash
# Checks the Vagrantfile where vagrant is installed; exit status 77: skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v vagrant >/dev/null; then
  echo "skipped: vagrant is not installed"
  exit 77
fi
VAGRANT_HOME=$(mktemp -d)
export VAGRANT_HOME
trap 'rm -rf "$VAGRANT_HOME"' EXIT
vagrant validate --ignore-provider
