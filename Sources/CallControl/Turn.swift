import SIP
import Telephony

/// What one event of a call is taken with, and what the call wants done about it.
///
/// The exchange lends it to one call at a time, and takes what has been wanted before it lends it again.
struct Turn: Sendable {
    var now: Moment
    var configuration: ExchangeConfiguration
    var random: RandomSource
    private(set) var directives: [CallDirective] = []

    init(now: Moment, configuration: ExchangeConfiguration, random: RandomSource) {
        self.now = now
        self.configuration = configuration
        self.random = random
    }

    mutating func want(_ directive: CallDirective) { directives.append(directive) }

    mutating func perform(_ effect: Effect) { directives.append(.effect(effect)) }

    mutating func order(_ order: SessionOrder) { directives.append(.session(order)) }

    mutating func store(_ operation: StorageOperation) { directives.append(.store(operation)) }

    mutating func takeDirectives() -> [CallDirective] {
        let taken = directives
        directives = []
        return taken
    }
}
