import Foundation
internal import ZerostackGenerated

/// A file to send with a text, or to return from a ``Tool``: an image, a sound, a document.
///
/// Its bytes are read when a request is written, a piece at a time; the conversation holds none.
///
/// ```swift
/// try await agent.run("What is this?", attachments: [File(path: "cat.png")])
/// ```
public struct File: Sendable {
    /// Its media type, such as `image/png`.
    public let mediaType: String
    /// Its name, as the model reads it; may be empty.
    public let name: String
    /// Its length in bytes; 0 if the provider has it.
    public let size: Int
    /// Its size in tokens; 0 if that is not known.
    public let tokens: Int
    let source: Source

    enum Source: Sendable {
        case reader(@Sendable (_ offset: Int, _ count: Int) throws -> Data)
        case url(String)
        case uploaded(String)
    }

    /// The file at `path`. Its content must not change while it is part of the conversation.
    ///
    /// Its first bytes tell the media type, else its name.
    ///
    /// - Throws: ``ZerostackError/badFile(_:)`` if it cannot be read, is not a regular file, is
    ///   empty, or its media type is unknown.
    public init(path: String, mediaType: String? = nil, name: String? = nil, tokens: Int = 0)
        throws
    {
        let place = URL(fileURLWithPath: path)
        let called = name ?? place.lastPathComponent
        let found: [FileAttributeKey: Any]
        do {
            found = try FileManager.default.attributesOfItem(
                atPath: place.resolvingSymlinksInPath().path)
        } catch {
            throw ZerostackError.badFile("the file \(path) cannot be read: \(sentence(error))")
        }
        guard found[.type] as? FileAttributeType == .typeRegular else {
            throw ZerostackError.badFile(
                "the file \(path) cannot be read: it is not a regular file")
        }
        let size = (found[.size] as? NSNumber)?.intValue ?? 0
        try self.init(size: size, mediaType: mediaType, name: called, tokens: tokens) {
            offset, count in
            let handle = try FileHandle(forReadingFrom: place)
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(offset))
            return try handle.read(upToCount: count) ?? Data()
        }
    }

    /// These bytes, which stay in memory.
    ///
    /// - Throws: ``ZerostackError/badFile(_:)`` if there are none, or their media type is unknown.
    public init(_ bytes: Data, mediaType: String? = nil, name: String = "", tokens: Int = 0) throws
    {
        try self.init(size: bytes.count, mediaType: mediaType, name: name, tokens: tokens) {
            offset, count in
            Data(bytes.dropFirst(offset).prefix(count))
        }
    }

    /// A file of `size` bytes that `read` gives: as many as it is asked for from `offset` on, fewer only
    /// at the end. It is asked as often as requests need them.
    ///
    /// - Throws: ``ZerostackError/badFile(_:)`` when it is empty or longer than 1 GiB, or nothing tells
    ///   its media type; what `read` throws.
    public init(
        size: Int, mediaType: String? = nil, name: String = "", tokens: Int = 0,
        read: @escaping @Sendable (_ offset: Int, _ count: Int) throws -> Data
    ) throws {
        let called = name.isEmpty ? "the file" : "the file \(name)"
        guard size > 0 else {
            throw ZerostackError.badFile("\(called) is empty: nothing can be sent")
        }
        guard size <= Self.maxSize else {
            throw ZerostackError.badFile("\(called) is longer than 1 GiB")
        }
        let known = try mediaType ?? mediaTypeOf(first: read(0, min(size, 16)), name: name)
        guard let known else {
            throw ZerostackError.badFile(
                "neither the first bytes nor the name of \(called) tell what it is: give its "
                    + "mediaType, or send its text")
        }
        (self.mediaType, self.name, self.size, self.tokens) = (known, name, size, tokens)
        source = .reader(read)
    }

    /// A file that the provider fetches: `https://`, `http://` or `gs://`.
    public init(url: String, mediaType: String? = nil, name: String = "", tokens: Int = 0) {
        let path = url.prefix { $0 != "?" && $0 != "#" }
        self.mediaType = mediaType ?? mediaTypeOf(first: Data(), name: String(path)) ?? "image/*"
        (self.name, self.tokens, size, source) = (name, tokens, 0, .url(url))
    }

    /// A file that was uploaded to the provider, which calls it by this id.
    public init(uploaded id: String, mediaType: String, name: String = "", tokens: Int = 0) {
        (self.mediaType, self.name, self.tokens) = (mediaType, name, tokens)
        (size, source) = (0, .uploaded(id))
    }

    /// As the core has it.
    private static let maxSize = 1 << 30
}

// To the core.

extension File {
    func core(_ number: UInt32) throws -> ZerostackGenerated.Attachment {
        let place: ZerostackGenerated.AttachmentSource =
            switch source {
            case .reader: .number(number: number)
            case .url(let url): .url(url: url)
            case .uploaded(let id): .fileId(id: id)
            }
        return ZerostackGenerated.Attachment(
            mediaType: mediaType, name: name, bytes: UInt32(size),
            tokens: try exactly(tokens, "tokens of the file \(name)"), source: place)
    }
}
