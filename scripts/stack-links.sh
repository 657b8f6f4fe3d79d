#!/bin/sh
# Prints links to Grafana's boards, those of the plant at the time of its rows: a recording's lie years back. While there are no
# rows, or InfluxDB cannot be asked, the links leave the time to the board.
#
#   sh scripts/stack-links.sh
#
# GRAFANA_URL, INFLUX_URL, INFLUX_ORG, INFLUX_BUCKET and INFLUX_READER_TOKEN are those of the environment or of .env. Needs curl.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# shellcheck source=scripts/stack-settings.sh
. "$root/scripts/stack-settings.sh"
grafana=$(setting GRAFANA_URL http://127.0.0.1:3000)
grafana=${grafana%/}
# At most so much before the last row, in milliseconds.
reach=14400000

# "from=...&to=...", or nothing.
span() {
  answer=$(ask_flux "rows = $plant_rows
rows |> first() |> group() |> map(fn: (r) => ({ms: int(v: r._time) / 1000000})) |> min(column: \"ms\") |> yield(name: \"first\")
rows |> last() |> group() |> map(fn: (r) => ({ms: int(v: r._time) / 1000000})) |> max(column: \"ms\") |> yield(name: \"last\")" 2>/dev/null) || return 0
  printf '%s\n' "$answer" | tr -d '\r' | awk -F , -v reach="$reach" '
    /^,first,/ { first = $NF }
    /^,last,/ { last = $NF; found = 1 }
    END {
      if (!found) exit
      if (first < last - reach) first = last - reach
      # A row alone has no length: a minute before and after it.
      if (first == last) { first -= 60000; last += 60000 }
      printf "from=%.0f&to=%.0f", first, last
    }
  '
}

times=''
if command -v curl >/dev/null 2>&1; then times=$(span); fi
for board in start plant incidents; do
  printf '  %-18s%s/d/sluice-%s%s\n' "board $board" "$grafana" "$board" "${times:+?$times}"
done
printf '  %-18s%s/d/sluice-health\n' 'board health' "$grafana"
