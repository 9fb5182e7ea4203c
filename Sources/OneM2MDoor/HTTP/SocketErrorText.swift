import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import TLS

/// What is wrong with a socket or with what came over it, in words: NIO's own descriptions show its types, or mean a parser.
public enum SocketErrorText {
    /// The words; of what is no error of a socket those of its own.
    public static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let last = error.connectionErrors.last { return text(last.error) }
            return "the name cannot be resolved"
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case let error as TLSError: return error.reason
        case HTTPParserError.invalidEOFState: return "the connection ended amid a message"
        case is HTTPParserError, is NIOHTTPDecoderError: return "what came is no HTTP (\(error))"
        case ChannelError.connectTimeout(let time): return "no answer within \(time.nanoseconds / 1_000_000_000) s"
        default: return "\(error)"
        }
    }
}
