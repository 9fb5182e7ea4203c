import Testing

@testable import BluetoothLE

@Suite struct TruceTests {
    /// Seconds from the truce's beginning; heard last at, nil for never.
    struct Row: Sendable {
        let now: Int
        let heard: Int?
        let isOver: Bool

        init(_ now: Int, _ heard: Int?, _ isOver: Bool) { (self.now, self.heard, self.isOver) = (now, heard, isOver) }
    }

    @Test(arguments: [
        // Its time.
        Row(0, 0, false), Row(299, 299, false), Row(300, 299, true), Row(300, 300, true), Row(4000, 4000, true),
        // Its silence: when nothing was heard at all, …
        Row(0, nil, false), Row(19, nil, false), Row(20, nil, true),
        // … when it was before it began, which tells nothing of the other one's scan, …
        Row(0, -3600, false), Row(19, -1, false), Row(20, -1, true),
        // … and when the other one ended its scan.
        Row(119, 100, false), Row(120, 100, true), Row(121, 102, false),
    ]) func isOverByItsTimeOrBySilence(_ row: Row) {
        let begin = ContinuousClock.now
        let truce = Truce(begin: begin)
        let heard = row.heard.map { begin + .seconds($0) }
        #expect(truce.isOver(at: begin + .seconds(row.now), lastHeard: heard) == row.isOver)
    }
}
