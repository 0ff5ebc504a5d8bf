#!/bin/sh
# Installs the parts of the tests that Go does not bring: a real redis-server, curl, ps and pgrep, xz, and Chromium for
# the browser tests. PostgreSQL is found or installed by the program itself.
set -eu
missing=""
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v curl >/dev/null 2>&1 || missing="$missing curl"
command -v pgrep >/dev/null 2>&1 || missing="$missing procps"
command -v xz >/dev/null 2>&1 || missing="$missing xz-utils"
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
[ -z "$missing" ] && exit 0

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
echo "installing:$missing"
if command -v apt-get >/dev/null 2>&1; then
  # The server is for the tests only: it must not be started as a service of this machine.
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null || failed=1
elif command -v brew >/dev/null 2>&1; then
  brew install --quiet $(echo "$missing" | sed 's/redis-server/redis/; s/xz-utils/xz/') || failed=1
elif command -v dnf >/dev/null 2>&1; then
  as_root dnf install -y -q $(echo "$missing" | sed 's/redis-server/redis/; s/procps/procps-ng/; s/xz-utils/xz/') || failed=1
else
  failed=1
fi
if [ "${failed:-0}" = 1 ]; then
  echo "could not install:$missing. Install them with your package manager, then run make test again." >&2
  exit 3
fi
