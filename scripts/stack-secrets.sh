#!/bin/sh
# Secrets of the stack in an environment file, which is made, and kept, readable by its owner alone. Names names, never values.
#
#   sh scripts/stack-secrets.sh make FILE   a random value for each secret that neither FILE nor the environment has
#   sh scripts/stack-secrets.sh take FILE   the tokens of the stack's InfluxDB, NAME=VALUE lines on standard input, into a block
#                                           of their own that each call replaces; a token set elsewhere in FILE stays as it is
set -eu
umask 077

if [ $# -ne 2 ]; then
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
todo=$1
file=$2
if [ -L "$file" ]; then file=$(readlink -f -- "$file"); fi
# So that awk cannot take it for an assignment.
case $file in /*) ;; *) file=./$file ;; esac

random() { od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# The rules by which a line sets a name are those of `docker compose`: NAME=value, perhaps exported, perhaps quoted.
lines='
  function read_line(text) {
    name = value = ""
    if (text !~ /^[ \t]*(export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*[ \t]*=/) return
    name = value = text
    sub(/^[ \t]*(export[ \t]+)?/, "", name)
    sub(/[ \t]*=.*/, "", name)
    sub(/^[^=]*=[ \t]*/, "", value)
    sub(/([ \t]+#.*)?[ \t\r]*$/, "", value)
    if (value ~ /^#/ || value == "\"\"" || value == "\047\047") value = ""
  }
'

case $todo in
  make)
    # shellcheck disable=SC2016
    program=$lines'
      BEGIN { count = split("INFLUX_OPERATOR_TOKEN INFLUX_ADMIN_PASSWORD GRAFANA_ADMIN_PASSWORD GRAFANA_SECRET_KEY SLUICE_TOKEN", wanted); for (i = 1; i <= count; i++) random[wanted[i]] = ENVIRON["random_" i] }
      { read_line($0) }
      name in random && value == "" { next }
      name in random { have[name] = 1 }
      { print }
      END {
        for (i = 1; i <= count; i++) {
          name = wanted[i]
          if (name in have || ENVIRON[name] != "") continue
          print name "=" random[name]
          print "sluice: made a random " name | "cat >&2"
        }
      }
    '
    random_1=$(random)
    random_2=$(random)
    random_3=$(random)
    random_4=$(random)
    random_5=$(random)
    export random_1 random_2 random_3 random_4 random_5
    set -- "$file"
    ;;
  take)
    # shellcheck disable=SC2016
    program=$lines'
      BEGIN {
        first = "# >>> Tokens of the InfluxDB in Docker; sh run.sh --stack replaces what stands here."
        last = "# <<<"
        count = split("INFLUX_TOKEN INFLUX_READER_TOKEN INFLUX_TELEGRAF_TOKEN", wanted)
        for (i = 1; i <= count; i++) known[wanted[i]] = 1
      }
      { read_line($0) }
      from_init { if (name in known && value != "") token[name] = value; next }
      $0 == first { inside = 1; next }
      inside && $0 == last { inside = 0; next }
      inside && name in known { next }
      name in known && value == "" { next }
      name in known && name in token && value != token[name] { print "sluice: " name " is set in the environment file already and stays; the stack has another" | "cat >&2" }
      name in known { have[name] = 1 }
      { print }
      END {
        print first
        for (i = 1; i <= count; i++) if (wanted[i] in token && !(wanted[i] in have)) print wanted[i] "=" token[wanted[i]]
        print last
      }
    '
    set -- from_init=1 - from_init=0 "$file"
    ;;
  *)
    printf 'sluice: there is no %s, only make and take\n' "$todo" >&2
    exit 2
    ;;
esac

[ -e "$file" ] || : >"$file"
new=$file.$$
trap 'rm -f "$new"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
awk "$program" "$@" >"$new"
mv -f "$new" "$file"
