import OneM2MPrimitives

/// Why a token was refused: the step of the verification at which it failed (TS-0003 7.3.2.3 step 7 and TR-0019 8.2.2 step 9)
/// and a sentence for people.
public struct TokenRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The steps, in their order.
    public enum Step: Int, Sendable, Hashable, CaseIterable, Comparable {
        /// It is a compact JWS or JWE of type JWT, and not too long.
        case shape = 1
        /// Its issuer is known, its protection and algorithm are permitted for it, it decrypts and its signature stands.
        case protection = 2
        /// Its claims are one of the forms, whole.
        case claims = 3
        /// The holder is the originator.
        case holder = 4
        /// The issuer it claims is the one whose key it has.
        case issuer = 5
        /// Now is between its first and its last moment.
        case time = 6
        /// It is meant for this CSE.
        case audience = 7
        /// It is within the issuer's issuing privileges.
        case ceiling = 8
        /// It has not been revoked.
        case revocation = 9

        /// Earlier steps first.
        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The step.
    public let step: Step
    /// What was found and what was expected; nothing of the token itself.
    public let reason: String

    /// A refusal.
    public init(_ step: Step, _ reason: String) {
        self.step = step
        self.reason = reason
    }

    /// Step and sentence.
    public var description: String { "the token was refused at step \(step.rawValue) (\(step)): \(reason)" }

    /// The answer to the whole request. The standard names none; TS-0009 6.5 has 4103 for what a better token would help.
    var error: OneM2MError { OneM2MError(.originatorHasNoPrivilege, description) }
}
