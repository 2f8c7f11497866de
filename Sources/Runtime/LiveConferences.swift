package import API
import CallControl
package import Storage
package import Telephony

/// Conferences as the API asks for them: what goes on lives where the calls do, what was lies in storage.
///
/// A question of storage first waits until everything submitted before it can be read, as those of calls do.
package struct LiveConferences: ConferenceService {
    private let loop: CallLoop
    private let storage: any CallStorage

    package init(loop: CallLoop, storage: any CallStorage) {
        self.loop = loop
        self.storage = storage
    }

    package func ask(
        _ request: ConferenceRequest, of account: AccountID, by requestID: RequestID
    ) async -> ConferenceReply {
        let reply = await loop.ask { .conferenceRequest($0, account, request, requestID) }
        if case .conference(let reply) = reply { return reply }
        return .notStored
    }

    package func conference(_ id: ConferenceID, of account: AccountID) async throws(APIError) -> Conference? {
        await storage.barrier()
        do throws(StorageError) {
            return try await storage.conference(id, account: account)
        } catch {
            throw APIError(reading: error)
        }
    }

    package func conferences(
        of account: AccountID, _ filter: ConferenceFilter, after cursor: PageCursor?
    ) async throws(APIError) -> Page<Conference> {
        await storage.barrier()
        do throws(StorageError) {
            return try await storage.conferences(account: account, filter: filter, after: cursor)
        } catch {
            throw APIError(reading: error)
        }
    }

    package func story(
        of room: RoomID, account: AccountID, after cursor: PageCursor?
    ) async throws(APIError) -> Page<JournalEntry> {
        await storage.barrier()
        do throws(StorageError) {
            return try await storage.journal(of: room, account: account, after: cursor)
        } catch {
            throw APIError(reading: error)
        }
    }
}

extension APIError {
    fileprivate init(reading error: StorageError) {
        self =
            switch error {
            case .tooSlow(let milliseconds): APIError(ListTooSlow(milliseconds: milliseconds), of: "conferences")
            default: .failure(error)
            }
    }
}
