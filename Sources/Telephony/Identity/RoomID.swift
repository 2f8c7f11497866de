/// What several calls share, and have a story of in common: a conference or a queue.
package enum RoomID: Hashable, Sendable {
    case conference(ConferenceID)
    case queue(QueueID)

    package init?(_ text: String) {
        if let id = ConferenceID(text) {
            self = .conference(id)
        } else if let id = QueueID(text) {
            self = .queue(id)
        } else {
            return nil
        }
    }

    package var text: String {
        switch self {
        case .conference(let id): id.text
        case .queue(let id): id.text
        }
    }
}

extension RoomID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let room = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) names neither a conference nor a queue")
        }
        self = room
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
