import Telephony

/// Where a new call's URLs come from when its request names none (docs/contract/calls.md#connect-url,
/// docs/contract/calls.md#status-callback-url): the named application; with none named, the parent.
struct CallURLs {
    let callConnectURL: WebURL?
    let statusCallbackURL: WebURL?
    /// For a fault: where else the URL could have stood.
    let whereElse: String

    init(application: Application?, parent: ParentCall?, parentApplication: Application?) {
        if let application {
            callConnectURL = application.callConnectURL
            statusCallbackURL = application.statusCallbackURL
            whereElse = "as the callConnectUrl of the application that applicationId names, which has none"
        } else {
            callConnectURL = parent?.callConnectURL ?? parentApplication?.callConnectURL
            statusCallbackURL = parentApplication?.statusCallbackURL
            whereElse = "as the parent's, which has none"
        }
    }
}
