extension Double {
    /// As decimal text with exactly `places` digits after the point.
    func rounded(to places: Int) -> String {
        var factor = 1.0
        for _ in 0..<places { factor *= 10 }
        let scaled = (self * factor).rounded()
        guard scaled.isFinite, abs(scaled) < 1e15 else { return "\(self)" }
        let whole = Int(abs(scaled))
        let sign = scaled < 0 ? "-" : ""
        guard places > 0 else { return "\(sign)\(whole)" }
        let fraction = String(whole % Int(factor))
        return "\(sign)\(whole / Int(factor))." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
