#!/bin/sh
# Installs what is missing, builds (plain, ASan+UBSan, TSan) and runs everything under ctest.
# SKEIN_BUILD_DIR: where to build (default: build). SKEIN_JOBS: how many at once.
set -eu
cd "$(dirname "$0")/.."
build=${SKEIN_BUILD_DIR:-build}
jobs=${SKEIN_JOBS:-$(nproc)}

sh tests/setup.sh --tests

configure() { # NAME OPTIONS…
    dir=$build/$1
    shift
    cmake -S . -B "$dir" -G Ninja -DSKEIN_WERROR=ON -DSKEIN_FAILPOINTS=ON "$@" >/dev/null
    cmake --build "$dir" -j "$jobs" -- --quiet
}

configure asan -DCMAKE_BUILD_TYPE=Debug -DSKEIN_SANITIZE=address,undefined
configure tsan -DCMAKE_BUILD_TYPE=Debug -DSKEIN_SANITIZE=thread
configure clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DSKEIN_FUZZ=ON \
    -DSKEIN_SANITIZE=address,undefined
configure plain -DSKEIN_ASAN_DIR="$PWD/$build/asan" -DSKEIN_TSAN_DIR="$PWD/$build/tsan" \
    -DSKEIN_CLANG_DIR="$PWD/$build/clang"

# The unit tests, the drivers without a server and the simulation run under ASan+UBSan; everything else finds the
# builds by the plain one's options.
ctest --test-dir "$build/asan" -j "$jobs" --output-on-failure -L 'unit|driver|sim' \
    -E driver.postgres --quiet \
    --output-log "$build/asan.log" || { tail -60 "$build/asan.log"; exit 1; }
# Most of an end-to-end test's time is waiting for servers, so that one a processor would leave them idle.
ctest --test-dir "$build/plain" -j $((jobs * 2)) --output-on-failure
