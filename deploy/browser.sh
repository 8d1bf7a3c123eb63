#!/bin/sh
# Chromium for the wallboard's tests: used if present, else installed from Debian where we are root.
set -eu
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium ..."
  apt-get install -y -qq chromium >/dev/null 2>&1 || {
    apt-get update -qq >/dev/null && apt-get install -y -qq chromium >/dev/null
  }
  exit 0
fi
echo "Chromium is missing and cannot be installed without root; the wallboard's tests will fail." >&2
echo "Install it, or run: make test ALLOW_MISSING=chromium" >&2
exit 1
