#!/bin/sh
# install.sh          installs what the build, the tests and the engine need. Debian 12/13, Ubuntu 24.04.
# install.sh browser  also what the browser test needs; without it that test is skipped
# install.sh fuzz     the same for the fuzzers: Clang with its runtime; both may be named
packages="g++ cmake ninja-build ccache pkg-config git ca-certificates libcaf-dev libcpp-httplib-dev libboost-dev nlohmann-json3-dev
libsqlitecpp-dev libsqlite3-dev libspdlog-dev catch2 libtomlplusplus-dev libcli11-dev libssl-dev ffmpeg fonts-dejavu-core curl python3"
# Who has these from elsewhere keeps them.
case " $* " in *" browser "*)
  command -v chromium >/dev/null || packages="$packages chromium"
  command -v node >/dev/null || packages="$packages nodejs"
  command -v npm >/dev/null || packages="$packages npm"
  packages="$packages fonts-noto-core fonts-noto-color-emoji"
esac
case " $* " in *" fuzz "*) packages="$packages clang" ;; esac
missing=""
for p in $packages; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q "ok installed" || missing="$missing $p"
done
# The package of Clang's runtime has the version in its name: that of the Clang which "clang" means here.
runtime() { apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/libclang-rt-\1-dev/p' | head -n 1; }
case " $* " in *" fuzz "*)
  ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1 || missing="$missing $(runtime)"
esac
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
$root apt-get update -qq
case " $* " in *" fuzz "*) missing="$missing $(runtime)" ;; esac # at first nothing may have been known of it
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
