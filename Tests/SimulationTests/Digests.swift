/// What five seeds of the scenario `calls` come to. They change with every change of what Belay sends, stores or draws, and
/// with every change of the simulation: look at the difference with `belay-sim --story 1000`, and commit what
/// `belay-sim --seeds 5` prints.
let committedDigests: [(seed: UInt64, digest: String)] = [
    (1, "8d1c0d85b404c0fc"),
    (2, "685f98872bd7bc78"),
    (3, "0d3401e03fd99d1a"),
    (4, "efd8a79c1e168c18"),
    (5, "4521c98eaeb39fb8"),
]

/// The same of the scenario `rooms`: what `belay-sim --rooms --seeds 5` prints.
let committedRoomsDigests: [(seed: UInt64, digest: String)] = [
    (1, "f4c99ec31adc0327"),
    (2, "2ff3c1917b2b4d39"),
    (3, "66adfed9b45c26d3"),
    (4, "701f7805f243eeae"),
    (5, "0f125647632f8247"),
]
