import NIOCore
import Synchronization

/// The channel of one peer of an endpoint: what ``Connection`` shows, and where the handlers that secure its datagrams
/// live.
///
/// Without such handlers nothing passes through it, and it has no pipeline until somebody asks for one: a peer costs
/// little more than its state.
final class PeerChannel: Channel, ChannelCore {
    let eventLoop: any EventLoop
    let parent: (any Channel)?
    let localAddress: SocketAddress?
    let remoteAddress: SocketAddress?
    let allocator = ByteBufferAllocator()

    private let closePromise: EventLoopPromise<Void>
    private let active = Atomic(true)
    private let pipelines = Mutex<ChannelPipeline?>(nil)
    private let peer: NIOLoopBoundBox<DatagramPeer?>

    init(eventLoop: any EventLoop, localAddress: SocketAddress?, remoteAddress: SocketAddress?) {
        self.eventLoop = eventLoop
        self.parent = nil
        self.localAddress = localAddress
        self.remoteAddress = remoteAddress
        closePromise = eventLoop.makePromise()
        peer = NIOLoopBoundBox(nil, eventLoop: eventLoop)
    }

    /// Names the peer whose channel this is; on the loop.
    func attach(_ peer: DatagramPeer) {
        self.peer.value = peer
    }

    var closeFuture: EventLoopFuture<Void> { closePromise.futureResult }
    var isActive: Bool { active.load(ordering: .relaxed) }
    var isWritable: Bool { isActive }
    var _channelCore: any ChannelCore { self }

    var pipeline: ChannelPipeline {
        pipelines.withLock { pipeline in
            if let pipeline { return pipeline }
            let new = ChannelPipeline(channel: self)
            pipeline = new
            // Pipeline and channel hold each other until the handlers are removed.
            if !isActive { eventLoop.execute { self.removeHandlers(pipeline: new) } }
            return new
        }
    }

    /// The first handlers are in: tells them that the network is there.
    func start() {
        pipeline.syncOperations.fireChannelRegistered()
        pipeline.syncOperations.fireChannelActive()
    }

    /// Ends the channel, if it has not ended.
    func finish(error: any Error) {
        guard active.exchange(false, ordering: .relaxed) else { return }
        let peer = peer.value
        self.peer.value = nil
        peer?.channelClosed()
        closePromise.succeed()
        guard let pipeline = pipelines.withLock({ $0 }) else { return }
        pipeline.syncOperations.fireChannelInactive()
        pipeline.syncOperations.fireChannelUnregistered()
        // Not while a handler is being called.
        eventLoop.execute { self.removeHandlers(pipeline: pipeline) }
    }

    // MARK: Options

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
        eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
    }

    func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
        // Handlers ask whether they have to read by themselves: datagrams come as they come.
        if option is ChannelOptions.Types.AutoReadOption, let value = true as? Option.Value {
            return eventLoop.makeSucceededFuture(value)
        }
        return eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
    }

    // MARK: The network's end of the pipeline

    func localAddress0() throws -> SocketAddress {
        guard let localAddress else { throw ChannelError.unknownLocalAddress }
        return localAddress
    }

    func remoteAddress0() throws -> SocketAddress {
        guard let remoteAddress else { throw ChannelError.operationUnsupported }
        return remoteAddress
    }

    func register0(promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }

    func bind0(to: SocketAddress, promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }

    func connect0(to: SocketAddress, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }

    func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isActive, let peer = peer.value else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        peer.sendSecured(unwrapData(data, as: ByteBuffer.self))
        promise?.succeed()
    }

    /// Every datagram goes at once.
    func flush0() {}

    /// Datagrams come as they come.
    func read0() {}

    func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        guard isActive else {
            promise?.fail(ChannelError.alreadyClosed)
            return
        }
        finish(error: error)
        promise?.succeed()
    }

    func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }

    func channelRead0(_ data: NIOAny) {}

    func errorCaught0(error: any Error) {}
}
