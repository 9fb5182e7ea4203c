import Synchronization

/// Owns one object of the library: a key, a point, a scalar. Frees it when nobody holds it any more.
///
/// `@unchecked Sendable`, since a pointer is not, with this proof:
/// - all stored properties are constants;
/// - the object is touched by ``withPointer(_:)`` alone, inside the mutex, so by one thread at a time. This matters for uses that
///   look like reading, too: signing blinds an RSA key, and an EC key keeps tables, in the object itself;
/// - no caller lets the pointer out of its closure: they are the key types of this room and of `JOSE`, and what signs
///   certificates and requests with ``PrivateKey``; their closures call one function of the shim, which keeps no pointer, and
///   return what it returns, a number, or a comparison of it;
/// - `deinit` runs after the last reference is gone, when nobody can be inside the mutex.
///
/// Whoever needs two at once takes a private part before a public one, never the other way, so that two cannot wait for each
/// other.
package final class LibraryObject: @unchecked Sendable {
    private let pointer: OpaquePointer
    private let free: @Sendable (OpaquePointer) -> Void
    private let mutex = Mutex(())

    /// Takes the object over.
    ///
    /// - Parameter free: how the shim frees it.
    package init(_ pointer: OpaquePointer, free: @escaping @Sendable (OpaquePointer) -> Void) {
        self.pointer = pointer
        self.free = free
    }

    deinit { free(pointer) }

    /// Uses the object; the pointer must not leave `body`.
    package func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        mutex.withLock { _ in body(pointer) }
    }
}
