extension Configuration {
    /// `[metrics]`
    public struct Metrics: Sendable, Equatable {
        /// The port; 0 for none.
        public var port: Int
        /// Where it is listened for.
        public var address: String
        /// The file of the secret; empty for none.
        public var secretFile: String
    }
}
