/// The header fields of TS-0009 6.4.
enum HTTPField {
    static let origin = "X-M2M-Origin"
    static let requestIdentifier = "X-M2M-RI"
    static let releaseVersion = "X-M2M-RVI"
    static let responseStatus = "X-M2M-RSC"
    static let groupRequestIdentifier = "X-M2M-GID"
    static let notificationURIs = "X-M2M-RTU"
    static let originatingTimestamp = "X-M2M-OT"
    static let resultExpiration = "X-M2M-RST"
    static let requestExpiration = "X-M2M-RET"
    static let operationExecutionTime = "X-M2M-OET"
    static let eventCategory = "X-M2M-EC"
    static let assignedTokens = "X-M2M-ATI"
    static let contentStatus = "X-M2M-CTS"
    static let contentOffset = "X-M2M-CTO"
    static let vendorInformation = "X-M2M-VSI"
    /// Parts of the standard that this program has not; a request with one is refused with 5001.
    static let unsupported = ["X-M2M-AS", "X-M2M-ASI", "X-M2M-AURI", "X-M2M-SQI", "X-M2M-GTM"]
}
