#!/bin/sh
# Installs what is missing (Debian 12), builds skein, makes a fleet of fourteen SQLite tenants that
# stand at different revisions, and upgrades them all. Run it again: nothing is left to do.
set -eu
cd "$(dirname "$0")/.."
build=${SKEIN_BUILD_DIR:-build}/release

sh tests/setup.sh --example
cmake -S . -B "$build" -G Ninja -DBUILD_TESTING=OFF >/dev/null
cmake --build "$build" --target skein >/dev/null
skein="$build/skein -f tenants_example/skein.yaml"

if [ ! -d tenants_example/data ]; then
    echo "Making the fleet: fourteen tenants, at different revisions, with data."
    mkdir tenants_example/data
    $skein upgrade 27c6a30d7c24 --quiet --progress none
    for file in tenants_example/data/*.db; do
        sqlite3 "$file" <tenants_example/seed.sql
    done
    $skein upgrade 5a0c64e1b7f3 --quiet --progress none --select 'region=us'
    $skein upgrade 5a0c64e1b7f3 6d3e8f70a951 --quiet --progress none --select 'tier=canary'
    echo
fi

show() {
    echo "\$ skein $*"
    $skein "$@" 2>&1
    echo
}

show plan
show upgrade
show current

cat <<TXT
Where to look next, with "$skein" for skein:
  skein tenants            the fleet: URLs, labels, waves
  skein history            the chain, with its branch and merge
  skein runs               every run so far; 'skein report RUN' tells all of one
  skein rollback           takes the newest run back, 'skein rollback RUN' another: everyone to where they stood
  skein upgrade -o json    the report for programs
  tenants_example/postgres.yaml, schemas.yaml    the same chain on PostgreSQL
  tenants_example/mariadb.yaml                   and on MariaDB
  rm -r tenants_example/data tenants_example/.skein    start over
TXT
