package import Hummingbird
import NIOCore

/// What Hummingbird hands along with a request: its own storage, and the connection.
package struct APIRequestContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    let channel: any Channel

    package init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.channel = source.channel
    }
}
