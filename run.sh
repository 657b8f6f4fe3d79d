#!/bin/sh
# The main job: the sample plant through the detectors into the store. Installs and builds by itself.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

case ${1-} in
  -h | --help)
    cat <<'HELP'
Usage: sh run.sh [options of `sluice run`]
       sh run.sh --stack

Installs the locked packages, builds what changed, then runs pipelines/swat.yaml: the sample plant's rows through the
detectors into the embedded store, with incidents and the address of the metrics page printed. Ctrl-C stops it; the next
start goes on where it stopped.

  --until-end       stop when the recording has been read, without pacing
  --json            the summary as one line of JSON; standard output holds nothing else
  --fresh           forget the stored position and begin anew
  --pace P          max, 60x (60 times the rows' own time) or 100/s
  --set a.b=c       change a setting of the pipeline file, e.g. --set source.path=data/SWaT_Dataset_Attack_v0.xlsx
                    (paths count from the folder that holds run.sh)
  --stack           the same job on Kafka and InfluxDB, in containers: pipelines/swat-kafka.yaml, docker-compose.yml.
                    Makes random secrets in .env the first time. Stands alone, and needs Docker in place of Node
  --help            this text; `./sluice run --help` lists every option

Needs Node 20.19 or newer. The first run needs a network, later ones do not.
HELP
    exit 0
    ;;
esac

# shellcheck source=scripts/prepare.sh
. "$root/scripts/prepare.sh"
for argument in "$@"; do
  if [ "$argument" = --stack ]; then
    if [ $# -gt 1 ]; then
      say '--stack takes no other option. What the stack runs is said in pipelines/swat-kafka.yaml and docker-compose.yml.'
      exit 2
    fi
    exec sh "$root/scripts/stack-up.sh"
  fi
done
require_node
require_packages
require_build
cd "$root"
exec ./sluice run pipelines/swat.yaml "$@"
