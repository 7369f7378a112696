#!/bin/sh
# presets.sh ROOT   Warnings are errors for developers and CI alone: what ./run builds is configured without, whatever
# was configured there before, and CI's build is the one that ./test takes up.
cd "$1" || exit 2
bad=0
fault() { echo "$1"; bad=1; }
value_in() { cmake --preset "$1" -N | sed -n "s/^ *$2\(:[A-Z]*\)\{0,1\}=\"\(.*\)\"/\2/p"; }
for preset in ci debug asan tsan; do
  [ "$(value_in "$preset" TROUPE_WERROR)" = TRUE ] || fault "$preset does not take warnings for errors"
done
[ "$(value_in release TROUPE_WERROR)" = FALSE ] || fault "release leaves open whether warnings are errors"
[ "$(value_in ci CMAKE_BUILD_TYPE)" = Release ] || fault "ci does not build what ./run builds"
# ./run and ./test in a folder of their own, with a cmake that only tells what it was asked.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir -p "$place/bin" "$place/cmake" "$place/build/release"
cp run test "$place/"
echo : >"$place/cmake/install.sh"
echo "as CI configured it" >"$place/build/release/build.ninja"
printf '#!/bin/sh\necho "$@" >>"%s/asked"\n' "$place" >"$place/bin/cmake"
printf '#!/bin/sh\n' >"$place/bin/ctest"
chmod +x "$place/bin/cmake" "$place/bin/ctest"
PATH="$place/bin:$PATH" "$place/run" build || fault "./run build ended with $?"
[ "$(head -n 1 "$place/asked")" = "--preset release" ] || fault "./run builds what somebody else configured"
: >"$place/asked"
PATH="$place/bin:$PATH" "$place/test" >/dev/null || fault "./test ended with $?"
grep -qx -- '--preset release' "$place/asked" && fault "./test configures anew: CI would build everything twice"
[ "$bad" = 0 ] && echo "warnings are errors where they should be"
exit $bad
