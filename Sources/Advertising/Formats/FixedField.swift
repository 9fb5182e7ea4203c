/// One field of a format whose fields lie at fixed places: the row of such a format's table.
struct FixedField: Sendable {
    /// How the raw integer lies in the bytes.
    enum Form: Sendable, Hashable {
        /// So many bytes (1...4), unsigned, high byte first.
        case big(Int)
        /// So many bytes (1...4), two's complement, high byte first.
        case signedBig(Int)
        /// So many bytes (1...4), unsigned, low byte first.
        case little(Int)
        /// So many bytes (1...4), two's complement, low byte first.
        case signedLittle(Int)
    }

    let metric: Metric
    let offset: Int
    let form: Form
    let scaling: Scaling
    /// The raw integer that stands for "no value".
    let void: Int64?

    init(_ metric: Metric, at offset: Int, _ form: Form, _ scaling: Scaling = .one, void: Int64? = nil) {
        self.metric = metric
        self.offset = offset
        self.form = form
        self.scaling = scaling
        self.void = void
    }

    /// The raw integer. The caller has checked that the data reach this far.
    @inline(__always)
    func raw(_ data: Span<UInt8>) -> Int64 {
        switch form {
        case .big(let size): Int64(data.big(offset, size))
        case .signedBig(let size): signed(data.big(offset, size), size)
        case .little(let size): Int64(data.little(offset, size))
        case .signedLittle(let size): signed(data.little(offset, size), size)
        }
    }

    /// Appends the value, or that there is none.
    @inline(__always)
    func read(_ data: Span<UInt8>, into list: inout MeasurementList) {
        let raw = raw(data)
        if raw == void {
            list.append(Measurement(metric, .missing))
        } else {
            list.append(metric, scaling.mantissa(raw), decimals: scaling.decimals)
        }
    }
}
