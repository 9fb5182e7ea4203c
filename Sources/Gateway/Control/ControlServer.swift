import Glibc
import JSONText
import Logging
import NIOCore
import NIOPosix
import OneLoop

/// Serves requests of the command line on a socket that only the daemon's user and one group may open.
@Loop
public final class ControlServer {
    /// Answers one request, at once or later; the function it is given sends a line to the caller and tells whether the
    /// caller is still there.
    public typealias Handler = @Loop (ControlRequest, ControlCaller) -> Void

    /// A home has one or two shells open; sixteen leaves room for scripts and bounds what a runaway one can cost.
    nonisolated static let maximumCallers = 16

    private let path: String
    private let log: Logger
    private let handler: Handler
    private var channel: (any Channel)?
    private var callers = 0

    /// A server on the socket `path`; nothing is opened before ``start(group:)``.
    public init(path: String, log: Logger, handler: @escaping Handler) {
        self.path = path
        self.log = log
        self.handler = handler
    }

    /// Opens the socket and gives it to `group` (an empty name leaves it to the daemon's own user).
    ///
    /// - Throws: ``ControlError`` `refused` when another daemon answers there, `failed` when it cannot be opened.
    public func start(group: String) async throws(ControlError) {
        if access(path, F_OK) == 0 {
            if Self.someoneAnswers(path) {
                throw ControlError(.refused, "another gatehouse daemon answers on \(path); stop it first")
            }
            unlink(path)
        }
        // The socket is made with no rights for others; the group gets its own just below.
        let before = umask(0o177)
        defer { umask(before) }
        do {
            channel = try await ServerBootstrap(group: Loop.group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ControlLineHandler(
                                accept: { Loop.assumeIsolated { [weak self] in self?.accept() ?? false } },
                                leave: { Loop.assumeIsolated { [weak self] in self?.callers -= 1 } },
                                receive: { line, caller in
                                    Loop.assumeIsolated { [weak self] in self?.receive(line, caller) }
                                }))
                    }
                }
                .bind(unixDomainSocketPath: path).get()
        } catch {
            throw ControlError(.failed, "cannot open the control socket \(path): \(error)")
        }
        share(with: group)
    }

    /// Closes and removes the socket.
    public func stop() async {
        try? await channel?.close()
        channel = nil
        unlink(path)
    }

    private func share(with group: String) {
        guard !group.isEmpty else { return }
        guard let entry = getgrnam(group) else {
            log.warning("there is no group \(group); only this daemon's user can use \(path)")
            return
        }
        guard chown(path, uid_t.max, entry.pointee.gr_gid) == 0, chmod(path, 0o660) == 0 else {
            log.warning("cannot give \(path) to the group \(group): \(String(cString: strerror(errno)))")
            return
        }
    }

    private func accept() -> Bool {
        callers += 1
        return callers <= Self.maximumCallers
    }

    private func receive(_ line: [UInt8], _ caller: ControlCaller) {
        do {
            handler(try ControlRequest(JSON.parse(line, limits: .line)), caller)
        } catch let error as ControlError {
            caller.fail(error)
        } catch {
            caller.fail(ControlError(.badRequest, "this is no JSON: \(error)"))
        }
    }

    private static func someoneAnswers(_ path: String) -> Bool {
        guard let descriptor = UnixSocket.connect(path) else { return false }
        close(descriptor)
        return true
    }
}

/// The caller at the other end of one connection.
public struct ControlCaller: Sendable {
    let channel: any Channel

    /// Sends a result.
    public func succeed(_ result: JSON) { send(["ok": result]) }

    /// Sends an error.
    public func fail(_ error: ControlError) { send(error.json) }

    /// Sends an event of `watch`.
    ///
    /// - Returns: whether the caller is still there and reads; when not, stop sending.
    public func event(_ event: JSON) -> Bool {
        // A caller that does not read is dropped rather than buffered for.
        guard channel.isActive, channel.isWritable else {
            channel.close(promise: nil)
            return false
        }
        send(["event": event])
        return true
    }

    private func send(_ json: JSON) {
        channel.writeAndFlush(ByteBuffer(string: json.serialized() + "\n"), promise: nil)
    }
}

/// Cuts the stream into lines.
private final class ControlLineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// The longest request is a `cloud-set` with a 4 KiB token; anything longer is no request of ours.
    static let maximumLine = 16_384

    private var pending = ByteBuffer()
    private var accepted = false
    private let accept: () -> Bool
    private let leave: () -> Void
    private let receive: ([UInt8], ControlCaller) -> Void

    init(
        accept: @escaping () -> Bool, leave: @escaping () -> Void,
        receive: @escaping ([UInt8], ControlCaller) -> Void
    ) {
        self.accept = accept
        self.leave = leave
        self.receive = receive
    }

    func channelActive(context: ChannelHandlerContext) {
        if !accept() {
            ControlCaller(channel: context.channel).fail(
                ControlError(.refused, "\(ControlServer.maximumCallers) callers are connected already; try again later")
            )
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { leave() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        pending.writeBuffer(&incoming)
        while let end = pending.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            let line = pending.readBytes(length: end - pending.readerIndex) ?? []
            pending.moveReaderIndex(forwardBy: 1)
            receive(line, ControlCaller(channel: context.channel))
        }
        if pending.readableBytes > Self.maximumLine {
            ControlCaller(channel: context.channel).fail(
                ControlError(.badRequest, "a request is at most \(Self.maximumLine) bytes"))
            context.close(promise: nil)
        }
        pending.discardReadBytes()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
