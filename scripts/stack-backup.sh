#!/bin/sh
# Copies all that the stack keeps into a folder, or puts such a copy in the place of what it keeps.
#
#   sh scripts/stack-backup.sh make FOLDER      stops the services, copies each volume to FOLDER/NAME.tar and .env to FOLDER/env, starts them
#   sh scripts/stack-backup.sh restore FOLDER   the stack becomes what FOLDER holds; what it held is gone, .env is kept as .env.before
#
# A copy holds every secret: FOLDER and its files are for their owner alone. Needs Docker.
set -eu
umask 077
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
# What all of it is: the rows in Kafka and the position in them, InfluxDB, tokens, users, boards made by hand.
volumes='kafka influxdb tokens writer reader telegraf grafana chronograf'

# shellcheck source=scripts/stack-docker.sh
. "$root/scripts/stack-docker.sh"

if [ $# -ne 2 ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
todo=$1
case $todo in
  make | restore) ;;
  *)
    say "there is no $todo, only make and restore"
    exit 2
    ;;
esac
have_docker || exit 4
if [ "$todo" = make ]; then mkdir -p "$2"; fi
if [ ! -d "$2" ]; then
  say "there is no folder $2. Nothing was changed"
  exit 2
fi
folder=$(CDPATH='' cd -- "$2" && pwd -P)
cd "$root"

# A shell of root beside nothing but one volume, whose owners and rights must stay what they are.
beside() {
  volume=$1
  shift
  docker run --rm --interactive --network none --user 0 --entrypoint sh --volume "sluice_$volume:/volume" sluice:local -c "$*"
}

case $todo in
  make)
    for name in $volumes; do
      if [ -e "$folder/$name.tar" ]; then
        say "$folder holds a backup already; name another folder"
        exit 2
      fi
    done
    # All of one moment: the position in Kafka belongs to the rows in InfluxDB.
    if ! docker compose stop >&2; then
      say 'the services could not be stopped; what Docker said is above. Nothing was copied'
      rmdir "$folder" 2>/dev/null || :
      exit 4
    fi
    trap 'docker compose up --detach --no-build >&2' EXIT
    for name in $volumes; do
      beside "$name" 'tar -C /volume --numeric-owner -cf - .' >"$folder/$name.tar.part"
      mv "$folder/$name.tar.part" "$folder/$name.tar"
    done
    cp .env "$folder/env"
    say "copied to $folder: $volumes, .env"
    ;;
  restore)
    for name in $volumes env; do
      file=$name.tar
      if [ "$name" = env ]; then file="env"; fi
      if [ ! -f "$folder/$file" ]; then
        say "$folder holds no $file: it is no whole backup. Nothing was changed"
        exit 2
      fi
    done
    if [ -f .env ]; then cp .env .env.before; fi
    cp "$folder/env" .env
    docker compose down --volumes >&2
    # Made by Compose, so that it knows them for its own.
    docker compose up --no-start --build >&2
    for name in $volumes; do
      beside "$name" 'find /volume -mindepth 1 -delete && tar -C /volume --numeric-owner -xpf -' <"$folder/$name.tar"
    done
    docker compose up --detach --no-build >&2
    say "the stack is what $folder holds"
    ;;
esac
