#!/bin/sh
# distro.sh [--fresh]   builds the product on the other Debian (13 on 12, 12 on 13), as ./run does it there,
#                       and plays a conversation with it. --fresh: with a new root.
# The root and its compiler cache stay under build/distro, so that the next time is quick. Ends with 0 when it
# held, with 77 and a line that says why where such a root cannot be made.
set -eu
cd "$(dirname "$0")/.."
skip() { echo "distro: skipped: $1"; exit 77; }

here=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}" || true)
case "$here" in
  bookworm) other=trixie ;;
  trixie) other=bookworm ;;
  *) skip "this system is neither Debian 12 nor 13" ;;
esac
[ "$(id -u)" = 0 ] || skip "only root may chroot"
unshare -m true 2>/dev/null || skip "no mounts of its own are allowed here"
if ! command -v mmdebstrap >/dev/null; then
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap; } \
    >/dev/null 2>&1 || skip "mmdebstrap is not there and cannot be installed"
fi

base=$PWD/build/distro root=$PWD/build/distro/$other log=$PWD/build/distro/$other.log
mkdir -p "$base/ccache-$other"
[ "${1:-}" != --fresh ] || rm -rf --one-file-system "$root"

# From where this machine's apt has its own Debian, and by the same ways.
mirror=$(apt-get indextargets --format '$(SUITE) $(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
  awk -v c="$here" '($1 == c || $2 == c) && $3 == "main" { print $4; exit }')
[ -n "$mirror" ] || skip "apt has no source for $here"
if [ ! -d "$root" ]; then
  rm -rf --one-file-system "$root.new"
  set --
  while IFS= read -r line; do set -- "$@" "--aptopt=$line"; done <<EOF
$(apt-config dump Acquire | grep -E '^Acquire::(http|https|Check|Retries|ForceIPv)[^ ]* "[^"]+";$')
EOF
  # A root that is thrown away need not survive a power failure, and nobody reads its manuals.
  set -- "$@" --dpkgopt=force-unsafe-io '--dpkgopt=path-exclude=/usr/share/man/*' '--dpkgopt=path-exclude=/usr/share/doc/*'
  mmdebstrap --variant=minbase --quiet "$@" "$other" "$root.new" "deb $mirror $other main" >"$log" 2>&1 ||
    skip "mmdebstrap cannot make a root of $other: $(grep -v '^ *$' "$log" | tail -1)"
  mv "$root.new" "$root"
fi
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true

# The checkout as it is, and nothing else; what an earlier run built stays.
mkdir -p "$root/troupe"
find "$root/troupe" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
git ls-files -co --exclude-standard | while IFS= read -r f; do [ ! -e "$f" ] || echo "$f"; done |
  tar -c -T - | tar -x -C "$root/troupe" --no-same-owner

inside() { # the command, in the other system; its mounts end with it
  unshare -m sh -c '
    root=$1 cache=$2 && shift 2 && mount --make-rprivate / && mkdir -p "$root/ccache" &&
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount --bind "$cache" "$root/ccache" &&
    exec chroot "$root" env -i ${CCACHE_DISABLE:+CCACHE_DISABLE=1} PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 CCACHE_DIR=/ccache "$@"
  ' sh "$root" "$base/ccache-$other" "$@"
}
inside true 2>/dev/null || skip "chroot does not work here"

# What cannot be fetched is no fault of ours; what this release does not have is.
inside sh -c 'cd /troupe && sh cmake/install.sh' >"$log" 2>&1 || {
  grep -qE 'Unable to locate|no installation candidate|unmet dependencies' "$log" ||
    skip "$other gives no packages: $(grep -v '^ *$' "$log" | tail -1)"
  tail -20 "$log"
  echo "distro: what we need is not in $other"
  exit 1
}

echo "distro: building on $other (log: $log)"
inside sh -c 'cd /troupe && ./run build' >>"$log" 2>&1 || {
  grep -E 'error:|E:' "$log" | head -40
  tail -20 "$log"
  echo "distro: it does not build on $other"
  exit 1
}
warnings=$(grep -c 'warning:' "$log" || true)
[ "$warnings" = 0 ] || grep 'warning:' "$log" | sort -u | head -20
inside sh -c 'cd /troupe && build/release/troupe sandbox --script docs/scripts/first-video.txt' >>"$log" 2>&1 || {
  tail -40 "$log"
  echo "distro: a conversation fails on $other"
  exit 1
}
echo "distro: passed on $other, with $warnings warnings"
