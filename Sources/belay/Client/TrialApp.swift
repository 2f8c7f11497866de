import Foundation
import HTTPTypes
import Hummingbird
import JSON
import Logging
import NIOCore
import Telephony
import Webhooks

/// A webhook app for trying things: answers every webhook that wants a script with one, everything else with nothing.
struct TrialApp: Sendable {
    /// A webhook that came, checked.
    struct Arrival: Sendable {
        var path: String
        /// Null where the body is no JSON.
        var body: JSONValue
        var text: String
        /// Nil where no secret is known to check it by.
        var isSigned: Bool?
    }

    let host: String
    let port: Int
    let secret: String?
    /// The script for a webhook, as JSON; nil: `[]`.
    let script: @Sendable (Arrival) -> JSONValue?
    let onArrival: @Sendable (Arrival) -> Void

    /// Runs until the task is cancelled, or a signal ends the process.
    func run(onListening: @escaping @Sendable (Int) async -> Void) async throws {
        let router = Router()
        let answer = { @Sendable (request: Request, _: BasicRequestContext) async throws -> Response in
            let buffer = try await request.body.collect(upTo: 1 << 20)
            let bytes = Array(buffer.readableBytesView)
            let arrival = Arrival(
                path: request.uri.path, body: (try? JSONValue(parsing: bytes)) ?? .null,
                text: String(decoding: bytes, as: UTF8.self), isSigned: isSigned(bytes, request.headers))
            onArrival(arrival)
            let percl = script(arrival) ?? []
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: percl.bytes)))
        }
        router.post("/", use: answer)
        router.post("**", use: answer)
        var logger = Logger(label: "belay.app")
        logger.logLevel = .critical
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) }, logger: logger)
        try await application.run()
    }

    /// The webhooks of a call that want PerCL (docs/contract/webhooks.md#the-webhooks).
    static func wantsScript(_ arrival: Arrival) -> Bool {
        switch arrival.body["requestType"]?.string {
        case "callStatus", "addToQueueNotification", "park", "addToConferenceNotification", "conferenceStatus",
            "conferenceRecordingStatus":
            false
        case "outDialApiConnect", "outDialConnect": arrival.body["dialCallStatus"] == "inProgress"
        default: true
        }
    }

    private func isSigned(_ body: [UInt8], _ headers: HTTPFields) -> Bool? {
        guard let secret, let name = HTTPField.Name(WebhookSignature.headerName) else { return nil }
        guard let value = headers[name] else { return false }
        let parts = value.split(separator: ",")
        guard let time = parts.first(where: { $0.hasPrefix("t=") })?.dropFirst(2), let seconds = Int64(time) else {
            return false
        }
        let expected = WebhookSignature.header(
            body: body, secrets: [secret], now: Timestamp(microseconds: seconds * 1_000_000))
        return parts.contains { expected.hasSuffix($0) && $0.hasPrefix("v1=") }
    }
}
