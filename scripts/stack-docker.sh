# shellcheck shell=sh
# Sourced by the scripts that need Docker.

say() { printf 'sluice: %s\n' "$*" >&2; }

# Fails where something of Docker is missing, and says what, and what to do.
have_docker() {
  if ! command -v docker >/dev/null 2>&1; then
    say 'needs Docker with Compose, found none. Install Docker Engine (https://docs.docker.com/engine/install) or Docker Desktop and try again.'
  elif ! docker compose version >/dev/null 2>&1; then
    say 'needs Docker Compose 2, and there is no docker compose. Install its plugin (https://docs.docker.com/compose/install/linux) and try again.'
  elif ! docker version >/dev/null 2>&1; then
    say 'Docker is installed, but its service does not answer. Start it (sudo systemctl start docker, or Docker Desktop), see that you may use it (docker ps) and try again.'
  else
    return 0
  fi
  return 1
}
