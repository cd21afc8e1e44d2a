#!/bin/sh
# Installs what a build needs on Debian 12, where it is missing; with --tests or --example, what those
# need too.
set -eu

build="gcc cmake ninja-build pkg-config libuv1-dev libpq-dev libmariadb-dev libsqlite3-dev libcyaml-dev libyaml-dev
    libjansson-dev libsmartcols-dev libssl-dev libmicrohttpd-dev libpg-query-dev libprotobuf-c-dev libxxhash-dev dpkg-dev file"
tests="clang clang-format libclang-rt-14-dev libcmocka-dev postgresql mariadb-server mariadb-client galera-4 rsync iproute2 pgbouncer sqlite3 alembic patch
    python3 python3-jsonschema python3-psycopg2 python3-pymysql python3-yaml strace openssl git locales debootstrap zsh fish libxml2-utils
    chromium-headless-shell fonts-dejavu-core systemd"
axe=4.14.1 # the checker of accessibility, from npm
sarif=1.0.0-beta.0 # the version of npm's @microsoft/jest-sarif, which has the schema of SARIF 2.1.0

wanted=$build
case "${1:-}" in
--tests) wanted="$build $tests" ;;
--example) wanted="$build sqlite3" ;;
esac
missing=
for package in $wanted; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
        missing="$missing $package"
done
if [ "${1:-}" = --tests ] && ! command -v npm >/dev/null; then
    missing="$missing npm"
fi

if [ -n "$missing" ]; then
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
    fi
    echo "skein: installing$missing" >&2
    $as_root apt-get update -qq >&2
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        $missing >/dev/null
fi

# Where tests/e2e/browser.py looks for it.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/skein/axe-core-$axe
if [ "${1:-}" = --tests ] && [ ! -f "$cache/axe.min.js" ]; then
    echo "skein: fetching axe-core $axe" >&2
    mkdir -p "$cache"
    (cd "$cache" && npm pack --silent "axe-core@$axe" >/dev/null &&
        tar -xzf "axe-core-$axe.tgz" --strip-components=1 package/axe.min.js && rm "axe-core-$axe.tgz")
fi

# Where tests/e2e/schema.py looks for it.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/skein/sarif-$sarif
schema=sarif-2.1.0-rtm.5.json
if [ "${1:-}" = --tests ] && [ ! -f "$cache/$schema" ]; then
    echo "skein: fetching the schema of SARIF" >&2
    mkdir -p "$cache"
    (cd "$cache" && npm pack --silent "@microsoft/jest-sarif@$sarif" >/dev/null &&
        tar -xzf "microsoft-jest-sarif-$sarif.tgz" --strip-components=3 "package/lib/schemas/$schema" && rm "microsoft-jest-sarif-$sarif.tgz")
fi
