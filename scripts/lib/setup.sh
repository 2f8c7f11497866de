# What a fresh Debian 12 with Swift lacks for Belay, installed. Sourced, not run:
#
#     . scripts/lib/setup.sh
#     belay_setup run      # to build and run the server and scripts/call
#     belay_setup tests    # that, and what scripts/test and scripts/bench use
#
# Says what it installs; does nothing, and quickly, when all is there. Needs root or sudo only when something is missing.

BELAY_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

# Words for people go to stderr, so that a script's stdout stays its result.
say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $*"
    exit 1
}

belay_packages_run="build-essential ca-certificates curl espeak-ng libc-ares-dev libsndfile1-dev libspandsp-dev libspeexdsp-dev libsqlite3-dev libssl-dev pkg-config python3"
belay_packages_tests="baresip-core flite git kamailio linphone-cli nodejs python3-venv sip-tester sox tshark util-linux"

# How what is measured and shipped is built: docs/decisions/0011. The README has the same words.
belay_release="swift build --configuration release --static-swift-stdlib -Xswiftc -cross-module-optimization"

# How what is tested is built: optimized as what is shipped, with the checks of a debug build. docs/decisions/0043.
belay_tested="--configuration release --scratch-path .build-tests -Xswiftc -enable-testing -Xswiftc -assert-config -Xswiftc Debug -Xcc -O0"

belay_setup() {
    command -v swift >/dev/null || fail "swift is not in PATH; Belay needs Swift 6.3 (https://www.swift.org/install)"
    case "$(swift --version 2>/dev/null)" in
    *"Swift version 6."[3-9]* | *"Swift version 6."[1-9][0-9]* | *"Swift version "[7-9]*) ;;
    *) fail "this is $(swift --version 2>/dev/null | head -1); Belay needs Swift 6.3" ;;
    esac
    local packages="$belay_packages_run"
    [ "$1" = tests ] && packages="$packages $belay_packages_tests"
    belay_install_packages $packages
    if [ "$1" = tests ]; then
        belay_python_environment .venv-test Tests/interop/requirements.txt
        belay_python_environment .venv-sdk51 Tests/interop/requirements-sdk51.txt
    fi
}

# Installs those of the packages that dpkg does not list as installed.
belay_install_packages() {
    local package missing=""
    for package in "$@"; do
        case "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" in
        ii*) ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    local as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "these Debian packages are missing, and there is no sudo to install them:$missing"
        as_root=sudo
    fi
    say "installing with apt-get:$missing"
    local log
    log="$(mktemp)"
    # shellcheck disable=SC2086 # a list of words
    if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
        tail -20 "$log" >&2
        fail "apt-get could not install:$missing (all it said: $log)"
    fi
    rm -f "$log"
    # Debian starts Kamailio at once, on the port where a telephone server of this machine wants to listen.
    case "$missing" in
    *kamailio*) [ ! -d /run/systemd/system ] || $as_root systemctl disable --now kamailio >/dev/null 2>&1 || true ;;
    esac
}

# A virtual environment in the repository with exactly what the requirements file names.
# A stamp with the file's content tells whether there is anything to do.
belay_python_environment() {
    local folder="$BELAY_ROOT/$1" requirements="$BELAY_ROOT/$2"
    if [ -x "$folder/bin/python" ] && cmp -s "$requirements" "$folder/installed-requirements.txt"; then
        return 0
    fi
    say "installing with pip into $1: $(grep -v '^#' "$requirements" | tr '\n' ' ')"
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder" || fail "could not make $folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$requirements" ||
        fail "pip could not install what $2 names"
    cp "$requirements" "$folder/installed-requirements.txt"
}

# Ends a process that this script started, by its id: first asked, after five seconds told.
belay_stop() {
    local pid="$1" n
    [ -n "$pid" ] || return 0
    kill -TERM "$pid" 2>/dev/null || return 0
    for n in 1 2 3 4 5 6 7 8 9 10; do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.5
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    return 0
}
