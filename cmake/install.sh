#!/bin/sh
# install.sh          installs what the build, the tests and the engine need. Debian 12/13, Ubuntu 24.04.
# install.sh browser  also what the browser test needs; without it that test is skipped
packages="g++ cmake ninja-build ccache pkg-config git ca-certificates libcaf-dev libcpp-httplib-dev libboost-dev nlohmann-json3-dev
libsqlitecpp-dev libsqlite3-dev libspdlog-dev catch2 libtomlplusplus-dev libcli11-dev libssl-dev ffmpeg fonts-dejavu-core curl python3"
# Who has these from elsewhere keeps them.
if [ "${1:-}" = browser ]; then
  command -v chromium >/dev/null || packages="$packages chromium"
  command -v node >/dev/null || packages="$packages nodejs"
  command -v npm >/dev/null || packages="$packages npm"
  packages="$packages fonts-noto-core fonts-noto-color-emoji"
fi
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
