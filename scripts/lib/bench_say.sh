# scripts/bench say: see there. Sourced by it.

bench_say() {
    belay_setup tests
    say "building (release)"
    $belay_release --product belay-bench >&2 || fail "the build failed"
    printf 'machine             %s, %s cores\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
    "$($belay_release --show-bin-path)/belay-bench" say "$@"
}
