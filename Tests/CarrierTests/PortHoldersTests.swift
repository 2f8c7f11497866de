import Foundation
import NIOPosix
import SIP
import Testing

@testable import SIPTransport

@Suite("Who holds a port (proc(5))")
struct PortHoldersTests {
    private static let udp = """
           sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
         1234: 0100007F:4000 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 4711 2 0000000000000000 0
         1235: 00000000:4002 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0
        """
    private static let udp6 = """
          sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
         99: 00000000000000000000000001000000:4004 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000   998        0 4713 2 0000000000000000 0
        """

    @Test("The tables' lines are read: address, port, user, inode")
    func tables() throws {
        let loopback = try #require(IPAddress("::1"))
        #expect(
            PortHolders.sockets(in: Self.udp, .udp) == [
                .init(address: .loopback, port: 16_384, userID: 1000, inode: 4711),
                .init(address: .v4(0), port: 16_386, userID: 0, inode: 4712),
            ])
        #expect(
            PortHolders.sockets(in: Self.udp6, .udp) == [
                .init(address: loopback, port: 16_388, userID: 998, inode: 4713)
            ])
        #expect(PortHolders.sockets(in: "", .udp).isEmpty)
        #expect(PortHolders.sockets(in: "header\nodd line\n 1: zz:zz", .udp).isEmpty)
    }

    @Test("Of TCP's sockets only those that listen hold a port")
    func listening() {
        let table = """
            sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
             1: 0100007F:1F91 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
            """
        #expect(PortHolders.sockets(in: table, .tcp).map(\.port) == [8080])
    }

    @Test("Among more sockets than a page of the table has, each is found at once")
    func manySockets() {
        var descriptors: [CInt] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        var ports: Set<UInt16> = []
        for _ in 0..<300 {
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            descriptors.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    #expect(bind(descriptor, pointer, length) == 0)
                    getsockname(descriptor, pointer, &length)
                }
            }
            ports.insert(UInt16(bigEndian: address.sin_port))
        }
        let holders = PortHolders.look(for: .udp, in: 0...UInt16.max, held: ports)
        let process = "(pid \(getpid()))"
        #expect(ports.count == 300)
        #expect(ports.allSatisfy { holders.holder(of: $0)?.contains(process) == true })
    }

    @Test("A socket that one reading of the table leaves out is found in the next; readings end where one has no news")
    func readings() {
        let sockets = PortHolders.sockets(in: Self.udp + "\n" + Self.udp6, .udp)
        let one = Array(sockets.prefix(1)), two = Array(sockets.suffix(1))
        for (tables, expected, asked) in [
            ([sockets, sockets], sockets, 2), ([one, two, two], one + two, 3), ([one, [], two], one, 2),
            ([[], [], []], [], 2),
        ] {
            var readings = 0
            let found = PortHolders.wholly {
                readings += 1
                return tables[readings - 1]
            }
            #expect(found == expected && readings == asked)
        }
        // A port that is known to be held is looked for until it is seen.
        var readings = 0
        let late = PortHolders.wholly(held: [two[0].port]) {
            readings += 1
            return readings < 7 ? one : two
        }
        #expect(late == one + two && readings == 8)
        // Where each has news there is an end all the same, and where it is never seen.
        var inode: UInt64 = 0
        let found = PortHolders.wholly {
            inode += 1
            return [.init(address: .loopback, port: 16_384, userID: 0, inode: inode)]
        }
        #expect(found.count == 50)
        readings = 0
        let none = PortHolders.wholly(held: [16_384]) {
            readings += 1
            return []
        }
        #expect(none.isEmpty && readings == 50)
    }

    @Test("The program is named where it is seen, else the user, else that nobody is seen")
    func words() {
        let holders = PortHolders(
            sockets: PortHolders.sockets(in: Self.udp, .udp), programs: [4711: "freeswitch (pid 812)"],
            userNames: [0: "root"])
        #expect(holders.words(for: 16_384) == "held by freeswitch (pid 812)")
        #expect(holders.words(for: 16_386) == "held by a program of user root that may not be looked into from here")
        #expect(holders.words(for: 16_390) == "held by a program that is not seen from here")
        let count = holders.count(of: [16_384, 16_386, 16_390, 16_391])
        #expect(count.map(\.ports) == [2, 1, 1] && count[0].holder == "a program that is not seen from here")
    }

    @Test("A port of this very process is found, with its name")
    func own() async throws {
        let transport = try await UDPTransport.bind(
            TransportAddress(address: .loopback, port: 0), on: MultiThreadedEventLoopGroup.singleton.next())
        let port = transport.localAddress.port
        #expect(HeldPorts.udp(among: port...port, at: .loopback) == [port])
        let holders = PortHolders.look(for: .udp, in: port...port, held: [port], at: .loopback)
        #expect(holders.holder(of: port)?.hasSuffix("(pid \(ProcessInfo.processInfo.processIdentifier))") == true)
        #expect(PortHolders.look(for: .udp, in: port...port, at: .v4(0x7f00_0009)).holder(of: port) == nil)
        try await transport.close()
    }
}
