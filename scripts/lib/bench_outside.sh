# scripts/bench crash, rooms and soak: see there. Sourced by it.

# The tests from outside, at length: one code for both (Tests/interop/bench.py). BELAY_BINARY names a server that is built.
bench_outside() {
    belay_setup tests
    if [ -z "${BELAY_BINARY:-}" ]; then
        say "building (release)"
        $belay_release --product belay >&2 || fail "the build failed"
        BELAY_BINARY="$($belay_release --show-bin-path)/belay"
    fi
    export BELAY_BINARY
    printf 'machine                             %s, %s cores\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
    printf 'commit                              %s\n' "$(git describe --always --dirty 2>/dev/null || printf unknown)"
    .venv-test/bin/python Tests/interop/bench.py "$@"
}
