import CoAPMessages

/// What libFuzzer calls: nothing may trap, and what is read from either framing is written back byte for byte.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    if let datagram = try? Datagram.decode(bytes) {
        precondition(datagram.encoded() == bytes, "a datagram is not written as it was read")
        precondition(datagram.encodedLength == bytes.count, "a datagram's length is miscounted")
        use(datagram.message)
    }
    fuzzStream(bytes)
    fuzzEditing(bytes)
    return 0
}

/// Reads frames one after the other, as they come over a stream.
private func fuzzStream(_ bytes: [UInt8]) {
    var position = 0
    while position < bytes.count {
        let rest = Array(bytes[position...])
        guard let header = try? StreamFrame.header(rest.span), header.frameLength <= rest.count else { return }
        precondition(header.frameLength >= header.headerLength + header.tokenLength, "a frame shorter than its parts")
        let frame = Array(rest[..<header.frameLength])
        if let message = try? Message.decode(frame: frame) {
            precondition(message.encodedFrame() == frame, "a frame is not written as it was read")
            precondition(message.frameLength == frame.count, "a frame's length is miscounted")
            use(message)
        }
        position += header.frameLength
    }
}

/// Everything that looks at a message.
private func use(_ message: Message) {
    _ = message.description
    _ = message.options.description
    _ = (message.path, message.pathString, message.query, message.queryValue("if"), message.location)
    _ = (message.observe, message.contentFormat, message.accept, message.maxAge, message.etag)
    _ = (message.block1, message.block2, message.size1, message.size2)
    _ = message.options.firstFault { $0.definition != nil }
    var capabilities = Capabilities()
    _ = try? capabilities.apply(message.options)
    _ = ReleaseNotice(message)

    // Options taken out and put back, in any order, are the same list.
    var rebuilt = Options()
    for element in message.options.reversed() where !rebuilt.contains(element.number) {
        for value in message.options.values(element.number) { rebuilt.add(element.number, value) }
    }
    precondition(rebuilt == message.options, "options depend on the order they are added in")
    precondition(rebuilt.count == message.options.count, "options are miscounted")
}

/// Adds and removes options as the bytes say, beside a plain list that does the same.
private func fuzzEditing(_ bytes: [UInt8]) {
    var options = Options()
    var model: [(number: UInt16, value: [UInt8])] = []
    for chunk in stride(from: 0, to: bytes.count - 3, by: 4).prefix(64) {
        let number = UInt16(bytes[chunk]) << (bytes[chunk + 1] & 0x8) | UInt16(bytes[chunk + 2])
        if bytes[chunk + 1].isMultiple(of: 3) {
            options.remove(OptionNumber(rawValue: number))
            model.removeAll { $0.number == number }
        } else {
            let value = [UInt8](repeating: bytes[chunk + 2], count: Int(bytes[chunk + 3]) * 3)
            options.add(OptionNumber(rawValue: number), value)
            model.insert((number, value), at: model.firstIndex { $0.number > number } ?? model.endIndex)
        }
    }
    precondition(options.count == model.count, "options are miscounted")
    for (element, expected) in zip(options, model) {
        precondition(element.number.rawValue == expected.number && Array(element.value) == expected.value)
    }
}
