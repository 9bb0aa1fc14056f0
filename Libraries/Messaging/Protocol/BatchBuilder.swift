/// Packs records into a frame. The memory stays for the next batch, so that packing allocates nothing.
package struct BatchBuilder: ~Copyable {
    private var storage: UnsafeMutableRawBufferPointer
    private var count = BatchFormat.headerBytes
    /// Memory above this is given back after a batch that needed it.
    private static let bytesKept = 4 * BusLimits.batchBytesTarget

    package init() {
        storage = .allocate(byteCount: 4_096, alignment: 16)
        writeHeader()
    }

    deinit {
        storage.deallocate()
    }

    package var isEmpty: Bool { count == BatchFormat.headerBytes }
    package var byteCount: Int { count }
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

    package mutating func append(
        _ kind: RecordKind,
        flags: RecordFlags = [],
        code: UInt16 = 0,
        number: UInt32 = 0,
        id: UInt64 = 0,
        topic: UnsafeRawBufferPointer = .empty,
        key: UnsafeRawBufferPointer = .empty,
        body: UnsafeRawBufferPointer = .empty
    ) {
        let needed = BatchFormat.recordHeaderBytes + topic.count + key.count + body.count
        if storage.count - count < needed { grow(toFit: count + needed) }
        storage[count] = kind.rawValue
        storage[count + 1] = flags.rawValue
        store(UInt16(topic.count), at: 2)
        store(UInt16(key.count), at: 4)
        store(code, at: 6)
        store(UInt32(body.count), at: 8)
        store(number, at: 12)
        store(id, at: 16)
        count += BatchFormat.recordHeaderBytes
        append(topic)
        append(key)
        append(body)
    }

    /// Forgets the records.
    package mutating func removeAll() {
        count = BatchFormat.headerBytes
        guard storage.count > Self.bytesKept else { return }
        storage.deallocate()
        storage = .allocate(byteCount: Self.bytesKept, alignment: 16)
        writeHeader()
    }

    private func writeHeader() {
        storage.storeBytes(of: BatchFormat.magic.littleEndian, as: UInt32.self)
        storage.storeBytes(of: UInt32(BatchFormat.version).littleEndian, toByteOffset: 4, as: UInt32.self)
    }

    private func store<Number: FixedWidthInteger & BitwiseCopyable>(_ value: Number, at position: Int) {
        storage.storeBytes(of: value.littleEndian, toByteOffset: count + position, as: Number.self)
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0, let target = storage.baseAddress else { return }
        (target + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    private mutating func grow(toFit needed: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(needed, storage.count * 2), alignment: 16)
        larger.copyMemory(from: bytes)
        storage.deallocate()
        storage = larger
    }
}

extension UnsafeRawBufferPointer {
    package static var empty: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
}
