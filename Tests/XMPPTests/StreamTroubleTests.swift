import Testing
import XMPP

@Suite("What people are told of a stream's trouble")
struct StreamTroubleTests {
    @Test("Each kind says what to do, in words of its own", arguments: StreamTrouble.Code.allCases)
    func advice(_ code: StreamTrouble.Code) {
        let advice = code.advice
        #expect(advice.split(separator: " ").count >= 4)
        #expect(advice.first?.isLowercase == true && advice.last?.isPunctuation == false)
        let same = StreamTrouble.Code.allCases.filter { $0.advice == advice }
        #expect(same == [code] || Set(same) == [.silent, .notReading])
    }
}
