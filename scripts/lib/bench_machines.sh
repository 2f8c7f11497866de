# scripts/bench machines: see there. Sourced by it.

# Where speech comes from: recorded voices, synthesizers, hold music. Nothing of them is in the repository.
machines_packages="flite asterisk-core-sounds-en-wav asterisk-core-sounds-es-wav asterisk-core-sounds-fr-wav
    asterisk-core-sounds-it-wav asterisk-core-sounds-ru-wav asterisk-moh-opsound-wav codec2-examples
    pocketsphinx-testdata klettres-data"

bench_machines() {
    local people=1000 train=no sets="" seed=13
    while [ $# -gt 0 ]; do
        case "$1" in
        --people) people="${2:?--people takes a number}" && shift 2 ;;
        --seed) seed="${2:?--seed takes a number}" && shift 2 ;;
        --sets) sets="${2:?--sets takes a folder}" && shift 2 ;;
        --train) train=yes && shift ;;
        *) fail "bench machines takes --people N, --seed N, --sets DIR and --train, not $1" ;;
        esac
    done
    belay_setup run
    # shellcheck disable=SC2086 # a list of words
    belay_install_packages $machines_packages

    say "building (release)"
    machines_build
    if [ -z "$sets" ]; then
        sets="$(mktemp -d /tmp/belay-machines-XXXXXX)"
        # shellcheck disable=SC2064 # the name is wanted when the trap runs
        trap "rm -rf '$sets'" EXIT
    fi
    [ "$train" = no ] || machines_train "$sets"

    [ -e "$sets/test/list.tsv" ] || {
        say "drawing the test set: $people people, as many machines, faxes and tones"
        nice "$machines" build test "$sets/test" --people "$people" --tones $((people / 5)) --seed "$seed"
    }
    printf 'machine             %s, %s cores\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
    printf 'commit              %s\n' "$(git describe --always --dirty 2>/dev/null || printf unknown)"
    nice "$machines" judge "$sets/test"
    printf '\n'
    taskset -c 0 "$machines" pace
}

# Sets machines: the program.
machines_build() {
    local folder=.build-machines
    $belay_release --scratch-path "$folder" --product belay-machines >&2 || fail "the build failed"
    machines="$folder/release/belay-machines"
}

# Draws the other two sets, fits the model to them, and builds with it. The program is
# kept out of the way of `swift build`'s own folder, as is the virtual environment.
machines_train() {
    local set size seed
    belay_python_environment .venv-machines scripts/machines/requirements.txt
    while read -r set size seed; do
        [ -e "$1/$set/list.tsv" ] || {
            say "drawing the set to $set with: $size people and as many machines"
            nice "$machines" build "$set" "$1/$set" --people "$size" --tones 10 --seed "$seed"
        }
        nice "$machines" rows "$1/$set" >"$1/$set.csv"
    done <<<"train 2500 11
tune 2000 12"
    say "training"
    nice .venv-machines/bin/python scripts/machines/train.py "$1/model.swift" "$1/train.csv" "$1/tune.csv" >&2 ||
        fail "the training failed"
    cp "$1/model.swift" "Sources/AnswerDetection/GreetingModel+Trained.swift"
    machines_build
}
