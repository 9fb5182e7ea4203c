/// What the tables of a CSE hold at most; each exists so that a peer cannot make us hold without end.
public struct CSELimits: Sendable {
    /// Resources altogether, content instances not counted: 10,000 at some 700 bytes are 7 MB.
    public var resources = 10_000
    /// Content instances altogether, of all containers: 100,000 at 200 bytes are 20 MB.
    public var contentInstances = 100_000
    /// Bytes of all content instances together, with what stands beside their contents.
    public var contentBytes = 16 << 20
    /// Content instances of a container whose creator set no limit, and the most it may set: what is older goes.
    public var instancesPerContainer = 10_000
    /// Bytes of a resource's attributes, of a content instance too: what the store's longest value holds.
    public var attributeBytes = 30_000
    /// Levels of the tree below the CSEBase: a function of a room of a floor of a house has five.
    public var depth = 24
    /// Children of one resource, content instances not counted.
    public var children = 2_000
    /// Resources that one answer shows, and one discovery finds.
    public var results = 1_000
    /// Subscriptions altogether.
    public var subscriptions = 500
    /// Notifications that wait for one target; the oldest go.
    public var notificationsPerTarget = 100
    /// Notifications that wait altogether: 2,000 of 500 bytes are 1 MB.
    public var notifications = 2_000
    /// Bytes of the notifications that wait for one target: 100 of 2.5 kB, eight of the largest.
    public var notificationBytesPerTarget = 256 << 10
    /// Bytes of all notifications that wait.
    public var notificationBytes = 1 << 20
    /// Bytes of the notifications that one subscription gathers to a batch; beyond them it goes out before it is full. It has
    /// to fit into a message, and peers take no less than ours, 256 kB.
    public var batchBytes = 64 << 10
    /// Bytes of all batches that are being gathered; beyond them the one that grows goes out.
    public var batchesBytes = 512 << 10
    /// Members of a group.
    public var members = 200
    /// Requests in work at once; more are refused with 5000 rather than held.
    public var requests = 256
    /// Requests that wait for the time at which they are to be done, which an originator may set an hour ahead.
    public var delayedRequests = 64
    /// Those of one originator, so that one cannot take all places.
    public var delayedRequestsPerOriginator = 8
    /// `<request>` resources that tell how a non-blocking request went.
    public var requestResources = 200
    /// Bytes of an answer that a `<request>` remembers: 200 of them are 3 MB.
    public var requestAnswerBytes = 16_384
    /// Resources and content instances kept on flash: 5,000 of 400 bytes fit in the half of a segment that may be live.
    public var durableResources = 5_000
    /// Content instances of a container that are kept on flash, the newest.
    public var durableInstancesPerContainer = 200

    /// The limits above, to be changed.
    public init() {}
}
