#!/bin/sh
# What the image runs: `all-in-one` (default), or any command of responses-proxy, above all `serve` and `worker`.
set -eu

here=$(dirname "$(readlink -f "$0")")
role=${1:-all-in-one}
state=/tmp/responses-proxy

# Only these live as long as the container: another command may be run inside of a living one.
case $role in
all-in-one | serve | worker)
  if ! { rm -rf "$state" && mkdir -m 700 "$state" && echo "$role" >"$state/role"; } 2>/dev/null; then
    echo "responses-proxy: /tmp cannot be written by user $(id -u): mount a tmpfs or an empty directory there" >&2
    exit 1
  fi
  ;;
esac

# A command inside of a living all-in-one container means the Redis in there, too.
if [ -z "${PROXY_REDIS_URL:-}" ] && [ -S "$state/redis.sock" ]; then
  export PROXY_REDIS_URL="unix://$state/redis.sock"
fi

if [ "$role" = serve ]; then
  # As in script/start.mjs: bodies and streams are memory outside of V8's heap, for which it would collect all too often.
  exec node --initial-old-space-size=256 "$here/../dist/cli/main.js" "$@"
fi
if [ "$role" != all-in-one ]; then
  exec node "$here/../dist/cli/main.js" "$@"
fi
if [ $# -gt 1 ]; then
  echo 'responses-proxy: all-in-one takes no arguments; it is configured by environment variables' >&2
  exit 2
fi

# s6 keeps its books beside the services, and the image is read-only: the services are links in a writable place.
# Links, because /tmp is commonly mounted noexec.
services="$state/services"
mkdir -p "$services/.s6-svscan"
ln -s "$here/supervisor/finish" "$services/.s6-svscan/finish"
for signal in SIGTERM SIGINT SIGQUIT; do
  ln -s "$here/supervisor/stop" "$services/.s6-svscan/$signal"
done

service() {
  mkdir "$services/$1"
  ln -s "$here/supervisor/$1" "$services/$1/run"
  ln -s "$here/supervisor/ended" "$services/$1/finish"
}

if [ -z "${PROXY_REDIS_URL:-}" ]; then
  service redis
  export PROXY_REDIS_URL="unix://$state/redis.sock"
fi
service worker
service api

# The same process from here on: whoever wants the container to end tells this one.
export SUPERVISOR_PID=$$
exec s6-svscan "$services"
