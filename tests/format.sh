#!/bin/sh
# The code is formatted as .clang-format says. To format it: sh tests/format.sh -i
set -eu
cd "$(dirname "$0")/.."
find src include tests -name '*.[ch]' -print0 |
    xargs -0 clang-format --style=file "${1:---dry-run}" -Werror
