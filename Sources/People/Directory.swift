/// Who answers under which number: the one place where a number decides about a behaviour.
package protocol Directory: Sendable {
    /// - Parameter number: the user part of the address that was dialled.
    func behaviour(of number: String) -> Behaviour
}

/// Everybody is the same.
package struct OneKindOfPeople: Directory {
    private let behaviour: Behaviour

    package init(_ behaviour: Behaviour) { self.behaviour = behaviour }

    package func behaviour(of number: String) -> Behaviour { behaviour }
}
