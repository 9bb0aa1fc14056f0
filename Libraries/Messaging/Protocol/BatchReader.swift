/// One record as it stands in a received frame; the bytes are valid only as long as the frame.
package struct Record {
    package let kind: RecordKind
    package let flags: RecordFlags
    package let code: UInt16
    package let number: UInt32
    package let id: UInt64
    package let topic: UnsafeRawBufferPointer
    package let key: UnsafeRawBufferPointer
    package let body: UnsafeRawBufferPointer
}

/// Takes the records out of a received frame, one after the other, and believes none of their lengths.
package struct BatchReader {
    private let bytes: UnsafeRawBufferPointer
    private let bodyBytesMax: Int
    private var offset: Int

    /// - Throws: ``WireFault`` if the frame is no batch or one of another version.
    package init(_ bytes: UnsafeRawBufferPointer, bodyBytesMax: Int) throws(WireFault) {
        guard bytes.count >= BatchFormat.headerBytes,
            UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)) == BatchFormat.magic
        else { throw .notABatch }
        guard bytes[4] == BatchFormat.version else { throw .version(bytes[4]) }
        self.bytes = bytes
        self.bodyBytesMax = bodyBytesMax
        self.offset = BatchFormat.headerBytes
    }

    /// The next record; `nil` at the end of the frame.
    ///
    /// - Throws: ``WireFault``; after `kind` the reader stands behind the record and can go on, after others it cannot.
    package mutating func next() throws(WireFault) -> Record? {
        guard offset < bytes.count else { return nil }
        guard bytes.count - offset >= BatchFormat.recordHeaderBytes else { throw .truncated }
        let topicBytes = Int(load(UInt16.self, at: 2))
        let keyBytes = Int(load(UInt16.self, at: 4))
        let bodyBytes = Int(load(UInt32.self, at: 8))
        guard topicBytes <= BusLimits.topicBytesMax else { throw .topicLength(topicBytes) }
        guard keyBytes <= BusLimits.keyBytesMax else { throw .keyLength(keyBytes) }
        guard bodyBytes <= bodyBytesMax else { throw .bodyLength(bodyBytes) }
        let start = offset + BatchFormat.recordHeaderBytes
        guard bytes.count - start >= topicBytes + keyBytes + bodyBytes else { throw .truncated }
        let kindNumber = bytes[offset]
        let header = offset
        offset = start + topicBytes + keyBytes + bodyBytes
        guard let kind = RecordKind(rawValue: kindNumber) else { throw .kind(kindNumber) }
        return Record(
            kind: kind,
            flags: RecordFlags(rawValue: bytes[header + 1]),
            code: load(UInt16.self, from: header, at: 6),
            number: load(UInt32.self, from: header, at: 12),
            id: load(UInt64.self, from: header, at: 16),
            topic: UnsafeRawBufferPointer(rebasing: bytes[start..<start + topicBytes]),
            key: UnsafeRawBufferPointer(rebasing: bytes[start + topicBytes..<start + topicBytes + keyBytes]),
            body: UnsafeRawBufferPointer(rebasing: bytes[offset - bodyBytes..<offset])
        )
    }

    private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type, at position: Int) -> Number {
        load(type, from: offset, at: position)
    }

    private func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _ type: Number.Type, from header: Int, at position: Int
    ) -> Number {
        Number(littleEndian: bytes.loadUnaligned(fromByteOffset: header + position, as: type))
    }
}
