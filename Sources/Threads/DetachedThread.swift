import CThreads
import Glibc

/// A thread that nobody waits for.
///
/// What must block (a read of a radio, an edge of a line, an `fsync`) does so on a thread of its own, never on the loop.
public enum DetachedThread {
    /// Starts a thread that runs `body` once and ends. Signals stay with the threads that handle them: this one blocks all.
    ///
    /// - Parameters:
    ///   - name: what people see who look at threads; the kernel cuts it at 15 bytes.
    ///   - body: kept until it has run, then let go on the thread.
    /// - Returns: 0, or the error number for which no thread could be started; `body` is let go then.
    public static func start(named name: String, _ body: sending @escaping () -> Void) -> Int32 {
        var all = sigset_t()
        var former = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &former)
        defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
        let argument = Unmanaged.passRetained(Task(name, body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Task>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument.toOpaque())
        guard result == 0 else {
            argument.release()
            return result
        }
        pthread_detach(thread)
        return 0
    }

    private final class Task {
        private let name: String
        private let body: () -> Void

        init(_ name: String, _ body: @escaping () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            gh_name_thread(name)
            body()
        }
    }
}
