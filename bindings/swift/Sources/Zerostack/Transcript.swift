internal import ZerostackGenerated

/// One part of the transcript, and its place.
public struct Entry: Sendable, Hashable {
    /// Its author.
    public let role: Role
    /// The content.
    public let part: Part
    /// Whether it begins a message; else it continues the previous one.
    public let startsMessage: Bool
    /// Whether it is kept in part only.
    public let isCut: Bool
}

/// Who speaks.
public enum Role: String, Sendable, Hashable {
    /// The person, or the program that stands for one.
    case user
    /// The model.
    case assistant
    /// A tool that answers a call.
    case tool
}

/// One piece of a message.
public enum Part: Sendable, Hashable {
    /// Plain text.
    case text(String)
    /// An instruction in addition to the user's text.
    case instruction(String)
    /// The model's reasoning, if the provider returns it.
    case thinking(String)
    /// A file attached to the preceding user's text or tool's result.
    case attachment(Attachment)
    /// The model wants a tool to run.
    case toolCall(ToolCall)
    /// The answer to a call.
    case toolResult(CallID, content: String, isError: Bool)
    /// Text that only its provider understands; it is sent back unchanged. Without a provider it
    /// is of one that this version does not name.
    case opaque(Dialect?, subtype: UInt8, text: String)
    /// Something that this version does not name.
    case unknown
}

// From the core.

extension Entry {
    init(_ core: ZerostackGenerated.Entry) {
        role = Role(core.role)
        part = Part(core.part)
        startsMessage = core.startsMessage
        isCut = core.isCut
    }
}

extension Role {
    fileprivate init(_ core: ZerostackGenerated.Role) {
        switch core {
        case .user: self = .user
        case .assistant: self = .assistant
        case .tool: self = .tool
        }
    }
}

extension Part {
    fileprivate init(_ core: ZerostackGenerated.Part) {
        switch core {
        case .text(let text): self = .text(text)
        case .instruction(let text): self = .instruction(text)
        case .thinking(let text): self = .thinking(text)
        case .attachment(let it): self = .attachment(Attachment(it))
        case .toolCall(let call): self = .toolCall(ToolCall(call))
        case .toolResult(let id, let content, let isError):
            self = .toolResult(CallID(number: id), content: content, isError: isError)
        case .opaque(let dialect, let subtype, let text):
            self = .opaque(dialect.map { Dialect($0) }, subtype: subtype, text: text)
        case .unknown: self = .unknown
        }
    }
}
