/// Something that happened in a turn.
public enum AgentEvent: Sendable, Hashable {
    /// An event of the model's reply.
    case reply(Event)
    /// A running tool shows how far it is, see ``ToolContext/progress(_:)``.
    case toolProgress(ToolCall, String)
    /// A tool returned a result; this many bytes of its output are not sent to the model.
    case toolResult(ToolCall, content: String, isError: Bool, leftOutBytes: Int)
    /// The request is sent again after a wait.
    case retry(after: Duration, reason: String)
    /// The oldest exchange was removed, to make room.
    case dropped(bytes: Int)
    /// These calls wait for approval, and all others of the reply were answered. The last event of a
    /// turn that stays open, see ``Reply/deferred``.
    case deferred([ToolCall])
}

/// The model's reply at the end of a turn.
public struct Reply: Sendable, Hashable {
    /// The text after the last tool call.
    public let text: String
    /// Why it stopped.
    public let stop: StopReason
    /// Tokens of the turn, all its requests together.
    public let usage: Usage
    /// Calls that wait for approval; empty when the turn is over.
    ///
    /// ``Agent/resume(_:in:onEvent:)`` continues the turn, here or in another process after
    /// ``Session/snapshot`` and ``Session/init(resuming:_:capacity:)``, in any language: the ids of the
    /// calls stay the same.
    public let deferred: [ToolCall]
}
