/// A failure that is not the request's, and passes: whoever asks again later may be served.
package protocol PassingFailure: Error {
    var isPassing: Bool { get }
}
