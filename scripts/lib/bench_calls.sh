# scripts/bench calls: see there. Sourced by it.

bench_calls() {
    local rate="" seconds=20 latency_rate=50 latency_seconds=10 against="" rounds=5
    while [ $# -gt 0 ]; do
        case "$1" in
        --rate) rate="${2:?--rate takes calls a second}" && shift 2 ;;
        --seconds) seconds="${2:?--seconds takes a number}" && shift 2 ;;
        --against) against="${2:?--against takes a commit}" && shift 2 ;;
        --rounds) rounds="${2:?--rounds takes a number}" && shift 2 ;;
        *) fail "bench calls takes --rate N, --seconds N, --against COMMIT and --rounds N, not $1" ;;
        esac
    done
    # Two trees are compared where neither is at its limit.
    rate="${rate:-$([ -n "$against" ] && echo 400 || echo 700)}"
    if [ -n "$against" ]; then
        against="$(git rev-parse --verify --quiet "$against^{commit}")" || fail "--against: there is no such commit here"
    fi
    [ "$(nproc)" -ge 2 ] || fail "two cores are needed: one for the server, one for everything else"
    belay_setup tests

    say "building (release)"
    $belay_release --product belay >&2 || fail "the build failed"
    $belay_release --product belay-bench >&2 || fail "the build failed"
    binaries="$($belay_release --show-bin-path)"
    [ -z "$against" ] || bench_build_other "$against"

    folder="$(mktemp -d /tmp/belay-bench-XXXXXX)"
    server="" far_end="" capture=""
    # shellcheck disable=SC2064 # the names are wanted when the trap runs
    trap 'belay_stop "$capture"; belay_stop "$server"; belay_stop "$far_end"' EXIT

    printf 'machine             %s, %s cores\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
    printf 'commit              %s\n\n' "$(git describe --always --dirty 2>/dev/null || printf unknown)"
    if [ -n "$against" ]; then
        bench_in_turn
        return
    fi
    bench_start "$binaries/belay"
    taskset -c 1 "$binaries/belay-bench" calls --server "$http" --identity "$identity" --pid "$server" \
        --core 1 --rate "$rate" --seconds "$seconds" || status=1
    bench_stop

    # Latencies come from a run slow enough that nobody waits for a core, seen by tshark on the wire.
    printf '\nat %s calls/s, from the kernel'"'"'s time stamps:\n' "$latency_rate"
    bench_start "$binaries/belay"
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

# bench_build_other COMMIT: that commit's server, built as that commit builds one, in a clone that stays for the next time.
# Sets other.
bench_build_other() {
    local tree="$BELAY_ROOT/.build-against"
    [ -d "$tree/.git" ] || git clone --quiet --no-checkout "$BELAY_ROOT" "$tree" || fail "could not clone into $tree"
    git -C "$tree" fetch --quiet "$BELAY_ROOT" "$1" && git -C "$tree" checkout --quiet --force --detach "$1" ||
        fail "could not check out $1 in $tree"
    say "building $(git -C "$tree" describe --always) (release)"
    other="$(
        cd "$tree"
        # shellcheck disable=SC1091 # of that commit
        . scripts/lib/setup.sh
        $belay_release --product belay >&2 || exit 1
        printf '%s/belay' "$($belay_release --show-bin-path)"
    )" || fail "the build of $1 failed"
}

# The server of the other commit and this one's in turn, under the same load by the same driver; who goes first changes with
# each round. The ratio of a round is of two runs that follow each other, and what counts is their median.
bench_in_turn() {
    local round which there here
    printf 'against             %s\n' "$(git -C "$BELAY_ROOT/.build-against" describe --always)"
    printf '%s calls/s, %s s each\n\nround   CPU a call there   here      ratio\n' "$rate" "$seconds"
    for ((round = 1; round <= rounds; round++)); do
        for which in $([ $((round % 2)) = 1 ] && echo "other this" || echo "this other"); do
            bench_start "$([ $which = this ] && echo "$binaries/belay" || echo "$other")"
            taskset -c 1 "$binaries/belay-bench" calls --server "$http" --identity "$identity" --pid "$server" \
                --core 1 --rate "$rate" --seconds "$seconds" >"$folder/$which-$round" || {
                cat "$folder/$which-$round" >&2
                say "round $round: the run of $([ $which = this ] && echo "this tree" || echo "the other commit") is void"
                status=1
            }
            bench_stop
        done
        there="$(bench_cpu "$folder/other-$round")" here="$(bench_cpu "$folder/this-$round")"
        [ -n "$there" ] && [ -n "$here" ] || fail "round $round measured nothing; logs: $folder"
        awk -v round="$round" -v there="$there" -v here="$here" \
            'BEGIN { printf "%5d %15.3f ms %7.3f ms %8.3f\n", round, there, here, here / there }' | tee -a "$folder/rounds"
    done
    awk '{ print $6 }' "$folder/rounds" | sort -n | awk \
        '{ of[NR] = $1 } END { printf "\nmedian of the ratios  %.3f (%.3f to %.3f)\n", (of[int((NR + 1) / 2)] + of[int(NR / 2) + 1]) / 2, of[1], of[NR] }'
    say "logs: $folder"
    return "${status:-0}"
}

# The CPU a call in milliseconds that a run printed.
bench_cpu() { sed -n 's/^CPU a call *\([0-9.]*\) ms$/\1/p' "$1"; }

# bench_start SERVER: a fresh server on core 0, and SIPp, which answers every call, on core 1. Sets http, identity, server,
# far_end, sip_port.
bench_start() {
    local n
    sip_port="$(python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
    (cd "$folder" && exec taskset -c 1 sipp -sf "$BELAY_ROOT/Tests/interop/sipp/bench_answer.xml" -i 127.0.0.1 -p "$sip_port" \
        -mi 127.0.0.1 -mp 6000 -nostdin -fd 3600 -l 100000 -buff_size 8388608 -trace_err -error_file "$folder/sipp-errors.log") \
        >"$folder/sipp.log" 2>&1 &
    far_end=$!
    rm -rf "$folder/data"
    # A port range below the kernel's own, wide enough that ports can rest at this rate.
    BELAY_CALLS_PER_SECOND=0 BELAY_CALLS_AT_ONCE=0 taskset -c 0 "$1" serve --metrics-http open --data "$folder/data" \
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
