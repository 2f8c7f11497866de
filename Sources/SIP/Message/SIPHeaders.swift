/// The header fields of a message in their order (RFC 3261 §7.3). Values are kept as they stood on the wire, folds
/// made one blank, and are parsed when they are asked for.
public struct SIPHeaders: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        public var name: SIPHeaderName
        public var value: String

        public init(_ name: SIPHeaderName, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The fields that every message is matched by, parsed once for all. Immutable, so that copies can share it.
    final class Essentials: Sendable {
        let via: Via
        let from: NameAddress
        let to: NameAddress
        let cseq: CSeq

        init(via: Via, from: NameAddress, to: NameAddress, cseq: CSeq) {
            self.via = via
            self.from = from
            self.to = to
            self.cseq = cseq
        }
    }

    public private(set) var fields: [Field]
    /// Set by the parser; nil as soon as one of its fields is touched, and in headers that were put together.
    private var essentials: Essentials?

    public init(_ fields: [Field] = []) {
        self.fields = fields
    }

    public static func == (left: SIPHeaders, right: SIPHeaders) -> Bool { left.fields == right.fields }

    public func hash(into hasher: inout Hasher) { hasher.combine(fields) }

    /// Parses what every message must have, and keeps it.
    mutating func parseEssentials(cseq: CSeq) throws(SIPParseError) {
        guard let via = try vias().first else { throw SIPParseError(.missingField, in: "Via") }
        essentials = Essentials(via: via, from: try from(), to: try to(), cseq: cseq)
    }

    private mutating func touch(_ name: SIPHeaderName) {
        guard essentials != nil else { return }
        if name == .via || name == .from || name == .to || name == .cseq { essentials = nil }
    }

    mutating func reserve(_ count: Int) { fields.reserveCapacity(count) }

    /// The first field of that name, whole. Setting replaces the first and removes the others; nil removes all.
    public subscript(_ name: SIPHeaderName) -> String? {
        get { fields.first { $0.name == name }?.value }
        set {
            touch(name)
            guard let newValue else {
                fields.removeAll { $0.name == name }
                return
            }
            guard let index = fields.firstIndex(where: { $0.name == name }) else {
                fields.append(Field(name, newValue))
                return
            }
            fields[index].value = newValue
            var isFirst = true
            fields.removeAll { field in
                guard field.name == name else { return false }
                defer { isFirst = false }
                return !isFirst
            }
        }
    }

    public func contains(_ name: SIPHeaderName) -> Bool { fields.contains { $0.name == name } }

    /// Every field of that name, each whole.
    public func all(_ name: SIPHeaderName) -> [String] {
        fields.lazy.filter { $0.name == name }.map(\.value)
    }

    /// The values of a list, over all its fields, taken apart at commas outside quotes and angle brackets
    /// (RFC 3261 §7.3.1). Empty elements are left out.
    public func values(_ name: SIPHeaderName) -> [String] {
        var values: [String] = []
        for field in fields where field.name == name {
            let parts: [String]? = field.value.withWindow { window in
                guard window.firstIndex(of: UInt8(ascii: ","), from: 0) != nil else { return nil }
                return window.split(at: UInt8(ascii: ",")).filter { !$0.isEmpty }.map(\.text)
            }
            if let parts { values += parts } else if !field.value.isEmpty { values.append(field.value) }
        }
        return values
    }

    public mutating func append(_ name: SIPHeaderName, _ value: String) {
        touch(name)
        fields.append(Field(name, value))
    }

    /// Puts a field before all others, as a proxy does with its Via.
    public mutating func prepend(_ name: SIPHeaderName, _ value: String) {
        touch(name)
        fields.insert(Field(name, value), at: 0)
    }

    /// Writes `received`, and `rport` where the client asked for it, into the topmost Via value (RFC 3261 §18.2.1,
    /// RFC 3581 §4). Further values, also those in the same field, and all other text stay as they came.
    ///
    /// - Parameter via: what that value says.
    mutating func markTopVia(_ via: Via, received: String, receivedPort: UInt16?) {
        guard let index = fields.firstIndex(where: { $0.name == .via }) else { return }
        var marked = via
        marked.parameters["received"] = received
        if let receivedPort { marked.parameters["rport"] = "\(receivedPort)" }
        let whole = fields[index].value
        fields[index].value = whole.withWindow { window in
            var end = window.start
            var isQuoted = false
            while end < window.end, isQuoted || window[end] != UInt8(ascii: ",") {
                if window[end] == UInt8(ascii: "\"") { isQuoted.toggle() }
                end += 1
            }
            let parts = window.window(window.start, end).split(at: UInt8(ascii: ";"))
            var written = parts.first?.end ?? end
            var text = window.window(window.start, written).text
            for part in parts.dropFirst() {
                // With the semicolon and the blanks before it.
                let lead = window.window(written, part.start).text
                written = part.end
                let equals = part.firstIndex(of: UInt8(ascii: "="), from: part.start) ?? part.end
                let name = part.window(part.start, equals).trimmed
                // A `received` that came with the request is somebody else's claim.
                if name.equalsIgnoringCase("received") { continue }
                let isPort = receivedPort != nil && name.equalsIgnoringCase("rport")
                text += lead + (isPort ? "\(name.text)=\(receivedPort ?? 0)" : part.text)
            }
            return text + ";received=\(received)" + window.window(end, window.end).text
        }
        essentials = essentials.map { Essentials(via: marked, from: $0.from, to: $0.to, cseq: $0.cseq) }
    }

    // MARK: Typed values. nil where the field is missing; an error where it is malformed.

    public var callID: String? { self[.callID] }

    public func topVia() throws(SIPParseError) -> Via {
        if let essentials { return essentials.via }
        guard let first = values(.via).first else { throw SIPParseError(.missingField, in: "Via") }
        return try Via(first)
    }

    public func vias() throws(SIPParseError) -> [Via] {
        var vias: [Via] = []
        for value in try limited(values(.via), SIPLimits.viaHops, "Via") { vias.append(try Via(value)) }
        return vias
    }

    public func from() throws(SIPParseError) -> NameAddress {
        if let essentials { return essentials.from }
        do throws(SIPParseError) { return try single(.from) } catch {
            let nobody = self[.from]?.withWindow { NameAddress(namingNobody: $0.trimmed, element: "From") }
            guard let nobody = nobody ?? nil else { throw error }
            return nobody
        }
    }

    public func to() throws(SIPParseError) -> NameAddress {
        if let essentials { return essentials.to }
        return try single(.to)
    }

    public func cseq() throws(SIPParseError) -> CSeq {
        if let essentials { return essentials.cseq }
        guard let text = self[.cseq] else { throw SIPParseError(.missingField, in: "CSeq") }
        return try CSeq(text)
    }

    /// The addresses of a Contact, Route or Record-Route. A Contact of `*` (REGISTER alone) gives none.
    ///
    /// A Contact that is plainly one value is read as leniently as From and To are.
    public func addresses(_ name: SIPHeaderName) throws(SIPParseError) -> [NameAddress] {
        do throws(SIPParseError) {
            return try list(name)
        } catch {
            guard name == .contact, let contact = soleContact else { throw error }
            return [contact]
        }
    }

    /// The Contact whose display name ought to stand in quotes. A colon or an "@" before its bracket would be another
    /// value's, and so would a second bracket.
    private var soleContact: NameAddress? {
        let contacts = all(.contact)
        guard contacts.count == 1, let text = contacts.first else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "<"), omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].contains(UInt8(ascii: ":")), !parts[0].contains(UInt8(ascii: "@")),
            !parts[1].contains(UInt8(ascii: ","))
        else { return nil }
        return try? NameAddress(leniently: text)
    }

    private func list(_ name: SIPHeaderName) throws(SIPParseError) -> [NameAddress] {
        var addresses: [NameAddress] = []
        for value in try limited(values(name), SIPLimits.listValues, name.text) where value != "*" {
            addresses.append(
                try value.withWindow { window throws(SIPParseError) in
                    try NameAddress(window: window, element: name.text)
                })
        }
        return addresses
    }

    private func single(_ name: SIPHeaderName) throws(SIPParseError) -> NameAddress {
        guard let text = self[name] else { throw SIPParseError(.missingField, in: name.text) }
        return try text.withWindow { window throws(SIPParseError) in
            try NameAddress(alone: window.trimmed, element: name.text)
        }
    }

    private func limited(
        _ values: [String], _ limit: Int, _ element: String
    ) throws(SIPParseError) -> [String] {
        guard values.count <= limit else { throw SIPParseError(.tooManyValues, in: element) }
        return values
    }
}
