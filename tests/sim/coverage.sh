#!/bin/sh
# Says how much of src/rollout and src/link the simulations alone enter: lines, and branches that were taken at least once,
# for each file and in all. Builds with gcov in a folder of its own. CASES are of `sim`; `sim_machines` plays a tenth of them.
#
#     sh tests/sim/coverage.sh BUILD [CASES]      BUILD: a folder for the build, made where it is missing
#
# Ends with 1 where fewer than 80 % of the branches were taken.
set -eu
mkdir -p "$1"
build=$(cd "$1" && pwd)
cases=${2:-20000}
wanted=80
root=$(cd "$(dirname "$0")/../.." && pwd)

[ -f "$build/build.ninja" ] || cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS='--coverage -fprofile-update=single' >/dev/null
cmake --build "$build" --target sim sim_machines -- --quiet
find "$build" -name '*.gcda' -delete
"$build/tests/sim/sim" --cases "$cases"
"$build/tests/sim/sim_machines" --cases $((cases / 10))

objects=$build/CMakeFiles/libskein.dir/src
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
for object in "$objects"/rollout/*.gcda "$objects"/link/*.gcda; do
    (cd "$tmp" && LC_ALL=C gcov -b -n "$object" 2>/dev/null)
done | awk -v wanted="$wanted" '
    # One block a source file: its name in quotes, then percentages "of" a number.
    /^File / { file = $0; gsub(/.*src\/|.$/, "", file); is_ours = /\/src\/(rollout|link)\/.*\.c.$/ }
    is_ours && /^(Lines executed|Taken at least once):/ {
        split($0, part, /[:%]| of /)
        kind = $1 == "Lines" ? "lines" : "branches"
        share = part[2]; count = part[length(part)]
        shown[file, kind] = share; all[kind] += count; hit[kind] += share * count / 100
        files[file] = 1
    }
    END {
        printf "%-32s %8s %9s\n", "file", "lines", "branches"
        for (file in files)
            printf "%-32s %6.1f %% %7s %%\n", file, shown[file, "lines"], shown[file, "branches"] | "sort"
        close("sort")
        branches = 100 * hit["branches"] / all["branches"]
        printf "%-32s %6.1f %% %7.1f %%\n", "all", 100 * hit["lines"] / all["lines"], branches
        exit branches < wanted
    }'
