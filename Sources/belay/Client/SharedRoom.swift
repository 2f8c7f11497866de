import JSON

/// What several calls share, as the command line shows it: a conference or a queue, told from a call by its identifier.
struct SharedRoom {
    private let id: String
    private let kind: Kind

    private enum Kind {
        case conference, queue
    }

    /// Nil for what is neither a conference's nor a queue's identifier.
    init?(_ id: String) {
        switch id.prefix(2) {
        case "CF": kind = .conference
        case "QU": kind = .queue
        default: return nil
        }
        self.id = id
    }

    /// Below the account's.
    var path: String { (kind == .conference ? "/Conferences/" : "/Queues/") + id }

    /// Where the story is of what an identifier names.
    static func storyPath(of id: String) -> String { (SharedRoom(id)?.path ?? "/Calls/\(id)") + "/Logs" }

    /// Itself, who is in it, its whole story, and what it recorded.
    func show(_ client: APIClient) async throws {
        let story = try await client.items(client.path(path + "/Logs"), "logs").reversed() as [JSONValue]
        let resource: JSONValue?
        do { resource = try await client.get(client.path(path)) } catch let error as ClientError {
            // What Enqueue made is gone with its last call; its story is there still.
            guard kind == .queue, !story.isEmpty else { throw error }
            resource = nil
        }
        if let resource {
            Terminal.print(lines: Terminal.table(head(resource)))
            let members = try await rows(client)
            if !members.isEmpty {
                Terminal.print("")
                Terminal.print(lines: Terminal.table(members))
            }
        } else {
            Terminal.print("\(id) is gone, as queues are that Enqueue made, with its last call")
        }
        if !story.isEmpty { Terminal.print("") }
        let teller = CallStory(start: story.first?["timestamp"]?.integerValue ?? 0)
        for entry in story { Terminal.print(teller.line(entry, .everything)) }
        if kind == .conference { try await showRecordings(client) }
    }

    /// Who is in it, a row for each.
    func rows(_ client: APIClient) async throws -> [[String]] {
        switch kind {
        case .conference:
            try await client.items(client.path(path + "/Participants"), "participants").map { participant in
                [
                    participant["callId"]?.string ?? "", participant["talk"] == true ? "talks" : "muted",
                    participant["listen"] == true ? "hears" : "hears nothing",
                    participant["dtmfPassThrough"] == true ? "keys are heard" : "",
                    participant["dateCreated"]?.string ?? "",
                ]
            }
        case .queue:
            try await client.items(client.path(path + "/Members"), "queueMembers").map {
                [$0["position"]?.text ?? "", $0["callId"]?.string ?? "", "\($0["waitTime"]?.text ?? "") s"]
            }
        }
    }

    private func showRecordings(_ client: APIClient) async throws {
        let recordings = try await client.items(client.path(path + "/Recordings"), "recordings")
        if !recordings.isEmpty { Terminal.print("") }
        for recording in recordings { Terminal.print("\(RecordingLine.text(recording))") }
    }

    private func head(_ resource: JSONValue) -> [[String]] {
        let fields =
            switch kind {
            case .conference:
                [
                    "conferenceId", "alias", "status", "playBeep", "record", "waitUrl", "actionUrl",
                    "statusCallbackUrl",
                    "dateCreated", "dateUpdated",
                ]
            case .queue:
                [
                    "queueId", "alias", "currentSize", "maxSize", "averageWaitTime", "averageQueueRemovalTime",
                    "dateCreated",
                    "dateUpdated",
                ]
            }
        return fields.compactMap { name in
            guard let value = resource[name], value != .null else { return nil }
            return [name, value.string ?? value.text]
        }
    }
}

/// A recording in a line.
enum RecordingLine {
    static func text(_ recording: JSONValue) -> String {
        let length = recording["durationSec"]?.integerValue.map { "\($0) s" } ?? "being made"
        let name = "recording \(recording["recordingId"]?.string ?? ""), \(length)"
        guard let call = recording["callId"]?.string, let conference = recording["conferenceId"]?.string else {
            return name
        }
        return "\(name), of \(call) in \(conference)"
    }
}
