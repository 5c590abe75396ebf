#!/usr/bin/env bash
# Makes sure that a container engine answers and that the base image of the Dockerfile is there.
#
#   scripts/docker-engine.sh          does what is missing, and nothing where nothing is
#   scripts/docker-engine.sh stop     stops the engine, if this script started it
#
# On a machine with Docker there is nothing to do. On a bare Debian or Ubuntu, as root, the engine comes from apt. Where
# no image registry can be reached a stand-in for the base image is made from Debian's packages and npm's build of Node:
# the same names inside (node, npm, the user `node`), enough to build and to run. It trusts the certificates that the
# host trusts.
#
# DOCKERD_OPTIONS is handed to the engine.
set -euo pipefail

base_image=node:24-bookworm-slim
pid_file=${TMPDIR:-/tmp}/ringhold-dockerd.pid
log_file=${TMPDIR:-/tmp}/ringhold-dockerd.log
pull_seconds_max=180

main() {
  if [[ ${1:-} == stop ]]; then
    stop_engine
    return
  fi
  if ! command -v docker >/dev/null || ! has_compose; then install_engine; fi
  docker info >/dev/null 2>&1 || start_engine
  docker image inspect "$base_image" >/dev/null 2>&1 ||
    timeout "$pull_seconds_max" docker pull --quiet "$base_image" 2>/dev/null ||
    make_base_image
  echo "engine $(docker version --format '{{.Server.Version}}'), $base_image with Node $(docker run --rm "$base_image" node --version)"
}

has_compose() {
  docker compose version >/dev/null 2>&1 || docker-compose version >/dev/null 2>&1
}

install_engine() {
  can_install || give_up 'there is no container engine with Compose, and only root can install one with apt-get'
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -qq --no-install-recommends docker.io docker-compose iptables ca-certificates >/dev/null
}

start_engine() {
  [[ $EUID == 0 ]] || give_up 'the engine does not run, and only root can start it'
  # shellcheck disable=SC2086
  setsid dockerd ${DOCKERD_OPTIONS:-} >"$log_file" 2>&1 </dev/null &
  echo $! >"$pid_file"
  for _ in {1..120}; do
    docker info >/dev/null 2>&1 && return
    kill -0 "$(<"$pid_file")" 2>/dev/null || break
    sleep 0.5
  done
  tail -n 5 "$log_file" >&2
  give_up 'the engine did not start'
}

stop_engine() {
  [[ -s $pid_file ]] || return 0
  local pid
  pid=$(<"$pid_file")
  kill "$pid" 2>/dev/null || true
  for _ in {1..60}; do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.5
  done
  rm -f "$pid_file"
}

make_base_image() {
  can_install || give_up "$base_image cannot be pulled, and only root can make a stand-in with apt-get"
  command -v npm >/dev/null || give_up "$base_image cannot be pulled, and a stand-in needs npm"
  apt-get install -qq --no-install-recommends debootstrap >/dev/null
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  local root=$work/root
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6 bookworm "$root" "$(debian_mirror)" >"$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; give_up 'debootstrap failed'; }
  install_node "$root"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  chroot "$root" useradd --uid 1000 --user-group --create-home --shell /bin/bash node
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
  tar -C "$root" -c . | docker import \
    --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' \
    --change 'CMD ["node"]' \
    - "$base_image" >/dev/null
}

# Node as npm packs it, and the npm of the host.
install_node() {
  local root=$1 arch modules=/usr/local/lib/node_modules
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) give_up "no Node for $(uname -m)" ;;
  esac
  mkdir -p "$work/node" "$root$modules"
  (cd "$work/node" && npm pack --silent "node-linux-$arch@24" >/dev/null && tar -xzf ./*.tgz)
  install -m 755 "$work/node/package/bin/node" "$root/usr/local/bin/node"
  cp -R "$(npm root --global)/npm" "$root$modules/"
  ln -s "$modules/npm/bin/npm-cli.js" "$root/usr/local/bin/npm"
  ln -s "$modules/npm/bin/npx-cli.js" "$root/usr/local/bin/npx"
}

# Where this machine has its own packages from, if it is a Debian; empty for debootstrap's default.
debian_mirror() {
  grep -qx 'ID=debian' /etc/os-release || return 0
  apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -v security | head -n 1
}

can_install() {
  [[ $EUID == 0 ]] && command -v apt-get >/dev/null
}

give_up() {
  echo "docker-engine: $1" >&2
  exit 1
}

main "$@"
