package import NIOCore

/// How many connections the server keeps, and how long it waits for whoever has one.
package struct ConnectionLimits: Hashable, Sendable {
    /// Open at once.
    package var total: Int
    /// Of one address (of IPv6, of one network of 64 bits).
    package var perSource: Int
    /// From the first byte of a request, or from the connection's opening, until its head is whole.
    package var head: TimeAmount
    /// From the head until the body is whole.
    package var body: TimeAmount
    /// Between an answer and the next request.
    package var idle: TimeAmount
    /// So long nothing of an answer is taken.
    package var send: TimeAmount

    package init(
        total: Int = 2048, perSource: Int? = nil, head: TimeAmount = .seconds(10), body: TimeAmount = .seconds(30),
        idle: TimeAmount = .seconds(60), send: TimeAmount = .seconds(30)
    ) {
        self.total = total
        self.perSource = min(perSource ?? max(1, total / 2), total)
        self.head = head
        self.body = body
        self.idle = idle
        self.send = send
    }

    /// Connections over the limit that are told so at once; with more they are closed without a word.
    var refusals: Int { Self.refusals(total: total) }

    private static func refusals(total: Int) -> Int { min(64, max(4, total / 4)) }

    /// Descriptors that the connections take at most.
    package static func descriptors(total: Int) -> Int { total + refusals(total: total) }

    /// So many connections fit into so many descriptors.
    package static func total(descriptors: Int) -> Int { max(4, descriptors * 4 / 5) }

    /// Whoever is refused, or whose side was closed, has so long to take it.
    static let linger = TimeAmount.seconds(2)

    /// No more than so many at once.
    package func within(_ most: Int) -> ConnectionLimits {
        guard most < total else { return self }
        return ConnectionLimits(
            total: most, perSource: perSource < total / 2 ? min(perSource, most) : nil, head: head, body: body,
            idle: idle, send: send)
    }

    /// How often a connection is looked at.
    var tick: TimeAmount {
        let shortest = [head, body, idle, send].map(\.nanoseconds).min() ?? 0
        return .nanoseconds(min(max(20_000_000, shortest / 8), 1_000_000_000))
    }
}
