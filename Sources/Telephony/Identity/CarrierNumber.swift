/// The numbers of the simulated carrier's people: `+1 500 555`, and at least four digits that choose a behaviour.
///
/// Area code 500 belongs to no place, and its exchange 555 to no subscriber. Where calls go out through a real trunk
/// these numbers are refused by name, so that a test never becomes somebody's telephone bill.
package enum CarrierNumber {
    package static let prefix = "+1500555"
    /// Digits after the prefix; PhoneNumber's limit is the upper bound.
    package static let digitCount = 4...8
    /// In words, for errors and documents.
    package static let range = "+15005550000 to +15005559999 and everything longer that begins so"

    package static func isReserved(_ number: PhoneNumber) -> Bool { number.text.hasPrefix(prefix) }
}
