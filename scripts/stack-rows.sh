#!/bin/sh
# Counts the plant's rows in InfluxDB by Flux, with the token that may only read.
#
#   sh scripts/stack-rows.sh                  prints how many there are
#   sh scripts/stack-rows.sh ROWS [SECONDS]   waits until there are so many, a minute at most if SECONDS is not given
#
# INFLUX_URL, INFLUX_ORG, INFLUX_BUCKET and INFLUX_READER_TOKEN are those of the environment or of .env. Needs curl.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
expected=${1-}
seconds=${2-60}

# The value of a name: of the environment, of .env, or the one given.
setting() {
  value=$(printenv "$1") || value=''
  if [ -z "$value" ] && [ -f "$root/.env" ]; then value=$(sed -n "s/^$1=//p" "$root/.env" | tail -n 1); fi
  printf '%s' "${value:-$2}"
}
url=$(setting INFLUX_URL http://127.0.0.1:8086)
org=$(setting INFLUX_ORG sluice)
bucket=$(setting INFLUX_BUCKET plant)
token=$(setting INFLUX_READER_TOKEN '')
if [ -z "$token" ]; then
  printf 'sluice: INFLUX_READER_TOKEN is neither in the environment nor in .env; sh run.sh --stack or ./sluice init influxdb makes it\n' >&2
  exit 2
fi

# Of each byte its code: for a name in an address.
encoded() { printf '%s' "$1" | od -An -v -tx1 | tr -d '\n' | sed 's/ /%/g'; }
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/\${/\\&/g')"; }

# Any reading of a row may be missing; where it came from is said of every row.
flux="from(bucket: $(quoted "$bucket"))
  |> range(start: 1900-01-01T00:00:00Z)
  |> filter(fn: (r) => r._measurement == \"sensors\" and r._field == \"_origin\")
  |> group()
  |> count()"

# The token is read by curl, not shown to those who list processes.
count() {
  answer=$(printf 'header = "Authorization: Token %s"\n' "$token" | curl --silent --show-error --fail --max-time 60 --config - \
    --header 'Content-Type: application/vnd.flux' --header 'Accept: application/csv' --data-binary "$flux" "$url/api/v2/query?org=$(encoded "$org")") || return
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
