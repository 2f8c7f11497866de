// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import Dispatch
import NIOCore
import NIOPosix
import NameResolution
import Synchronization
import Telephony

@testable import Webhooks

enum Sample {
    static let loopback = AddressGuard(allowing: [AddressRange("127.0.0.0/8")!])
    static let time = Timestamp(microseconds: 1_679_944_186_000_000)
    static let secret = "sigsec_ead6d3b6904196c60835d039e91b3341c77a7793"

    static func text(_ prefix: String, _ number: Int) -> String {
        let digits = String(number, radix: 16)
        return prefix + String(repeating: "0", count: 40 - digits.count) + digits
    }

    static func webhook(
        _ url: String, body: String = #"{"requestType":"callStatus"}"#, purpose: Webhook.Purpose = .notification
    ) -> Webhook {
        Webhook(
            eventID: EventID(text("EV", 5))!, eventSequence: 3, requestID: RequestID(text("RQ", 4))!,
            accountID: AccountID(text("AC", 1))!, owner: .call(CallID(text("CA", 2))!), requestType: "callStatus",
            purpose: purpose, url: WebURL(url)!, body: Array(body.utf8))
    }
}

/// Answers with what a closure gives, which may block.
private struct ClosureLookup: NameLookup {
    let find: @Sendable (String) throws(NameFailure) -> [HostAddress]

    func lookUp(_ name: String, completion: @escaping @Sendable (Result<NameAnswer, NameFailure>) -> Void) {
        DispatchQueue.global().async {
            do throws(NameFailure) {
                completion(.success(NameAnswer(addresses: try find(name))))
            } catch {
                completion(.failure(error))
            }
        }
    }

    func close() {}
}

extension NameResolver {
    convenience init(_ find: @escaping @Sendable (String) throws(NameFailure) -> [HostAddress]) {
        self.init(lookup: ClosureLookup(find: find))
    }
}

extension WebhookClient {
    static func testing(
        addressGuard: AddressGuard = Sample.loopback,
        resolver: NameResolver = NameResolver { _ throws(NameFailure) in throw .noSuchName },
        limits: RequestLimits = RequestLimits()
    ) -> WebhookClient {
        WebhookClient(
            group: MultiThreadedEventLoopGroup.singleton, addressGuard: addressGuard, resolver: resolver,
            limits: limits, notificationLimits: limits)
    }

    /// Of both kinds together.
    var load: (running: Int, waiting: Int) {
        let scripts = load(.script), notifications = load(.notification)
        return (scripts.running + notifications.running, scripts.waiting + notifications.waiting)
    }

    func post(_ url: String) async -> WebhookOutcome {
        await post(Sample.webhook(url), secrets: [Sample.secret], now: Sample.time)
    }
}

extension WebhookOutcome {
    var failureKind: WebhookFailure.Kind? {
        if case .failed(let failure) = self { return failure.kind }
        return nil
    }

    var explanation: String {
        if case .failed(let failure) = self { return failure.explanation }
        return ""
    }

    static func ok(_ body: String = "", contentType: String? = nil) -> WebhookOutcome {
        .answered(status: 200, contentType: contentType, body: Array(body.utf8))
    }
}

final class Counter: Sendable {
    private let value = Mutex(0)
    @discardableResult func increment() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
    var count: Int { value.withLock { $0 } }
}

/// Whether something becomes true that follows an answer soon after it, such as the end of what held a file. Gives
/// way to other tasks in between; the bound only ends a test that fails.
func eventually(_ isTrue: () -> Bool) async -> Bool {
    let end = ContinuousClock.now + .seconds(20)
    while !isTrue() {
        guard ContinuousClock.now < end else { return false }
        await Task.yield()
    }
    return true
}
