/// Prints an answer's JSON straight into bytes, member by member in the order given (alphabetical by our habit), nulls
/// written out. A ``JSONValue`` would cost a dictionary and a sort for each answer.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    /// Whether a member or element has been written at this level, so that the next needs a comma.
    private var needsComma = false

    package init(capacity: Int = 1536) { bytes.reserveCapacity(capacity) }

    package mutating func object(_ content: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        content(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    package mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        for element in elements { write(&self, element) }
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    package mutating func value(_ value: JSONValue) {
        separate()
        value.append(to: &bytes)
        needsComma = true
    }

    package mutating func value(_ text: String) {
        separate()
        string(text)
        needsComma = true
    }

    // MARK: Members

    package mutating func member(_ name: StaticString, _ text: String?) {
        self.name(name)
        if let text { string(text) } else { raw("null") }
    }

    package mutating func member(_ name: StaticString, _ number: Int?) {
        self.name(name)
        if let number { bytes.append(contentsOf: String(number).utf8) } else { raw("null") }
    }

    package mutating func member(_ name: StaticString, _ number: Int64) {
        self.name(name)
        bytes.append(contentsOf: String(number).utf8)
    }

    package mutating func member(_ name: StaticString, _ truth: Bool?) {
        self.name(name)
        switch truth {
        case true: raw("true")
        case false: raw("false")
        case nil: raw("null")
        }
    }

    package mutating func member(_ name: StaticString, _ value: JSONValue) {
        self.name(name)
        value.append(to: &bytes)
    }

    package mutating func member(_ name: StaticString, object content: (inout JSONWriter) -> Void) {
        self.name(name)
        needsComma = false
        object(content)
    }

    /// A member whose value another type writes.
    package mutating func nested(_ name: StaticString, _ write: (inout JSONWriter) -> Void) {
        self.name(name)
        needsComma = false
        write(&self)
        needsComma = true
    }

    /// A member that is an array; each element is written by one of the `value` or `object` functions.
    package mutating func array(_ name: StaticString, _ content: (inout JSONWriter) -> Void) {
        self.name(name)
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        content(&self)
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    package mutating func member<Element>(
        _ name: StaticString, array elements: [Element], _ write: (inout JSONWriter, Element) -> Void
    ) {
        self.name(name)
        needsComma = false
        array(elements, write)
    }

    // MARK: Bytes

    /// The name and its colon. What follows is the value, so the comma is due again after it.
    private mutating func name(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        raw(name)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func raw(_ text: StaticString) {
        // Safe: the text is copied within the closure.
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func string(_ text: String) { JSONValue.append(text, to: &bytes) }
}
