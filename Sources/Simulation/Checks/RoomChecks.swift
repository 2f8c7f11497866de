/// What is demanded of rooms: queues, conferences, and the parking.
struct RoomChecks {
    var places = PlaceCheck()
    var serving = ServingCheck()
    var told = ToldCheck()
    var conferences = ConferenceCheck()
    var mixes = MixCheck()

    mutating func crashed() {
        places.crashed()
        serving.crashed()
        told.crashed()
        conferences.crashed()
        mixes.crashed()
    }

    /// All calls are over.
    func concluded() throws(Violation) {
        try places.concluded()
        try serving.concluded()
        try told.concluded()
        try mixes.concluded()
    }
}
