#!/bin/sh
# What the service `init` of docker-compose.yml runs: sets up InfluxDB, and hands each service the one token that it needs.
#
#   sh scripts/stack-init.sh ALL NAME=FILE...     ALL: the file for every token; FILE: the file for the token NAME alone
set -eu
umask 077
all=$1
shift
cd "$(dirname -- "$0")/.."

./sluice init influxdb --env-file "$all"
for use in "$@"; do
  name=${use%%=*}
  file=${use#*=}
  if ! grep "^$name=." "$all" >"$file.new"; then
    rm -f "$file.new"
    printf 'sluice: %s holds no %s\n' "$all" "$name" >&2
    exit 1
  fi
  mv -f "$file.new" "$file"
done
