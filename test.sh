#!/bin/sh
# Everything that must hold before a change is merged. Stops at the first failure.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
. "$root/scripts/prepare.sh"
cd "$root"
if ! [ -t 1 ]; then
  unset FORCE_COLOR
  export NO_COLOR=1
fi

step() {
  printf '\n== %s\n' "$1"
  shift
  begun=$(date +%s)
  "$@"
  printf 'took %s s\n' "$(($(date +%s) - begun))"
}

require_node
require_packages
step 'lint and format' npm run --silent lint
step 'types' npm run --silent types
step 'dead code' npm run --silent dead-code
step 'build' require_build
step 'generated files' npm run --silent generate -- --check
step 'tests and coverage' npm run --silent coverage
printf '\nall checks passed\n'
