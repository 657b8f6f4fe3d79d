# Sourced by run.sh, test.sh and the root script `sluice` after they have set $root: a Node that is new enough, the locked
# packages, a build that is not older than its sources. Everything it says goes to standard error.

say() { printf 'sluice: %s\n' "$*" >&2; }

require_node() {
  version=$(node --version 2>/dev/null) || version=none
  numbers=${version#v}
  major=${numbers%%.*}
  minor=${numbers#*.}
  minor=${minor%%.*}
  case $major$minor in
    '' | *[!0-9]*) ;;
    *) if [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; }; then return 0; fi ;;
  esac
  say "needs Node 20.19 or newer, found $version. Install it from https://nodejs.org and try again."
  exit 2
}

# Installs only when the lock file is not the one that node_modules was installed from, so the second time needs no network.
require_packages() {
  stamp=$root/node_modules/.installed-lock
  if [ -f "$stamp" ] && cmp -s "$root/package-lock.json" "$stamp"; then return 0; fi
  require_node
  if ! command -v npm >/dev/null 2>&1; then
    say 'needs npm, which comes with Node: https://nodejs.org'
    exit 2
  fi
  say 'installing the locked packages'
  if ! (cd "$root" && npm ci --include=dev --prefer-offline --no-audit --no-fund --no-update-notifier >&2); then
    say 'the packages could not be installed; what npm said is above. The first time needs a network.'
    exit 4
  fi
  cp "$root/package-lock.json" "$stamp"
}

# True when a source of the program is newer than its last build. In an installed copy without sources there is nothing to build.
program_is_stale() {
  [ -f "$root/tsconfig.build.json" ] || return 1
  [ -f "$root/dist/.built" ] || return 0
  [ -n "$(cd "$root" && find core kernels connectors producer processor evaluate serve cli grafana/src scripts bench test/stack package.json tsconfig.json tsconfig.build.json \
    -newer dist/.built \( -name '*.ts' ! -name '*.test.ts' -o -name '*.json' \) -print 2>/dev/null)" ]
}

# The same of the page that the program serves. Its folder counts too, so that a file taken out is seen.
page_is_stale() {
  [ -f "$root/dashboard/vite.config.ts" ] || return 1
  [ -f "$root/dist/.built-page" ] && [ -f "$root/dist/dashboard/index.html" ] || return 0
  [ -n "$(cd "$root" && find dashboard package.json -newer dist/.built-page ! -name '*.test.ts' -print 2>/dev/null)" ]
}

# Stamped before the build reads, so that a file saved during the build counts as newer.
build_part() {
  say "building $1"
  : >"$root/dist/.building-since"
  stamp=$2
  shift 2
  if ! (cd "$root" && node "$@" >&2); then
    say 'the build failed; what the compiler said is above.'
    exit 1
  fi
  mv "$root/dist/.building-since" "$root/dist/$stamp"
}

# One build at a time: the lock is a link that names the process holding it, so one left by a killed process is seen to be dead.
require_build() {
  if ! program_is_stale && ! page_is_stale; then return 0; fi
  require_packages
  mkdir -p "$root/dist"
  lock=$root/dist/.building
  until ln -s "$$" "$lock" 2>/dev/null; do
    holder=$(readlink "$lock") || continue
    if kill -0 "$holder" 2>/dev/null; then sleep 1; else rm -f "$lock"; fi
  done
  trap 'rm -f "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if program_is_stale; then build_part 'the program' .built node_modules/typescript/bin/tsc -p tsconfig.build.json; fi
  if page_is_stale; then build_part 'the page' .built-page node_modules/vite/bin/vite.js build dashboard --logLevel warn; fi
  rm -f "$lock"
  trap - EXIT INT TERM
}
