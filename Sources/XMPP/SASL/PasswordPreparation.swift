/// Passwords and names as SASLprep wants them (RFC 4013), as far as a gateway needs it.
///
/// Both sides of SCRAM have to salt the same bytes. SASLprep normalizes by compatibility (NFKC), whose tables are larger
/// than the rest of the room; so what it would change is refused instead (RFC 5802 2.2 lets a client refuse all that is
/// not ASCII), and what it leaves alone goes through: all of ASCII but controls, and nearly every letter, digit, ideogram
/// and sign that is typed as one character.
enum PasswordPreparation {
    /// What SASLprep makes of a text.
    ///
    /// - Parameter what: "password" or "name", for people. No character of the text is told, only which one it is.
    /// - Throws: `.credentials` where SASLprep forbids a character, or would change it in a way that is not known here.
    static func prepared(_ text: String, _ what: String) throws(SASLFault) -> String {
        var result = String.UnicodeScalarView()
        for (index, scalar) in text.unicodeScalars.enumerated() {
            switch fate(of: scalar) {
            case .kept: result.append(scalar)
            case .space: result.append(" ")
            case .dropped: break
            case .forbidden:
                throw SASLFault(
                    .credentials, "character \(index + 1) of the \(what) may not be in one (RFC 4013 2.3)")
            case .unknown:
                throw SASLFault(
                    .credentials,
                    "character \(index + 1) of the \(what) is one that servers write in different ways (RFC 4013 2.2): "
                        + "a part of a letter, a ligature, a sign of another width; a plain one was expected")
            }
        }
        guard !result.isEmpty else { throw SASLFault(.credentials, "the \(what) is empty") }
        guard isOneWay(result) else {
            throw SASLFault(
                .credentials, "the \(what) mixes letters of both directions of writing (RFC 4013 2.4)")
        }
        return String(result)
    }

    enum Fate: Sendable, Hashable {
        /// It stays what it is.
        case kept
        /// A space of another width (RFC 3454 C.1.2).
        case space
        /// Means nothing (RFC 3454 B.1).
        case dropped
        /// RFC 4013 2.3.
        case forbidden
        /// NFKC would make another of it, alone or with its neighbours.
        case unknown
    }

    /// What becomes of a character.
    static func fate(of scalar: Unicode.Scalar) -> Fate {
        switch scalar.value {
        case 0x20...0x7E: return .kept
        case 0xAD, 0x34F, 0x1806, 0x180B...0x180D, 0x200C, 0x200D, 0x2060, 0xFE00...0xFE0F, 0xFEFF: return .dropped
        // Both a space and nothing, by RFC 3454: servers differ.
        case 0x200B: return .unknown
        case 0xA0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: return .space
        // Signs of the description of ideograms, replacement characters, deprecated signs (RFC 3454 C.6, C.7, C.8).
        case 0x2FF0...0x2FFB, 0xFFF9...0xFFFD, 0x340, 0x341, 0x206A...0x206F, 0xE0000...0xE007F: return .forbidden
        // Parts of Korean syllables, and vowel signs that join the letter before them.
        case 0x1100...0x11FF, 0xA960...0xA97F, 0xD7B0...0xD7FF: return .unknown
        default: break
        }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: return .forbidden
        // A mark of any kind may join what is before it; a character that this machine does not know, too.
        case .nonspacingMark, .spacingMark, .enclosingMark, .unassigned: return .unknown
        default: return isStable(scalar) ? .kept : .unknown
        }
    }

    /// Whether NFKC leaves a character alone that is no mark. Unicode tells of each whether NFKC with case folded changes
    /// it; of a capital that is asked of its small letter.
    private static func isStable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // ß and ς change by folding alone.
        case 0xDF, 0x1E9E, 0x3C2: return true
        // ϴ, Ω, K and Å as signs: their small letters are those of the letters.
        case 0x3F4, 0x2126, 0x212A, 0x212B: return false
        default: break
        }
        let properties = scalar.properties
        guard properties.changesWhenNFKCCaseFolded else { return true }
        guard properties.changesWhenLowercased else { return false }
        let small = properties.lowercaseMapping.unicodeScalars
        guard let first = small.first, small.count == 1 else { return false }
        return !first.properties.changesWhenNFKCCaseFolded
    }

    /// RFC 4013 2.4: where there are letters written from right to left there are no others, and such a one comes first and
    /// last.
    private static func isOneWay(_ text: String.UnicodeScalarView) -> Bool {
        guard text.contains(where: isRightToLeft) else { return true }
        guard let first = text.first, let last = text.last, isRightToLeft(first), isRightToLeft(last) else {
            return false
        }
        return text.allSatisfy { isRightToLeft($0) || !$0.properties.isAlphabetic }
    }

    /// Letters and marks of Hebrew, Arabic, Syriac, Thaana and their like; not their digits.
    private static func isRightToLeft(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x590...0x8FF, 0x10800...0x10FFF, 0x1E800...0x1EFFF: scalar.properties.numericType == nil
        default: false
        }
    }
}
