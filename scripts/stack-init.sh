#!/bin/sh
# What the service `init` of docker-compose.yml runs: sets up InfluxDB, and hands the processor the one token that it needs.
#
#   sh scripts/stack-init.sh ALL WRITER     ALL: the file for every token; WRITER: the file for the writer's alone
set -eu
umask 077
all=$1
writer=$2
cd "$(dirname -- "$0")/.."

./sluice init influxdb --env-file "$all"
if ! grep '^INFLUX_TOKEN=.' "$all" >"$writer.new"; then
  printf 'sluice: %s holds no INFLUX_TOKEN\n' "$all" >&2
  exit 1
fi
mv -f "$writer.new" "$writer"
