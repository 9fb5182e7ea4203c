import Glibc
import NIOCore
import NIOPosix
import Testing

/// A network of its own, with a thread that lives in it: what a loop's thread opens is there.
///
/// Made and removed by the test, which has to be root for it.
final class NetworkNamespace: Sendable {
    let name: String
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Why there can be none; nil when there can.
    static let obstacle: String? = {
        guard getuid() == 0 else { return "network namespaces need root" }
        let probe = "gatehouse-probe-\(getpid())"
        guard let (status, output) = try? PeerProcess.run(["ip", "netns", "add", probe]), status == 0 else {
            return "no network namespace could be made (ip netns add)\(Peers.areRequired ? "" : "; skipped")"
        }
        _ = output
        _ = try? PeerProcess.run(["ip", "netns", "delete", probe])
        return nil
    }()

    /// As root the tests have to run where peers are required: then a failure says why they cannot.
    static let isPossible = obstacle == nil || Peers.areRequired && getuid() == 0

    private init(name: String) {
        self.name = name
    }

    private static func make(_ suffix: String) async throws -> NetworkNamespace {
        let space = NetworkNamespace(name: "gatehouse-\(suffix)-\(UInt32.random(in: 0 ... .max))")
        try run("netns", "add", space.name)
        let path = "/var/run/netns/\(space.name)"
        try await space.group.next().submit {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0, enter(descriptor) == 0 else {
                throw IOError(errnoCode: errno, reason: "setns \(path)")
            }
            close(descriptor)
        }.outside.get()
        try space.ip("link", "set", "lo", "up")
        return space
    }

    /// setns(2) for a network, which Glibc's module leaves out.
    private static func enter(_ descriptor: CInt) -> CInt {
        typealias Function = @convention(c) (CInt, CInt) -> CInt
        guard let symbol = dlsym(nil, "setns") else { return -1 }
        let cloneNewNetwork: CInt = 0x4000_0000
        return unsafeBitCast(symbol, to: Function.self)(descriptor, cloneNewNetwork)
    }

    private func remove() async throws {
        try await group.shutdownGracefully()
        try NetworkNamespace.run("netns", "delete", name)
    }

    static func run(_ arguments: String...) throws {
        let (status, output) = try PeerProcess.run(["ip"] + arguments)
        guard status == 0 else { throw IOError(errnoCode: EINVAL, reason: "ip \(arguments): \(output)") }
    }

    /// Runs `ip` in the namespace.
    func ip(_ arguments: String...) throws {
        let (status, output) = try PeerProcess.run(["ip", "-n", name] + arguments)
        guard status == 0 else { throw IOError(errnoCode: EINVAL, reason: "ip \(arguments): \(output)") }
    }

    /// Runs a program in it.
    func command(_ arguments: [String]) -> [String] {
        ["ip", "netns", "exec", name] + arguments
    }

    /// Joins two networks by a link number `number`: 10.213.N.1 and .2, fd00:213:N::1 and ::2.
    static func link(_ left: NetworkNamespace, _ right: NetworkNamespace, number: Int) async throws {
        try run(
            "link", "add", "gh\(number)", "netns", left.name, "type", "veth", "peer", "name", "gh\(number)", "netns",
            right.name)
        for (index, space) in [left, right].enumerated() {
            try space.ip("address", "add", "10.213.\(number).\(index + 1)/24", "dev", "gh\(number)")
            // Without the wait for somebody else who has that address.
            try space.ip("address", "add", "fd00:213:\(number)::\(index + 1)/64", "dev", "gh\(number)", "nodad")
        }
        for space in [left, right] {
            _ = try PeerProcess.run(space.command(["sysctl", "-qw", "net.ipv6.conf.gh\(number).accept_dad=0"]))
            try space.ip("link", "set", "gh\(number)", "up")
        }
        for space in [left, right] { try await space.waitForRoute("gh\(number)") }
    }

    /// A link that comes up has no IPv6 multicast until the kernel has seen to it.
    private func waitForRoute(_ device: String) async throws {
        for _ in 0..<400 {
            let routes = try PeerProcess.run(
                ["ip", "-n", name, "-6", "route", "show", "table", "local", "dev", device, "type", "multicast"])
            if routes.output.contains("ff00::/8") { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw IOError(errnoCode: ENETUNREACH, reason: "\(device) has no multicast")
    }

    /// Two networks, removed at the end.
    static func withTwo(_ body: @Sendable (NetworkNamespace, NetworkNamespace) async throws -> Void) async throws {
        try #require(obstacle == nil, "\(obstacle ?? "")")
        let left = try await make("a")
        let right = try await make("b")
        do {
            try await body(left, right)
        } catch {
            Issue.record("\(error)")
        }
        try await left.remove()
        try await right.remove()
    }
}

extension EventLoopFuture where Value: Sendable {
    /// The future on a loop of the usual network. Whoever waits for one of a namespace's loop would go on from its thread,
    /// which may make the next thread of the pool: in the namespace, where it stays and opens other tests' sockets.
    var outside: EventLoopFuture<Value> { hop(to: testGroup.next()) }
}
