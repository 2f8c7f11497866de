/// Who answers under which number: the one place where a number decides about a behaviour.
package protocol PeopleDirectory: Sendable {
    /// - Parameter number: the user part of the address that was dialled.
    func behaviour(of number: String) -> Behaviour
    func line(of number: String) -> Line
}

extension PeopleDirectory {
    package func line(of number: String) -> Line { .sound }
}

/// Everybody is the same.
package struct OneKindOfPeople: PeopleDirectory {
    private let behaviour: Behaviour
    private let line: Line

    package init(_ behaviour: Behaviour, line: Line = .sound) {
        self.behaviour = behaviour
        self.line = line
    }

    package func behaviour(of number: String) -> Behaviour { behaviour }

    package func line(of number: String) -> Line { line }
}
