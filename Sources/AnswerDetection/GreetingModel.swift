internal import Glibc
import Telephony

/// How likely a greeting is a machine's: a boosted ensemble of small decision trees.
package struct GreetingModel: Sendable {
    /// One node of a tree: a question, or at `feature` −1 an answer.
    package struct Node: Sendable {
        var feature: Int
        /// Up to it to the left.
        var threshold: Float
        var left: Int
        var right: Int
        /// Of an answer, to be added.
        var value: Float
    }

    /// From so many seconds after the first sound on, what is sure enough.
    package struct Certainty: Sendable {
        var elapsed: Float
        /// At or above it: a machine.
        var machine: Float
        /// At or below it: a person.
        var human: Float
    }

    /// What it looks at, in the order of its features.
    package static var featureNames: [String] { Greeting.featureNames }

    /// A model that is never sure.
    package static let silent = GreetingModel(base: 0, roots: [], nodes: [], certainties: [])

    /// The same, but never sure: for measuring.
    package var neverSure: GreetingModel {
        GreetingModel(base: base, roots: roots, nodes: nodes, certainties: [])
    }

    var base: Float
    var roots: [Int]
    var nodes: [Node]
    var certainties: [Certainty]

    /// The probability of a machine.
    func probability(_ features: [Float]) -> Float {
        var sum = base
        nodes.withUnsafeBufferPointer { nodes in
            features.withUnsafeBufferPointer { features in
                for root in roots {
                    var index = root
                    while nodes[index].feature >= 0 {
                        let node = nodes[index]
                        index = features[node.feature] <= node.threshold ? node.left : node.right
                    }
                    sum += nodes[index].value
                }
            }
        }
        return 1 / (1 + expf(-sum))
    }

    /// A person has waited for so long, in seconds.
    static let waiting: Float = 0.3

    /// Nil: not sure yet.
    func judge(_ probability: Float, elapsed: Float, pause: Float) -> Answerer? {
        guard let certainty = certainties.last(where: { elapsed >= $0.elapsed }) else { return nil }
        if probability >= certainty.machine { return .answeringMachine }
        return probability <= certainty.human && pause >= Self.waiting ? .human : nil
    }
}
