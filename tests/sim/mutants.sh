#!/bin/sh
# Proves the simulation: each patch of tests/sim/mutants plants one fault in a copy of the source, and the
# simulation must find it. Only what is patched is compiled, and linked in the place of the library's own.
#
#     sh tests/sim/mutants.sh BUILD [NAME…]      BUILD: a Ninja build folder with `sim` in it
set -eu
build=$(cd "$1" && pwd)
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM
cases=20000
cases_of_machines=2000

command_of() { # TARGET: the last command that makes it
    ninja -C "$build" -t commands "$1" | tail -1
}

compile() { # SOURCE, relative to the tree, out of the copy
    command_of "CMakeFiles/libskein.dir/$1.o" |
        sed -E "s# -MD##; s# -M[TF] [^ ]*##g; s# -o [^ ]*# -o $tmp/$(basename "$1").o#;
                s#-c [^ ]*#-c $tmp/tree/$1#" >"$tmp/compile.sh"
    (cd "$build" && sh "$tmp/compile.sh")
}

link() { # PROGRAM OBJECTS
    program=$1
    shift
    command_of "tests/sim/$program" |
        sed -E "s# -o tests/sim/$program # -o $tmp/sim $* #" >"$tmp/link.sh"
    (cd "$build" && sh "$tmp/link.sh")
}

play() { # PATCH: those that are called machines-… are of several machines
    case "$(basename "$1")" in
    machines-*) "$tmp/sim" --seeds "$root/tests/sim/seeds_machines.txt" --cases "$cases_of_machines" ;;
    *) "$tmp/sim" --seeds "$root/tests/sim/seeds.txt" --cases "$cases" ;;
    esac
}

program_of() { # PATCH
    case "$(basename "$1")" in
    machines-*) echo sim_machines ;;
    *) echo sim ;;
    esac
}

try() { # PATCH
    rm -rf "$tmp/tree" "$tmp"/*.o "$tmp/sim"
    mkdir "$tmp/tree"
    cp -r "$root/src" "$tmp/tree/src"
    objects=
    patch -s -F0 -p1 -d "$tmp/tree" <"$1"
    for source in $(sed -n 's#^+++ b/##p' "$1"); do
        compile "$source"
        objects="$objects $tmp/$(basename "$source").o"
    done
    link "$(program_of "$1")" "$objects"
    status=0
    play "$1" >"$tmp/out" 2>&1 || status=$?
    if [ "$status" = 1 ] && grep -q '^sim: seed' "$tmp/out"; then
        echo "caught   $(basename "$1" .patch): $(grep '^sim: seed' "$tmp/out")"
    elif [ "$status" -gt 128 ]; then # what the fault freed was used
        echo "caught   $(basename "$1" .patch): the simulation died of signal $((status - 128))"
    else
        echo "SURVIVED $(basename "$1" .patch): $(tail -1 "$tmp/out")"
        survivors=$((survivors + 1))
    fi
}

# A simulation that fails without a fault would "catch" each of them.
for program in "sim --cases 2000" "sim_machines --cases 200"; do
    # shellcheck disable=SC2086
    "$build/tests/sim/"$program >"$tmp/out" 2>&1 || {
        echo "the simulation fails without any fault planted: $(tail -1 "$tmp/out")"
        exit 1
    }
done

survivors=0
for patch in "$root"/tests/sim/mutants/*.patch; do
    case " ${*:-$(basename "$patch" .patch)} " in
    *" $(basename "$patch" .patch) "*) try "$patch" ;;
    esac
done
exit $((survivors > 0))
