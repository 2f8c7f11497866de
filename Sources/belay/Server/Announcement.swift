import CallControl
import Foundation
import SIP
import SIPTransport
import Telephony
import Webhooks

/// What the start prints: where everything is, and what to try next.
struct Announcement: Sendable {
    let configuration: ServerConfiguration
    let transport: any MessageTransport
    let trunk: ExchangeConfiguration.Trunk
    let peers: [IPAddressRange]
    let carrier: TransportAddress?
    let credentials: FirstStart.Credentials?
    let credentialsPath: String
    let isDiallingStopped: Bool

    func print(httpPort: Int) {
        let url = configuration.http.url(port: httpPort)
        var lines: [String] = []
        lines.append("Data: \(configuration.dataFolder)")
        lines.append("SIP: udp:\(transport.localAddress)")
        if let carrier {
            lines.append(
                "Carrier: simulated, at udp:\(carrier); any number is answered (belay carrier list), no call leaves "
                    + "this machine")
            lines.append("Webhooks may go to loopback, because no trunk is configured")
        } else {
            lines.append("Trunk: \(trunk.host) at udp:\(trunk.address)")
            lines.append("Calls come in from \(peers.map(\.description).joined(separator: ", "))")
            let allowed = configuration.webhookAllowed.map(\.description).joined(separator: ", ")
            lines.append("Webhooks may go to public addresses" + (allowed.isEmpty ? "" : " and to \(allowed)"))
        }
        lines.append("Calls go to \(trunk.homeCountries) (home-countries); elsewhere where an account's rules say so")
        if isDiallingStopped {
            lines.append("Dialling is stopped, and stays so until `belay start-dialling`")
        }
        if let credentials {
            lines.append("")
            lines.append("An account was made; its key stands in \(credentialsPath) and nowhere else. Try:")
            lines.append("  belay call --data \(configuration.dataFolder) --to +15555550123 --say 'Hello.'")
            lines.append("or, with a webhook app of your own:")
            lines.append("  source \(credentialsPath)")
            lines.append(
                "  curl -u $BELAY_ACCOUNT_ID:$BELAY_API_KEY \(url)/apiserver/Accounts/$BELAY_ACCOUNT_ID/Calls \\")
            lines.append(
                "    -H 'Content-Type: application/json' -d '{\"from\":\"\(credentials.number)\",\"to\":\"+15555550123\",\"callConnectUrl\":\"http://127.0.0.1:3000/\"}'"
            )
        }
        lines.append("Belay is ready: \(url)")
        Terminal.print(lines: lines.joined(separator: "\n"))
    }
}
