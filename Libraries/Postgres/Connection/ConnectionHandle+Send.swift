internal import CLibPQ

/// What is sent. Each function appends to libpq's buffer and gives false if it could not.
extension ConnectionHandle {
    /// The C arrays in which libpq wants parameters, kept between calls.
    struct ParameterPointers {
        private var values: [UnsafePointer<CChar>?] = []
        private var formats: [Int32] = []

        /// Lends the parameters of one step. Pointers into the arena's bytes live during the closure only.
        mutating func with<Output>(
            _ arena: ParameterArena, _ range: Range<Int>, offset: Int,
            _ body: (
                _ count: Int32, _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
                _ formats: UnsafePointer<Int32>?
            ) -> Output
        ) -> Output {
            while formats.count < range.count { formats.append(1) }
            return arena.bytes.withUnsafeBytes { bytes in
                arena.lengths.withUnsafeBufferPointer { lengths in
                    values.removeAll(keepingCapacity: true)
                    var offset = offset
                    for index in range {
                        values.append(Self.pointer(to: offset, length: lengths[index], in: bytes))
                        offset += Int(max(lengths[index], 0))
                    }
                    let first = lengths.baseAddress.map { $0 + range.lowerBound }
                    return values.withUnsafeBufferPointer { values in
                        formats.withUnsafeBufferPointer { formats in
                            body(Int32(range.count), values.baseAddress, first, formats.baseAddress)
                        }
                    }
                }
            }
        }

        /// nil stands for NULL, so that a value without bytes needs some other address.
        private static func pointer(
            to offset: Int, length: Int32, in bytes: UnsafeRawBufferPointer
        ) -> UnsafePointer<CChar>? {
            guard length >= 0 else { return nil }
            guard length > 0, let base = bytes.baseAddress else { return emptyValue }
            return (base + offset).assumingMemoryBound(to: CChar.self)
        }

        /// Never read: the length says that there are no bytes.
        private static var emptyValue: UnsafePointer<CChar>? { UnsafePointer(bitPattern: MemoryLayout<Int>.alignment) }
    }

    func sendPrepare(name: String, sql: String, types: ArraySlice<UInt32>) -> Bool {
        types.withUnsafeBufferPointer {
            PQsendPrepare(connection, name, sql, Int32($0.count), $0.baseAddress) == 1
        }
    }

    func sendPrepared(
        name: String, _ arena: ParameterArena, _ range: Range<Int>, offset: Int, _ pointers: inout ParameterPointers
    ) -> Bool {
        pointers.with(arena, range, offset: offset) { count, values, lengths, formats in
            PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1) == 1
        }
    }

    func sendUnprepared(
        sql: String, _ arena: ParameterArena, _ range: Range<Int>, offset: Int, _ pointers: inout ParameterPointers
    ) -> Bool {
        arena.types[range].withUnsafeBufferPointer { types in
            pointers.with(arena, range, offset: offset) { count, values, lengths, formats in
                PQsendQueryParams(connection, sql, count, types.baseAddress, values, lengths, formats, 1) == 1
            }
        }
    }

    func sendUnprepared(sql: String) -> Bool {
        PQsendQueryParams(connection, sql, 0, nil, nil, nil, nil, 1) == 1
    }

    func sendSync() -> Bool { weir_pq_send_pipeline_sync(connection) == 1 }

    /// Simple protocol: several statements, results as text. Not in pipeline mode.
    func sendSimple(_ sql: String) -> Bool { PQsendQuery(connection, sql) == 1 }

    func putCopyData(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes {
            PQputCopyData(connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count)) == 1
        }
    }

    /// Ends COPY; with a reason the server gives all of it up.
    func putCopyEnd(abortingBecause reason: String?) -> Bool { PQputCopyEnd(connection, reason) == 1 }
}
