# scripts/bench calls: see there. Sourced by it.

bench_calls() {
    local rate=700 seconds=20 latency_rate=50 latency_seconds=10
    while [ $# -gt 0 ]; do
        case "$1" in
        --rate) rate="${2:?--rate takes calls a second}" && shift 2 ;;
        --seconds) seconds="${2:?--seconds takes a number}" && shift 2 ;;
        *) fail "bench calls takes --rate N and --seconds N, not $1" ;;
        esac
    done
    [ "$(nproc)" -ge 2 ] || fail "two cores are needed: one for the server, one for everything else"
    belay_setup tests

    say "building (release)"
    $belay_release --product belay >&2 || fail "the build failed"
    $belay_release --product belay-bench >&2 || fail "the build failed"
    binaries="$($belay_release --show-bin-path)"

    folder="$(mktemp -d /tmp/belay-bench-XXXXXX)"
    server="" far_end="" capture=""
    # shellcheck disable=SC2064 # the names are wanted when the trap runs
    trap 'belay_stop "$capture"; belay_stop "$server"; belay_stop "$far_end"' EXIT

    printf 'machine             %s, %s cores\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
    printf 'commit              %s\n\n' "$(git describe --always --dirty 2>/dev/null || printf unknown)"
    bench_start
    taskset -c 1 "$binaries/belay-bench" calls --server "$http" --identity "$identity" --pid "$server" \
        --core 1 --rate "$rate" --seconds "$seconds" || status=1
    bench_stop

    # Latencies come from a run slow enough that nobody waits for a core, seen by tshark on the wire.
    printf '\nat %s calls/s, from the kernel'"'"'s time stamps:\n' "$latency_rate"
    bench_start
    taskset -c 1 tshark -i lo -F pcap -w "$folder/wire.pcap" -q -B 64 -f "udp or tcp port ${http##*:}" \
        >"$folder/tshark.log" 2>&1 &
    capture=$!
    bench_wait_for "$folder/tshark.log" '^Capturing on' "$capture" tshark
    taskset -c 1 "$binaries/belay-bench" calls --server "$http" --identity "$identity" --pid "$server" --core 1 \
        --rate "$latency_rate" --seconds "$latency_seconds" >"$folder/latency-run.log" || {
        cat "$folder/latency-run.log"
        status=1
    }
    kill -INT "$capture" && wait "$capture" || true
    capture=""
    tshark -r "$folder/wire.pcap" -d "tcp.port==${http##*:},http" -d "udp.port==$sip_port,sip" -T fields \
        -e frame.time_epoch -e http.request.method -e http.file_data -e sip.Method -e sip.Status-Code \
        -e sip.CSeq.method -e sip.to.user -e sip.Call-ID -e sdp.media.port -e udp.srcport 2>/dev/null |
        "$binaries/belay-bench" latency || status=1
    bench_stop
    say "logs: $folder"
    return "${status:-0}"
}

# A fresh server on core 0, and SIPp, which answers every call, on core 1. Sets http, identity, server, far_end, sip_port.
bench_start() {
    local n
    sip_port="$(python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
    (cd "$folder" && exec taskset -c 1 sipp -sf "$BELAY_ROOT/Tests/interop/sipp/bench_answer.xml" -i 127.0.0.1 -p "$sip_port" \
        -mi 127.0.0.1 -mp 6000 -nostdin -fd 3600 -l 100000 -buff_size 8388608 -trace_err -error_file "$folder/sipp-errors.log") \
        >"$folder/sipp.log" 2>&1 &
    far_end=$!
    rm -rf "$folder/data"
    # A port range below the kernel's own, wide enough that ports can rest at this rate.
    BELAY_CALLS_PER_SECOND=0 BELAY_CALLS_AT_ONCE=0 taskset -c 0 "$binaries/belay" serve --metrics-http open --data "$folder/data" \
        --http 127.0.0.1:0 --sip 127.0.0.1:0 --rtp-ports 10000-32766 --trunk "sip:127.0.0.1:$sip_port" \
        --webhook-allow 127.0.0.0/8 >"$folder/belay.out" 2>"$folder/belay.err" &
    server=$!
    bench_wait_for "$folder/belay.out" '^Belay is ready: ' "$server" "the server"
    http="$(sed -n 's/^Belay is ready: http:\/\///p' "$folder/belay.out")"
    # shellcheck disable=SC1091 # written by the server just now
    . "$folder/data/credentials"
    identity="$BELAY_ACCOUNT_ID,$BELAY_API_KEY,$BELAY_NUMBER"
}

bench_stop() {
    belay_stop "$server"
    belay_stop "$far_end"
    server="" far_end=""
}

# bench_wait_for FILE PATTERN PID WHAT
bench_wait_for() {
    local n
    for ((n = 0; n < 300; n++)); do
        grep -qE "$2" "$1" 2>/dev/null && return 0
        kill -0 "$3" 2>/dev/null || break
        sleep 0.1
    done
    tail -20 "$1" >&2
    fail "$4 did not start"
}
