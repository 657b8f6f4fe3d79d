#!/bin/sh
# Asks the running Grafana, Chronograf and InfluxDB whether all that this folder provisions has arrived and works, and whether a
# stranger is kept out. A line for each thing that is looked at; exit code 1 when one is not as it should be, 4 when one of the three does
# not answer at all.
#
#   sh scripts/stack-boards.sh [SECONDS]   how long to wait for what is not there yet; 60 if not given
#
# GRAFANA_URL, GRAFANA_ADMIN_PASSWORD, CHRONOGRAF_PORT, INFLUX_URL, INFLUX_MONITORING_BUCKET and INFLUX_READER_TOKEN are those of the
# environment or of .env. Needs curl.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# shellcheck source=scripts/stack-settings.sh
. "$root/scripts/stack-settings.sh"
seconds=${1-60}
grafana=$(setting GRAFANA_URL http://127.0.0.1:3000)
grafana=${grafana%/}
chronograf=http://127.0.0.1:$(setting CHRONOGRAF_PORT 8888)
influx=$(setting INFLUX_URL http://127.0.0.1:8086)
monitoring=$(setting INFLUX_MONITORING_BUCKET monitoring)
provisioned=$root/grafana/provisioning

for name in GRAFANA_ADMIN_PASSWORD INFLUX_READER_TOKEN; do
  if [ -z "$(setting "$name" '')" ]; then
    printf 'sluice: %s is neither in the environment nor in .env; sh run.sh --stack makes it\n' "$name" >&2
    exit 2
  fi
done

# Secrets are read by curl from its standard input, not shown to those who list processes.
ask() { curl --silent --show-error --max-time 30 --config - "$@"; }
as_admin() { printf 'user = "sluice:%s"\n' "$(setting GRAFANA_ADMIN_PASSWORD '')" | ask --fail "$@"; }
as_nobody() { ask "$@" </dev/null; }
status_of() { ask --output /dev/null --write-out '%{http_code}' "$@"; }

wrong=0
waited=0
# says WHAT COMMAND...: whether the command succeeds, in time.
says() {
  what=$1
  shift
  until "$@" >/dev/null 2>&1; do
    if [ "$waited" -ge "$seconds" ]; then
      printf 'wrong  %s\n' "$what"
      wrong=$((wrong + 1))
      return 0
    fi
    sleep 2
    waited=$((waited + 2))
  done
  printf 'ok     %s\n' "$what"
}

# answers NAME URL PATH SERVICE: whether a server answers at all; where it does not, there is nothing more to ask it.
answers() {
  before=$wrong
  says "$1 answers" as_nobody --fail "$2$3"
  if [ "$wrong" -gt "$before" ]; then
    printf 'sluice: %s does not answer at %s, so nothing more was asked. Start it: docker compose up --detach %s; what it says: docker compose logs %s\n' "$1" "$2" "$4" "$4" >&2
    exit 4
  fi
}

# The answer of an address of Grafana holds a text.
grafana_holds() { as_admin "$grafana$1" | grep -F -e "$2"; }
refuses_strangers() { [ "$(as_nobody --output /dev/null --write-out '%{http_code}' "$grafana/api/search")" = 401 ]; }
refuses_default() { [ "$(printf 'user = "admin:admin"\n' | status_of "$grafana/api/search")" = 401 ]; }
chronograf_holds() { as_nobody --fail "$chronograf$1" | tr -d ' \n' | grep -F -e "$2"; }
# InfluxQL through Chronograf's own connection, as its cells ask.
chronograf_asks() {
  as_nobody --fail --header 'Content-Type: application/json' --header 'X-Requested-With: XMLHttpRequest' \
    --data "{\"query\":\"SELECT last(usage_idle) FROM cpu\",\"db\":\"$monitoring\",\"rp\":\"autogen\"}" \
    "$chronograf/chronograf/v1/sources/10000/proxy" | grep -F '"series"'
}
# A measurement has points of the last minutes.
measured() {
  printf 'header = "Authorization: Token %s"\n' "$(setting INFLUX_READER_TOKEN '')" | ask --fail --get --data-urlencode "db=$monitoring" \
    --data-urlencode "q=SELECT count(*) FROM $1 WHERE $2 time > now() - 10m" "$influx/query" | grep -F '"series"'
}
# The values of a key in a list of a YAML file that Grafana is provisioned with.
listed() { if [ -f "$provisioned/$1" ]; then sed -n "s/^ *-\{0,1\} *$2: *[\"']\{0,1\}\([^\"']*\)[\"']\{0,1\} *\$/\1/p" "$provisioned/$1" | sort -u; fi; }

answers InfluxDB "$influx" /health influxdb
for measurement in cpu mem disk system; do says "Telegraf writes $measurement" measured "$measurement" ''; done
says "Telegraf writes Sluice's own figures" measured prometheus "source = 'sluice' AND"
says "Telegraf writes InfluxDB's own figures" measured prometheus "source = 'influxdb' AND"
answers Grafana "$grafana" /api/health grafana
says 'Grafana lets nobody in without a password' refuses_strangers
says 'Grafana does not know admin with the password admin' refuses_default
for file in "$provisioned"/dashboards/*.json; do
  [ -e "$file" ] || continue
  uid=$(basename "$file" .json)
  says "board $uid" grafana_holds '/api/search?type=dash-db&limit=1000' "\"uid\":\"$uid\""
done
for uid in sluice-plant sluice-monitoring; do says "data source $uid answers" grafana_holds "/api/datasources/uid/$uid/health" '"status":"OK"'; done
while read -r title; do
  if [ -n "$title" ]; then says "alert rule $title" grafana_holds /api/v1/provisioning/alert-rules "\"title\":\"$title\""; fi
done <<EOF
$(listed alerting/rules.yaml title)
EOF
while read -r name; do
  if [ -n "$name" ]; then says "contact point $name" grafana_holds /api/v1/provisioning/contact-points "\"name\":\"$name\""; fi
done <<EOF
$(listed alerting/contact-points.yaml name)
EOF
answers Chronograf "$chronograf" /ping chronograf
says 'Chronograf has its connection to InfluxDB' chronograf_holds /chronograf/v1/sources '"type":"influx-v2"'
says 'Chronograf has the dashboard System' chronograf_holds /chronograf/v1/dashboards '"name":"System"'
says "Chronograf finds Telegraf's figures" chronograf_asks

if [ "$wrong" -gt 0 ]; then
  printf 'sluice: %s not as it should be; docker compose logs grafana telegraf chronograf says more\n' "$wrong" >&2
  exit 1
fi
