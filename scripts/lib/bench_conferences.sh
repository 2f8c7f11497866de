# scripts/bench conferences: see there. Sourced by it.

bench_conferences() {
    local bench folder port n
    [ "$(nproc)" -ge 2 ] || fail "two cores are needed: one for the calls, one for their far ends"
    belay_setup tests
    say "building (release)"
    $belay_release --product belay-bench >&2 || fail "the build failed"
    bench="$($belay_release --show-bin-path)/belay-bench"
    # Each call has a socket.
    ulimit -n "$(ulimit -Hn)"

    folder="$(mktemp -d /tmp/belay-bench-XXXXXX)"
    taskset -c 1 "$bench" conference-peers >"$folder/port" &
    peers=$!
    trap 'belay_stop "$peers"' EXIT
    for ((n = 0; n < 100; n++)); do
        [ ! -s "$folder/port" ] || break
        sleep 0.1
    done
    port="$(cat "$folder/port")"
    [ -n "$port" ] || fail "the far ends did not start"

    printf 'machine             %s, %s cores\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
    printf 'commit              %s\n' "$(git describe --always --dirty 2>/dev/null || printf unknown)"
    taskset -c 0 "$bench" conferences --peers "$port" --core 1 "$@"
}
