import JSON
import Telephony

/// `GET /admin/status` (ours).
struct StatusResource {
    let status: ServerStatus

    var json: JSONValue {
        [
            "version": .string(status.version), "processId": JSONValue(status.processID),
            "started": .string(status.started.iso8601), "dataFolder": .string(status.dataFolder),
            "http": .string(status.http), "sip": .string(status.sip),
            "rtpPorts": .string("\(status.rtpPorts.lowerBound)-\(status.rtpPorts.upperBound)"),
            "rtpPortsInUse": JSONValue(status.rtpPortsInUse), "trunk": JSONValue(status.trunk),
            "carrier": JSONValue(status.carrier), "ready": .bool(status.isReady),
            "diallingStopped": .bool(status.isDiallingStopped), "callsLive": JSONValue(status.liveCalls),
            "callsQueued": JSONValue(status.queuedCalls), "conferences": JSONValue(status.conferences),
            "participants": JSONValue(status.participants), "queues": JSONValue(status.queues),
            "callsWaiting": JSONValue(status.waitingCalls), "webhooksPending": JSONValue(status.pendingWebhooks),
            "freeBytes": JSONValue(status.freeBytes), "minimumFreeBytes": JSONValue(status.minimumFreeBytes),
            "settings": .array(
                status.settings.map { setting in
                    [
                        "name": .string(setting.name), "value": JSONValue(setting.value),
                        "origin": JSONValue(setting.origin),
                    ]
                }),
        ]
    }
}
