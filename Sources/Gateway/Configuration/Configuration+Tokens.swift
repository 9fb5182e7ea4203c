extension Configuration {
    /// `[onem2m.tokens]` and `[[onem2m.issuers]]`
    public struct Tokens: Sendable, Equatable {
        /// Resources, operations and roles.
        public struct Entry: Sendable, Equatable {
            /// Where.
            public var resources: [String]
            /// What.
            public var operations: [String]
            /// Roles.
            public var roles: [String]
        }

        /// `[[onem2m.tokens.policies]]`
        public struct Policy: Sendable, Equatable {
            /// How it is called.
            public var name: String
            /// Who.
            public var holders: [String]
            /// What.
            public var entry: Entry
            /// Seconds.
            public var lifetime: Int
        }

        /// `[[onem2m.tokens.recipients]]`
        public struct Recipient: Sendable, Equatable {
            /// The CSE-ID.
            public var cse: String
            /// The file of its key.
            public var key: String
        }

        /// `[[onem2m.issuers]]`
        public struct Issuer: Sendable, Equatable {
            /// Who.
            public var id: String
            /// The file of its keys.
            public var keys: String
            /// How far it may go.
            public var entry: Entry
            /// Seconds.
            public var lifetime: Int
            /// `signed`, `nested`, `encrypted`.
            public var protection: [String]
            /// `standard` or `short`.
            public var claims: String
            /// Its `<accessTokenAuthority>`, or empty.
            public var authority: String
            /// Of its token ids, or empty.
            public var domain: String
            /// Whether a current revocation list is needed.
            public var needsCurrentList: Bool
        }

        /// Be an authority.
        public var issue: Bool
        /// The authority's name.
        public var authority: String
        /// Of token ids, or empty.
        public var domain: String
        /// CSEs that tokens may be for.
        public var audience: [String]
        /// Seconds.
        public var lifetime: Int
        /// Who may ask.
        public var requesters: [String]
        /// Inside TLS only.
        public var secure: Bool
        /// `signed` or `nested`.
        public var protection: String
        /// Days.
        public var rotateDays: Int
        /// Hours.
        public var overlapHours: Int
        /// Hours.
        public var listHours: Int
        /// Seconds.
        public var refresh: Int
        /// The issuing privileges.
        public var privileges: [Entry]
        /// The authorization policies.
        public var policies: [Policy]
        /// Whom tokens are encrypted for.
        public var recipients: [Recipient]
        /// Who is trusted.
        public var issuers: [Issuer]
    }
}
