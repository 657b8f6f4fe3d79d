# shellcheck shell=sh disable=SC2034,SC2154
# What the scripts stack-*.sh share that ask the running stack. Sourced, with `root` the folder of the repository. Needs curl.

# The value of a name: of the environment, of .env, or the one given.
setting() {
  value=$(printenv "$1") || value=''
  if [ -z "$value" ] && [ -f "$root/.env" ]; then value=$(sed -n "s/^$1=//p" "$root/.env" | tail -n 1); fi
  printf '%s' "${value:-$2}"
}

# Of each byte its code: for a name in an address.
encoded() { printf '%s' "$1" | od -An -v -tx1 | tr -d '\n' | sed 's/ /%/g'; }
# A text of Flux.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/\${/\\&/g')"; }

# The answer of InfluxDB to a text of Flux, with the token that may only read. The token is read by curl, not shown to those who list processes.
ask_flux() {
  printf 'header = "Authorization: Token %s"\n' "$(setting INFLUX_READER_TOKEN '')" | curl --silent --show-error --fail --max-time 60 --config - \
    --header 'Content-Type: application/vnd.flux' --header 'Accept: application/csv' --data-binary "$1" \
    "$(setting INFLUX_URL http://127.0.0.1:8086)/api/v2/query?org=$(encoded "$(setting INFLUX_ORG sluice)")"
}

# The plant's rows, as Flux. Any reading of a row may be missing; where it came from is said of every row.
plant_rows="from(bucket: $(quoted "$(setting INFLUX_BUCKET plant)"))
  |> range(start: 1900-01-01T00:00:00Z)
  |> filter(fn: (r) => r._measurement == \"sensors\" and r._field == \"_origin\")"
