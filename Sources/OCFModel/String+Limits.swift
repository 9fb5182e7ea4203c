extension String {
    /// The text, cut to so many characters as definitions count them: code points, whole ones.
    public func limited(to count: Int) -> String {
        unicodeScalars.count <= count ? self : String(String.UnicodeScalarView(unicodeScalars.prefix(count)))
    }
}
