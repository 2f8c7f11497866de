// Written by scripts/machines/train.py; not by hand.

extension GreetingModel {
    static let trained = GreetingModel(
        base: -4, roots: [0],
        nodes: [
            Node(feature: 6, threshold: 2, left: 1, right: 2, value: 0),
            Node(feature: -1, threshold: 0, left: 0, right: 0, value: 0),
            Node(feature: -1, threshold: 0, left: 0, right: 0, value: 8),
        ],
        certainties: [
            Certainty(elapsed: 0.3, machine: 0.9, human: 0), Certainty(elapsed: 1.4, machine: 0.9, human: 0.1),
        ])
}
