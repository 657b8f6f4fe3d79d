#!/bin/sh
# What `sh run.sh --stack` does: secrets, then docker-compose.yml built, started and waited for.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root"

# shellcheck source=scripts/stack-docker.sh
. "$root/scripts/stack-docker.sh"

give_up() {
  say 'The same on servers of your own, without Docker: docs/stack.md. On no server at all: sh run.sh'
  exit 4
}

have_docker || give_up

sh scripts/stack-secrets.sh make .env

# The producer is started, not waited for: it ends when all rows are sent, and Compose takes an end for a failure.
if ! { docker compose up --detach --build --wait --wait-timeout 600 processor telegraf grafana chronograf && docker compose up --detach producer; } >&2; then
  say 'the stack did not come up; what Docker said is above, what the services say: docker compose logs'
  say 'A port in use? Name another in .env: KAFKA_PORT, INFLUX_PORT, SLUICE_PORT, GRAFANA_PORT, CHRONOGRAF_PORT.'
  exit 4
fi

# For commands on this machine: ./sluice query ... pipelines/swat-kafka.yaml
tokens=$(docker compose run --rm --no-deps -T --entrypoint cat init /var/lib/sluice/tokens/stack.env) || {
  say 'the stack runs, but its tokens could not be read; what Docker said is above.'
  give_up
}
printf '%s\n' "$tokens" | sh scripts/stack-secrets.sh take .env

# The address where a port of a service is published, such as 127.0.0.1:9092.
published() { docker compose port "$1" "$2"; }

cat <<EOF
the stack runs:
  Grafana           http://$(published grafana 3000)  user sluice, password GRAFANA_ADMIN_PASSWORD in .env
EOF
GRAFANA_URL="http://$(published grafana 3000)" INFLUX_URL="http://$(published influxdb 8086)" sh scripts/stack-links.sh
cat <<EOF
  Chronograf        http://$(published chronograf 8888)  no password: keep it on this machine
  Sluice            http://$(published processor 8080)  asks for the token SLUICE_TOKEN in .env; not for /metrics /healthz /readyz
  InfluxDB          http://$(published influxdb 8086)  user sluice, password INFLUX_ADMIN_PASSWORD in .env
  Kafka             $(published kafka 9092)
links at the time of the rows that came since:  sh scripts/stack-links.sh
what it does:       docker compose logs --follow processor
what it found:      ./sluice query incidents pipelines/swat-kafka.yaml
stop, data stay:    docker compose down
EOF
