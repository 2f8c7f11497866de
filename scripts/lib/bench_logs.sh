# scripts/bench logs: see there. Sourced by it.

bench_logs() {
    local calls=200000
    while [ $# -gt 0 ]; do
        case "$1" in
        --calls) calls="${2:?--calls takes a number}" && shift 2 ;;
        *) fail "bench logs takes --calls N, not $1" ;;
        esac
    done
    belay_setup tests
    # shellcheck source=scripts/lib/bench_calls.sh
    . scripts/lib/bench_calls.sh

    say "building (release)"
    $belay_release --product belay >&2 || fail "the build failed"
    $belay_release --product belay-bench >&2 || fail "the build failed"
    binaries="$($belay_release --show-bin-path)"

    folder="$(mktemp -d /tmp/belay-bench-XXXXXX)"
    server=""
    # shellcheck disable=SC2064 # the name is wanted when the trap runs
    trap 'belay_stop "$server"; rm -rf "$folder"' EXIT

    printf 'machine             %s, %s cores\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
    # Long over, and younger than what the server removes.
    since="$(($(date +%s) - 5 * 86400))"
    printf 'commit              %s\n' "$(git describe --always --dirty 2>/dev/null || printf unknown)"
    # The first start draws the account.
    bench_logs_start
    belay_stop "$server"
    server=""
    "$binaries/belay-bench" fill-logs --data "$folder/data" --identity "$identity" --calls "$calls" --since "$since"
    bench_logs_start
    taskset -c 1 "$binaries/belay-bench" logs --server "$http" --identity "$identity" --pid "$server" \
        --calls "$calls" --since "$since"
}

# A server on core 0. Sets http, identity, server.
bench_logs_start() {
    taskset -c 0 "$binaries/belay" serve --metrics-http open --data "$folder/data" --http 127.0.0.1:0 --sip 127.0.0.1:0 \
        >"$folder/belay.out" 2>"$folder/belay.err" &
    server=$!
    bench_wait_for "$folder/belay.out" '^Belay is ready: ' "$server" "the server"
    http="$(sed -n 's/^Belay is ready: http:\/\///p' "$folder/belay.out")"
    # shellcheck disable=SC1091 # written by the server just now
    . "$folder/data/credentials"
    identity="$BELAY_ACCOUNT_ID,$BELAY_API_KEY,$BELAY_NUMBER"
}
