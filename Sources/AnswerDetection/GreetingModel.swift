internal import Glibc
import Telephony

/// How likely a greeting is a machine's: a boosted ensemble of small decision trees.
package struct GreetingModel: Sendable {
    /// One node of a tree: a question, or at `feature` −1 an answer.
    package struct Node: Sendable {
        var feature: Int32
        /// Of a question the threshold, up to which the next node follows; of an answer what is to be added.
        var number: Float
        /// Beyond the threshold.
        var other: Int32
    }

    /// From so many seconds after the first sound on, what is sure enough; in logits.
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
    var roots: [Int32]
    var nodes: [Node]
    var certainties: [Certainty]

    /// How likely a machine is: the logarithm of how many times as likely as a person.
    func logit(_ features: [Float]) -> Float {
        var sum = base
        nodes.withUnsafeBufferPointer { nodes in
            features.withUnsafeBufferPointer { features in
                for root in roots {
                    var node = Int(root)
                    while nodes[node].feature >= 0 {
                        let isBeyond = features[Int(nodes[node].feature)] > nodes[node].number
                        node = isBeyond ? Int(nodes[node].other) : node + 1
                    }
                    sum += nodes[node].number
                }
            }
        }
        return sum
    }

    static func probability(_ logit: Float) -> Float { 1 / (1 + expf(-logit)) }

    /// A person has waited for so long, in seconds.
    static let waiting: Float = 0.3

    /// Nil: not sure yet.
    func judge(_ logit: Float, elapsed: Float, pause: Float) -> Answerer? {
        guard let certainty = certainties.last(where: { elapsed >= $0.elapsed }) else { return nil }
        if logit >= certainty.machine { return .answeringMachine }
        return logit <= certainty.human && pause >= Self.waiting ? .human : nil
    }
}
