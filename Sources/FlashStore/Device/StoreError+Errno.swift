#if canImport(Glibc)
    import Glibc
#endif

extension StoreError {
    /// The error of the system call that has just failed.
    static func last(doing what: String) -> StoreError {
        StoreError(errno: errno, doing: what)
    }

    /// Names an error number of the kernel.
    init(errno number: Int32, doing what: String) {
        let text = "\(what): \(String(cString: strerror(number)))"
        switch number {
        case ENOSPC, EDQUOT, EFBIG: self.init(.noSpace, "\(text). Make room on the device")
        case EROFS: self.init(.readOnly, "\(text). A card that has worn out turns read-only; check the kernel's log")
        case EACCES, EPERM, ELOOP:
            self.init(.permissions, "\(text). Directory and file must belong to Gatehouse's user")
        case EWOULDBLOCK: self.init(.locked, "\(text). Another process has the store open")
        default: self.init(.io, text)
        }
    }
}
