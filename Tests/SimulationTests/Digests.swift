/// What five seeds come to. They change with every change of what Belay sends, stores or draws, and with every change
/// of the simulation: look at the difference with `belay-sim --story 1000`, and commit what
/// `belay-sim --seeds 5 --digests` prints.
let committedDigests: [(seed: UInt64, digest: String)] = []
