#!/bin/sh
# Counts the plant's rows in InfluxDB by Flux, with the token that may only read.
#
#   sh scripts/stack-rows.sh                  prints how many there are
#   sh scripts/stack-rows.sh ROWS [SECONDS]   waits until there are so many, a minute at most if SECONDS is not given
#
# INFLUX_URL, INFLUX_ORG, INFLUX_BUCKET and INFLUX_READER_TOKEN are those of the environment or of .env. Needs curl.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# shellcheck source=scripts/stack-settings.sh
. "$root/scripts/stack-settings.sh"
expected=${1-}
seconds=${2-60}

if [ -z "$(setting INFLUX_READER_TOKEN '')" ]; then
  printf 'sluice: INFLUX_READER_TOKEN is neither in the environment nor in .env; sh run.sh --stack or ./sluice init influxdb makes it\n' >&2
  exit 2
fi

count() {
  answer=$(ask_flux "$plant_rows
  |> group()
  |> count()") || return
  # One table of one row whose last column is the number; no table when there is nothing.
  printf '%s\n' "$answer" | tr -d '\r' | awk -F , '/^,_result,/ { rows = $NF } END { print rows + 0 }'
}

if [ -z "$expected" ]; then
  count
  exit
fi
waited=0
until rows=$(count) && [ "$rows" -ge "$expected" ]; do
  if [ "$waited" -ge "$seconds" ]; then
    printf 'sluice: %s of %s rows after %s s\n' "${rows:-none}" "$expected" "$seconds" >&2
    exit 1
  fi
  sleep 2
  waited=$((waited + 2))
done
if [ "$rows" -ne "$expected" ]; then
  printf 'sluice: %s rows, expected %s\n' "$rows" "$expected" >&2
  exit 1
fi
printf '%s rows\n' "$rows"
