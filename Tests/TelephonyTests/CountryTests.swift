import Foundation
import Telephony
import Testing

@Suite("Countries, and which are home")
struct CountryTests {
    @Test(
        "A country is named by its region or by a calling code",
        arguments: [
            ("DE", "DE"), ("de", "DE"), ("49", "DE"), ("+49", "DE"), ("+1", "US"), ("CA", "CA"), ("+44", "GB"),
            ("JE", "JE"), ("+7", "RU"), ("KZ", "KZ"), ("AX", "FI"), ("BS", "BS"), ("+881", "+881"), ("878", "+878"),
        ])
    func named(_ name: String, _ country: String) { #expect(Country(name)?.text == country) }

    @Test(
        "What names no country",
        arguments: ["", "+", "XX", "Germany", "001", "999", "+999", "1242", " US", "\u{017F}K", "++49"])
    func nameless(_ name: String) { #expect(Country(name) == nil) }

    private func home(_ names: String...) -> HomeCountries { HomeCountries(names.compactMap { Country($0) }) }

    @Test("The United States and Canada are one, the other countries of +1 are not")
    func northAmerica() throws {
        #expect(home("US") == .northAmerica)
        #expect(home("CA") == home("1"))
        for other in ["BS", "JM", "DO", "PR", "VI"] {
            let country = try #require(Country(other))
            #expect(!home("US").contains(country))
        }
    }

    @Test("Numbers that are all in one country say where home is; others say nothing")
    func ofNumbers() {
        func of(_ numbers: String...) -> HomeCountries? { HomeCountries(of: numbers.compactMap { PhoneNumber($0) }) }
        #expect(of("+493012345678", "+4989123456") == home("DE"))
        #expect(of("+13125550100", "+14165550100") == .northAmerica)
        #expect(of("+13125550100", "+442079460123") == nil)
        #expect(of("+88216123456") == nil)
        #expect(of("+999123456789") == nil)
        #expect(of() == nil)
    }

    @Test("Rules are read as they were written; what an older version wrote has the server's home countries")
    func stored() throws {
        var rules = AccountRules()
        rules.homeCountries = home("DE", "881")
        let read = try JSONDecoder().decode(AccountRules.self, from: try JSONEncoder().encode(rules))
        #expect(read == rules)
        let older = try JSONDecoder().decode(AccountRules.self, from: Data(#"{"allowsInternational":true}"#.utf8))
        #expect(older.homeCountries == nil)
        #expect(older.allowsInternational)
    }
}
