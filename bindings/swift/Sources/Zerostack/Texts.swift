import Foundation
internal import ZerostackGenerated

/// A named text with placeholders: Markdown with front matter.
///
/// ```swift
/// let prompt = try Prompt(name: "fix", text: "Fix {{what}} on {{branch|main}}.")
/// try prompt.rendered(["what": "#7"])  // "Fix #7 on main."
/// ```
public final class Prompt: Sendable {
    private let core: ZerostackGenerated.Prompt

    /// Reads a prompt. `name` is its name: the stem of its file.
    ///
    /// - Throws: ``ErrorKind/badPrompt``; the message has line, column and what to write.
    public init(name: String, text: String) throws {
        core = try translated { try ZerostackGenerated.Prompt(name: name, text: text) }
    }

    /// A prompt that is part of the library.
    ///
    /// - Throws: ``ErrorKind/unknownPrompt``.
    public init(builtIn name: String) throws {
        core = try translated { try ZerostackGenerated.Prompt.builtIn(name: name) }
    }

    /// The names of the prompts that are part of the library.
    public static var builtInNames: [String] { builtInPrompts() }

    /// Its name.
    public var name: String { core.name() }

    /// The text after the front matter, placeholders not filled.
    public var body: String { core.body() }

    /// What it is for, and when to use it.
    public var description: String? { core.description() }

    /// The kind of its result; `nil` if it is not set.
    public var output: Output? {
        switch core.output() {
        case .text: .text
        case .patch: .patch
        case .findings: .findings
        case .json: .json
        case nil: nil
        }
    }

    /// The JSON Schema of its result, as JSON text.
    public var schema: String? { core.schema() }

    /// The tools it may use, as it writes them; `nil` means all but ``excludedTools``.
    public var tools: [String]? { core.tools() }

    /// The tools that it may not use, as written.
    public var excludedTools: [String] { core.excludedTools() }

    /// The model that it asks for.
    public var model: String? { core.model() }

    /// The names of its placeholders in their order, each once.
    public var placeholders: [String] { core.placeholders() }

    /// The body with its placeholders filled by `values`. Arguments come as one text under `ARGUMENTS`, or
    /// one by one under `1`, `2`, ... The prompts that it includes stand before it, from `library`
    /// or built in.
    ///
    /// - Throws: ``ErrorKind/missingPlaceholder``; the message names the placeholder. ``ErrorKind/unknownPrompt``,
    ///   ``ErrorKind/badPrompt``, ``ErrorKind/includeDepth`` of what it includes.
    public func rendered(
        _ values: [String: String] = [:], library: [Prompt] = []
    ) throws -> String {
        try translated { try core.render(values: values, library: library.map(\.core)) }
    }

    /// Its faults as an Agent Skill in `folder`: one sentence each.
    public func skillProblems(folder: String) -> [String] {
        core.skillProblems(folder: folder)
    }

    /// The kind of a prompt's result.
    public enum Output: String, Sendable, Hashable {
        /// The model's last text.
        case text
        /// The changes to the files.
        case patch
        /// A list of places with their faults.
        case findings
        /// One JSON value that fits the prompt's schema.
        case json
    }
}

/// Counts tokens by byte pair encoding with a packed vocabulary.
public final class Tokenizer: Sendable {
    private let core: ZerostackGenerated.Tokenizer

    /// A vocabulary that is part of the library.
    public enum Vocabulary: String, Sendable, Hashable, CaseIterable {
        /// Of the newer OpenAI models.
        case o200k = "o200k_base"
        /// Of the older ones.
        case cl100k = "cl100k_base"
    }

    /// Reads a vocabulary that is part of the library.
    ///
    /// - Throws: ``ErrorKind/unsupported`` when the library was built without it.
    public init(_ vocabulary: Vocabulary) throws {
        let name: BuiltInVocabulary = vocabulary == .o200k ? .o200k : .cl100k
        core = try translated { try ZerostackGenerated.Tokenizer(vocabulary: name) }
    }

    /// Reads a packed vocabulary from outside, every byte of which is checked.
    ///
    /// - Throws: ``ErrorKind/badVocabulary``.
    public init(packed: Data) throws {
        core = try translated { try ZerostackGenerated.Tokenizer.open(packed: packed) }
    }

    /// The name of the vocabulary.
    public var name: String {
        get throws { try translated { try core.name() } }
    }

    /// Tokens of `text`.
    public func count(_ text: String) throws -> Int {
        Int(try translated { try core.count(text: text) })
    }

    /// Ids of `text`. The special tokens of `specials` stand for themselves; what looks like another
    /// is ordinary text.
    public func encode(_ text: String, specials: [String] = []) throws -> [UInt32] {
        try translated { try core.encode(text: text, specials: specials) }
    }

    /// The bytes of `ids`. They need not be UTF-8: a token may be part of a character.
    ///
    /// - Throws: ``ErrorKind/unknownToken``; `detail` is the place of the id in `ids`.
    public func decode(_ ids: [UInt32]) throws -> Data {
        try translated { try core.decode(ids: ids) }
    }

    /// An estimate for models whose vocabulary is not public: the best guess, and the upper bound
    /// of every byte-level vocabulary.
    public static func estimate(_ text: String) -> (tokens: Int, atMost: Int) {
        let estimate = estimateTokens(text: text)
        return (Int(estimate.tokens), Int(estimate.atMost))
    }
}

/// The content of a response body, without a conversation.
public struct Decoded: Sendable, Hashable {
    /// The events, in order; adjacent texts are joined.
    public let events: [Event]
    /// The provider's own stop reason; empty if it sent none.
    public let rawStopReason: String
    /// Tokens, as the provider counted them.
    public let usage: Usage
    /// Why there is no usable reply.
    public let failure: Failure?

    /// Decodes the whole body of a successful response. Faults in it are thrown as
    /// ``failure``, after the events before it.
    ///
    /// - Throws: ``ErrorKind/unsupported`` when the dialect is not compiled in.
    public init(_ body: Data, from dialect: Dialect) throws {
        let core = try translated { try decode(dialect: dialect.core, body: body) }
        events = core.events.map { Event($0) }
        rawStopReason = core.rawStopReason
        usage = Usage(core.usage)
        failure = core.failure.map { Failure($0) }
    }

    /// The whole answer.
    public var text: String {
        events.reduce(into: "") { text, event in
            if case .text(let more) = event { text += more }
        }
    }
}
