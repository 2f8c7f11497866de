import Telephony
import Testing

@Suite("The world's numbers")
struct NumberingPlanTests {
    private func destination(_ text: String) throws -> NumberingPlan.Destination? {
        NumberingPlan.destination(of: try #require(PhoneNumber(text)))
    }

    @Test(
        "Numbers and where they lead",
        arguments: [
            ("+13125550100", "1", "US"), ("+14165550100", "1", "CA"), ("+18765550100", "1", "JM"),
            ("+442079460123", "44", "GB"), ("+493012345678", "49", "DE"), ("+390612345678", "39", "IT"),
            ("+5511987654321", "55", "BR"), ("+919876543210", "91", "IN"), ("+80012345678", "800", "001"),
            ("+12425550100", "1", "BS"), ("+17875550100", "1", "PR"), ("+88216123456", "882", "001"),
            ("+441481234567", "44", "GG"), ("+447624123456", "44", "IM"), ("+441534812345", "44", "JE"),
            ("+447400123456", "44", "GB"), ("+447911123456", "44", "GG"), ("+77012345678", "7", "KZ"),
            ("+79161234567", "7", "RU"), ("+35818123456", "358", "FI"),
        ])
    func places(_ number: String, _ code: String, _ region: String) throws {
        let found = try #require(try destination(number))
        #expect(found.callingCode == code)
        #expect(found.region == region)
        #expect(!found.isPremium)
    }

    @Test(
        "Numbers that no country has",
        arguments: [
            "+11235550100", "+1312555010", "+131255501000", "+999123456789", "+2101234567", "+441234", "+4911833",
            "+49116117",
        ])
    func nowhere(_ number: String) throws {
        guard let number = PhoneNumber(number) else { return }
        #expect(NumberingPlan.destination(of: number) == nil)
    }

    @Test(
        "Numbers that cost more than a call",
        arguments: [
            "+19005550100", "+449098790123", "+499001234567", "+33899123456", "+979123456789", "+13129761234",
            "+447012345678", "+15005550100",
        ])
    func premium(_ number: String) throws {
        #expect(try #require(try destination(number)).isPremium)
    }

    @Test("Emergency numbers, bare and behind a country's code")
    func emergency() {
        for number in ["911", "112", "999", "000", "110", "+1911", "+44999", "+49112", "+61000"] {
            #expect(NumberingPlan.isEmergency(number), "\(number)")
        }
        for number in ["", "9", "9110", "+13125550911", "1234567890123456789", "+", "+1", "+49301234112", "sales"] {
            #expect(!NumberingPlan.isEmergency(number), "\(number)")
        }
    }

    @Test("Emergency numbers behind what takes a line, a calling code or a service code")
    func emergencyBehindPrefix() {
        for number in [
            "911", "112", "9911", "0112", "00112", "011911", "1911", "0111911", "44999", "49112", "*67911",
            "9110", "9119", "9000", "9100", "99110", "8110", "8000",
        ] {
            #expect(NumberingPlan.isEmergencyBehindPrefix(number), "\(number)")
        }
        for number in ["", "1", "1001", "1999", "8101", "9200", "6112", "13125550911", "*97"] {
            #expect(!NumberingPlan.isEmergencyBehindPrefix(number), "\(number)")
        }
    }

    @Test("Every number of every length is answered, and none by a trap")
    func total() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let digits = (0..<Int.random(in: 7...15, using: &random)).map { place in
                String(Int.random(in: (place == 0 ? 1 : 0)...9, using: &random))
            }
            guard let number = PhoneNumber("+" + digits.joined()) else { continue }
            if let destination = NumberingPlan.destination(of: number) {
                #expect(number.text.dropFirst().hasPrefix(destination.callingCode))
            }
        }
    }
}
