import Glibc
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import API

/// docs/decisions/0026
@Suite struct ConnectionLimitsTests {
    @Test("An address has half of the places, unless it is said how many, and never more than there are")
    func perSource() {
        #expect(ConnectionLimits(total: 100).perSource == 50)
        #expect(ConnectionLimits(total: 1).perSource == 1)
        #expect(ConnectionLimits(total: 100, perSource: 7).perSource == 7)
        #expect(ConnectionLimits(total: 100, perSource: 101).perSource == 100)
    }

    @Test(
        "A quarter as many are told that there is no place, at least four and at most 64",
        arguments: [(1, 4), (16, 4), (19, 4), (20, 5), (100, 25), (256, 64), (260, 64), (2048, 64)])
    func refusals(_ total: Int, _ refusals: Int) {
        #expect(ConnectionLimits(total: total).refusals == refusals)
        #expect(ConnectionLimits.descriptors(total: total) == total + refusals)
    }

    @Test("Of so many descriptors four in five are connections', and with the refused ones all fit")
    func descriptors() {
        #expect(ConnectionLimits.total(descriptors: 100) == 80)
        #expect(ConnectionLimits.total(descriptors: 1000) == 800)
        #expect(ConnectionLimits.total(descriptors: 3) == 4, "a few there are always")
        for count in [20, 21, 100, 333, 1000, 5000] {
            #expect(
                ConnectionLimits.descriptors(total: ConnectionLimits.total(descriptors: count)) <= count, "\(count)")
        }
    }

    @Test("Where there is room for fewer, an address has its part of those; the times stay")
    func within() {
        let limits = ConnectionLimits(
            total: 1000, head: .seconds(1), body: .seconds(2), idle: .seconds(3), send: .seconds(4))
        #expect(limits.within(1000) == limits && limits.within(1001) == limits)
        let fewer = limits.within(100)
        #expect(
            fewer
                == ConnectionLimits(
                    total: 100, perSource: 50, head: .seconds(1), body: .seconds(2), idle: .seconds(3),
                    send: .seconds(4)))
        let few = ConnectionLimits(total: 1000, perSource: 30)
        #expect(few.within(100).perSource == 30, "as few as were said")
        #expect(few.within(10).perSource == 10)
        #expect(ConnectionLimits(total: 1000, perSource: 500).within(100).perSource == 50)
    }

    @Test("A connection is looked at eight times in its shortest time, at least once a second, at most fifty times")
    func tick() {
        #expect(ConnectionLimits().tick == .seconds(1))
        #expect(ConnectionLimits(send: .seconds(4)).tick == .milliseconds(500))
        #expect(ConnectionLimits(head: .milliseconds(800)).tick == .milliseconds(100))
        #expect(ConnectionLimits(idle: .milliseconds(80)).tick == .milliseconds(20))
        #expect(ConnectionLimits(body: .milliseconds(400)).tick == .milliseconds(50))
    }
}

@Suite("Where accept(2) fails for a moment, the listener pauses and goes on (docs/decisions/0026)")
struct AcceptPauseTests {
    private let channel = EmbeddedChannel(
        handler: AcceptPause(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))

    private var readsByItself: Bool? {
        channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }?.value as? Bool
    }

    private func fail(_ code: CInt) { channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept")) }

    @Test("For want of a descriptor or of memory it pauses for 100 ms", arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func pauses(_ code: CInt) throws {
        fail(code)
        #expect(throws: Never.self) { try channel.throwIfErrorCaught() }
        #expect(readsByItself == false)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(99))
        #expect(readsByItself == false)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(readsByItself == true)
    }

    @Test("A connection that its far end has given up already is nothing to pause for")
    func aborted() {
        fail(ECONNABORTED)
        #expect(throws: Never.self) { try channel.throwIfErrorCaught() }
        #expect(readsByItself == nil)
    }

    @Test("Any other error is the listener's own")
    func others() {
        fail(EBADF)
        #expect(throws: IOError.self) { try channel.throwIfErrorCaught() }
        #expect(readsByItself == nil)
    }
}
