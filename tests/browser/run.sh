#!/bin/sh
# run.sh PROGRAM FOLDER [options of browser.mjs]   the browser test; FOLDER keeps its driver and what it saw
# Ends with 77 and the reason where there is no Chromium, Node.js or driver.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1 folder=$2
shift 2
mkdir -p "$folder"
rm -f "$folder/skipped"
skip() {
  echo "SKIPPED: $1"
  echo "The browser test was skipped: $1" >"$folder/skipped" # For ./test: ctest keeps the words of a skipped test to itself.
  exit 77
}
command -v node >/dev/null || skip "Node.js is missing (apt-get install nodejs npm)"
[ "$(node -p 'parseInt(process.versions.node)')" -ge 18 ] || skip "Node.js 18 or newer is needed, here is $(node --version)"
chromium=""
for name in chromium chromium-browser google-chrome; do
  path=$(command -v "$name") && "$path" --version >/dev/null 2>&1 && chromium=$path && break
done
[ -n "$chromium" ] || skip "Chromium is missing (apt-get install chromium)"
if ! cmp -s "$here/package-lock.json" "$folder/package-lock.json" || [ ! -d "$folder/node_modules/playwright-core" ]; then
  command -v npm >/dev/null || skip "npm is missing (apt-get install npm)"
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  (cd "$folder" && timeout 180 npm ci --no-audit --no-fund --silent) || {
    rm -rf "$folder/package-lock.json" "$folder/node_modules"
    skip "npm cannot fetch playwright-core"
  }
fi
exec node "$here/browser.mjs" --program "$program" --folder "$folder" --chromium "$chromium" "$@"
