/// Parameters in their order, as in `;transport=udp;lr`: of a URI, a Via, an address. Names compare without case.
///
/// Values are kept as they stand on the wire, quotes included, so that what was received is printed unchanged.
public struct SIPParameters: Hashable, Sendable {
    public struct Parameter: Hashable, Sendable {
        public var name: String
        /// nil where the parameter has no `=`.
        public var value: String?

        public init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var list: [Parameter]

    public init(_ list: [Parameter] = []) {
        self.list = list
    }

    public var isEmpty: Bool { list.isEmpty }

    public func contains(_ name: String) -> Bool {
        list.contains { $0.name.equalsIgnoringCase(name) }
    }

    /// The value of a parameter; nil where it is missing or has none. Setting it keeps its place in the order;
    /// setting nil removes it.
    public subscript(_ name: String) -> String? {
        get { list.first { $0.name.equalsIgnoringCase(name) }?.value }
        set {
            let index = list.firstIndex { $0.name.equalsIgnoringCase(name) }
            switch (index, newValue) {
            case (let index?, let value?): list[index].value = value
            case (let index?, nil): list.remove(at: index)
            case (nil, let value?): list.append(Parameter(name, value))
            case (nil, nil): break
            }
        }
    }

    /// Adds a parameter without a value, such as `lr`, if it is not there.
    public mutating func setFlag(_ name: String) {
        if !contains(name) { list.append(Parameter(name)) }
    }

    /// Reads `;a=b;c`, beginning at the first semicolon.
    init(window: ByteWindow, element: String) throws(SIPParseError) {
        list = []
        guard !window.isEmpty else { return }
        guard window[window.start] == UInt8(ascii: ";") else {
            throw SIPParseError(.badParameter, in: element, at: window.start)
        }
        for part in window.window(window.start + 1, window.end).split(at: UInt8(ascii: ";")) {
            // Peers do write `;;` and a trailing `;`; both say nothing.
            if part.isEmpty { continue }
            guard list.count < SIPLimits.parameters else {
                throw SIPParseError(.tooManyValues, in: element, at: part.start)
            }
            guard let equals = part.firstIndex(of: UInt8(ascii: "="), from: part.start) else {
                list.append(Parameter(try Self.name(part, element)))
                continue
            }
            list.append(
                Parameter(
                    try Self.name(part.window(part.start, equals).trimmed, element),
                    part.window(equals + 1, part.end).trimmed.text))
        }
    }

    private static func name(_ window: ByteWindow, _ element: String) throws(SIPParseError) -> String {
        for index in window.start..<window.end {
            let byte = window[index]
            // Names in URIs may also hold "[", "]", "/", ":", "&", "+", "$" (RFC 3261 §25.1 param-unreserved).
            guard byte > 32, byte != 127, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "<"),
                byte != UInt8(ascii: ">")
            else { throw SIPParseError(.badParameter, in: element, at: index) }
        }
        guard !window.isEmpty else { throw SIPParseError(.badParameter, in: element, at: window.start) }
        return window.text
    }
}

extension SIPParameters: CustomStringConvertible {
    /// `;transport=udp;lr`, or nothing.
    public var description: String {
        var text = ""
        append(to: &text)
        return text
    }

    func append(to text: inout String) {
        for parameter in list {
            text += ";"
            text += parameter.name
            guard let value = parameter.value else { continue }
            text += "="
            text += value
        }
    }
}
