#!/bin/sh
# Installs what the build, the tests and the engine need. Debian 12/13, Ubuntu 24.04.
packages="g++ cmake ninja-build ccache pkg-config git ca-certificates libcaf-dev libcpp-httplib-dev nlohmann-json3-dev
libsqlitecpp-dev libsqlite3-dev libspdlog-dev catch2 libtomlplusplus-dev libcli11-dev libssl-dev ffmpeg fonts-dejavu-core curl python3"
missing=""
for p in $packages; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q "ok installed" || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
root=""
if [ "$(id -u)" != 0 ]; then
  root="sudo"
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null && ! [ -t 0 ]; then
    echo "Please install what is missing, then start again:"
    echo "  sudo apt-get install -y --no-install-recommends$missing"
    exit 1
  fi
fi
echo "Installing:$missing"
$root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
