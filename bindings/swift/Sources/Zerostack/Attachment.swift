import Foundation
internal import ZerostackGenerated

/// A file in a conversation: its description and the source of its bytes, never the bytes.
public struct Attachment: Sendable, Hashable {
    /// Its media type.
    public let mediaType: String
    /// Its name; may be empty.
    public let name: String
    /// Its length in bytes; 0 if the provider has it.
    public let size: Int
    /// Its size in tokens; 0: by the rule of the dialect.
    public let tokens: Int
    /// Where its bytes are.
    public let source: Source

    /// Where the bytes of an ``Attachment`` are.
    public enum Source: Sendable, Hashable {
        /// The program has them; see ``Session/attach(_:number:)``.
        case number(UInt32)
        /// The provider fetches them from this address.
        case url(String)
        /// They were uploaded to the provider, which calls them by this id.
        case uploaded(String)
    }
}

/// The files of a conversation, by the numbers that its transcript has for them.
final class Files: @unchecked Sendable {
    private let lock = NSLock()
    /// Only touched under the lock.
    private var byNumber: [UInt32: File] = [:]

    init() {}

    /// The same files for a conversation that continues independently.
    init(_ other: Files) {
        byNumber = other.lock.withLock { other.byNumber }
    }

    func file(_ number: UInt32) -> File? {
        lock.withLock { byNumber[number] }
    }

    func set(_ file: File, _ number: UInt32) {
        lock.withLock { byNumber[number] = file }
    }

    /// Passes descriptions of these files, with unused numbers, to `act`, and keeps them.
    func add<Value>(
        _ files: [File], above first: UInt32,
        _ act: ([ZerostackGenerated.Attachment]) throws -> Value
    ) throws -> Value {
        try lock.withLock {
            let start = max(first, byNumber.keys.max().map { $0 + 1 } ?? 0)
            let numbered = zip(start..., files)
            let value = try act(numbered.map { try $1.core($0) })
            for (number, file) in numbered where file.size > 0 { byNumber[number] = file }
            return value
        }
    }

    /// The bytes that a request needs.
    func read(_ wanted: WantedBytes, upTo most: Int) throws -> Data {
        guard let file = file(wanted.number), case .reader(let read) = file.source else {
            throw ZerostackError.refused(
                Fault(
                    kind: .missingAttachment, code: 38, detail: wanted.number,
                    message: "the conversation goes on without the file of attachment "
                        + "\(wanted.number): give it by attach(_:number:), or call "
                        + "leaveOutAttachments()"))
        }
        let count = min(Int(wanted.bytes), most)
        var bytes = Data()
        do {
            if wanted.offset == 0, try !read(file.size, 1).isEmpty { throw changed(file, wanted) }
            while bytes.count < count {
                let more = try read(Int(wanted.offset) + bytes.count, count - bytes.count)
                guard !more.isEmpty, more.count <= count - bytes.count else {
                    throw changed(file, wanted)
                }
                bytes += more
            }
        } catch let error as ZerostackError {
            throw error
        } catch {
            throw ZerostackError.badFile("the file \(file.name) cannot be read: \(sentence(error))")
        }
        return bytes
    }

    private func changed(_ file: File, _ wanted: WantedBytes) -> ZerostackError {
        .refused(
            Fault(
                kind: .attachmentLength, code: 39, detail: wanted.number,
                message:
                    "the file \(file.name) changed its length since it was attached: attach it "
                    + "again"))
    }
}

extension Session {
    /// Adds the user's text, which may be empty, with files, and starts a turn.
    ///
    /// - Throws: ``ErrorKind/unsupportedAttachment`` for a file that the dialect has no place for,
    ///   ``ErrorKind/badAttachment``; and as ``user(_:)``. Nothing was added.
    public func user(_ text: String, attachments: [File]) throws {
        if attachments.isEmpty { return try user(text) }
        try files.add(attachments, above: firstFreeNumber) { attachments in
            try translated { try core.userWith(text: text, attachments: attachments) }
        }
    }

    /// Answers one call with files attached to the content.
    ///
    /// - Returns: The bytes that were left out of the middle because of ``Limits/maxResultBytes``.
    /// - Throws: As ``user(_:attachments:)`` and ``toolResult(_:_:isError:)``.
    @discardableResult
    public func toolResult(
        _ id: CallID, _ content: String, isError: Bool = false, attachments: [File]
    ) throws -> Int {
        if attachments.isEmpty { return try toolResult(id, content, isError: isError) }
        return try files.add(attachments, above: firstFreeNumber) { attachments in
            Int(
                try translated {
                    try core.toolResultWith(
                        id: id.number, content: content, isError: isError,
                        attachments: attachments)
                })
        }
    }

    /// Whether the dialect and the model accept such a file.
    public func takes(_ file: File) throws -> Bool {
        core.takesAttachment(attachment: try file.core(0))
    }

    /// Gives the file of a conversation that was saved: `number` is the one that its transcript has for
    /// it, see ``Attachment/Source``.
    public func attach(_ file: File, number: UInt32) {
        files.set(file, number)
    }

    /// Continues without the bytes of the program's files: requests describe them in text instead.
    ///
    /// - Returns: How many there are.
    /// - Throws: ``ErrorKind/wrongStep``.
    @discardableResult
    public func leaveOutAttachments() throws -> Int {
        Int(try translated { try core.leaveOutAttachments() })
    }

    /// The number after all that the transcript has for files.
    private var firstFreeNumber: UInt32 {
        let numbers = core.transcript().compactMap { entry -> UInt32? in
            guard case .attachment(let it) = entry.part, case .number(let number) = it.source
            else { return nil }
            return number
        }
        return numbers.max().map { $0 + 1 } ?? 0
    }

    /// The whole body that a request has, with the bytes of files pulled a piece at a time.
    func whole(_ body: RequestBody) throws -> Data {
        var bytes = Data(capacity: Int(body.length()))
        while true {
            let more = try translated { try body.read(most: 64 * 1024) }
            bytes += more
            guard more.isEmpty else { continue }
            guard let wanted = try translated({ try body.wanted() }) else { return bytes }
            let piece = try files.read(wanted, upTo: 48 * 1024)
            bytes += try translated { try body.supply(bytes: piece) }
        }
    }
}

// From the core.

extension Attachment {
    init(_ core: ZerostackGenerated.Attachment) {
        (mediaType, name) = (core.mediaType, core.name)
        (size, tokens) = (Int(core.bytes), Int(core.tokens))
        source =
            switch core.source {
            case .number(let number): .number(number)
            case .url(let url): .url(url)
            case .fileId(let id): .uploaded(id)
            }
    }
}
