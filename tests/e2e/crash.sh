#!/bin/sh
# Crash enumeration: skein is killed at every failpoint and every n-th system call (--long), or at some
# by random choice. Needs a build with SKEIN_FAILPOINTS; SKEIN_BIN names its binary. See --help.
set -eu
here=$(dirname "$0")
export SKEIN_BIN="${SKEIN_BIN:-$PWD/build/plain/skein}" PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/crash.py" "$@"
