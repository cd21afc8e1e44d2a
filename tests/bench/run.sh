#!/bin/sh
# Whole runs of skein beside the floor and, where they are installed, beside peers: ratios, not times.
# Builds what it needs. Arguments: names of benchmarks (default: all; see bench.py --help).
# SKEIN_BUILD_DIR: where to build (default: build).
set -eu
cd "$(dirname "$0")/../.."
build=${SKEIN_BUILD_DIR:-build}
sh tests/setup.sh --tests
cmake -S . -B "$build/bench" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$build/bench" --target skein floor_sqlite floor_postgres floor_mysql schedule -- --quiet
exec python3 tests/bench/bench.py --build "$build/bench" "$@"
