internal import ZerostackGenerated

/// Something of a reply that a person may want to see.
public enum Event: Sendable, Hashable {
    /// More of the answer. Whole characters only.
    case text(String)
    /// More of a refusal, if the provider distinguishes it from an answer.
    case refusal(String)
    /// More of the model's reasoning.
    case thinking(String)
    /// More of the arguments of a call, where ``Configuration/callDeltas`` asks for it: the name and the
    /// provider's id if known, and the new piece as ``ToolCall/arguments``. The call that
    /// is run is that of ``toolCall(_:)``.
    case toolCallDelta(ToolCall)
    /// A call is complete.
    case toolCall(ToolCall)
    /// Counts of this reply so far.
    case usage(Usage)
    /// Something is not in the transcript, or not any more. Of a reply, all of it was shown.
    case truncated(Dropped, bytes: Int)
    /// Room is made: the next request is one of the session's own, for a summary of the oldest
    /// messages. It ends with ``truncated(_:bytes:)`` or ``summaryFailed(_:)``.
    case compacting
    /// The model wrote no summary, for this reason: the oldest messages are removed without one.
    case summaryFailed(Fault)
    /// The model makes the same call for the third time in a row, or more often.
    case repeating(name: String, count: Int)
    /// The text of the reply was read as calls, or as JSON that contains the text: the transcript's
    /// text replaces the text shown before.
    case recovered(calls: Int)
    /// The reply is complete. The last event of a reply.
    case end(StopReason)
    /// The reply was cut off and is requested again: discard everything shown since the request.
    case restart
    /// Something that this version does not name.
    case unknown
}

/// A call that the model made.
public struct ToolCall: Sendable, Hashable, Identifiable {
    /// What ``Session/toolResult(_:_:isError:)`` answers to.
    public let id: CallID
    /// The provider's own id of the call; empty if it has none.
    public let providerID: String
    /// The tool's name, as the model wrote it.
    public let name: String
    /// JSON text as the model wrote it; may be empty or malformed.
    public let arguments: String
}

/// Names one call of a session.
public struct CallID: Sendable, Hashable {
    /// The number in the core.
    public let number: UInt32

    /// The id with this number; an unknown one is refused where it is used.
    public init(number: UInt32) {
        self.number = number
    }
}

/// Tokens, as the provider counted them.
///
/// ``inputTokens`` counts cached ones, too, with every provider.
public struct Usage: Sendable, Hashable {
    /// Tokens of the request.
    public let inputTokens: Int
    /// Tokens of the reply, reasoning included.
    public let outputTokens: Int
    /// Tokens of the request that came from the provider's cache.
    public let cacheReadTokens: Int
    /// Tokens of the request that were put into the provider's cache.
    public let cacheWriteTokens: Int
    /// Tokens of the reply that were reasoning, if the provider reports it.
    public let reasoningTokens: Int
}

/// Why the model stopped.
public enum StopReason: String, Sendable, Hashable {
    /// It finished its answer.
    case endTurn = "end_turn"
    /// It waits for the results of its calls.
    case toolUse = "tool_use"
    /// The token limit of the reply was reached.
    case maxTokens = "max_tokens"
    /// It wrote one of the stop sequences.
    case stopSequence = "stop_sequence"
    /// It refused.
    case refusal
    /// The provider's filter stopped it.
    case contentFilter = "content_filter"
    /// A long turn was paused; sending the conversation again continues it.
    case pause
    /// Another word; ``Session/rawStopReason`` has it.
    case other
}

/// What was dropped.
public enum Dropped: String, Sendable, Hashable {
    /// Parts of a reply: text or reasoning that did not fit the storage; images, sound and other
    /// media, which are never kept.
    case reply
    /// A tool result above ``Limits/maxResultBytes``.
    case toolResult = "tool_result"
    /// Old tool results, each replaced by a line that describes it.
    case oldResults = "old_results"
    /// The oldest exchanges, without a replacement.
    case oldExchanges = "old_exchanges"
    /// The oldest exchanges, replaced by a summary.
    case summarised
    /// Something that this version does not name.
    case other
}

extension Event {
    /// The event as one JSON object on one line: the same bytes as in every other language and in
    /// `zerostack --events json`.
    public var json: String { eventJson(event: core) }
}

extension Usage {
    /// What these tokens cost by `prices`, in millionths of their currency, rounded up.
    ///
    /// - Throws: ``ErrorKind/badConfig`` for a price that is out of range.
    public func costMicros(_ prices: Prices) throws -> Int {
        Int(clamping: ZerostackGenerated.costMicros(prices: try prices.core(), usage: core))
    }
}

// To the core and from it.

extension Event {
    fileprivate var core: ZerostackGenerated.Event {
        switch self {
        case .text(let text): .textDelta(text: text)
        case .refusal(let text): .refusalDelta(text: text)
        case .thinking(let text): .thinkingDelta(text: text)
        case .toolCallDelta(let call): .toolCallDelta(call: call.core)
        case .toolCall(let call): .toolCall(call: call.core)
        case .usage(let usage): .usage(usage: usage.core)
        case .truncated(let what, let bytes):
            .truncated(what: what.core, bytes: UInt32(clamping: bytes))
        case .compacting: .compacting
        case .summaryFailed(let fault): .summaryFailed(fault: fault.core)
        case .repeating(let name, let count):
            .repeating(name: name, count: UInt16(clamping: count))
        case .recovered(let calls): .recovered(calls: UInt16(clamping: calls))
        case .end(let reason): .end(reason: reason.core)
        case .restart: .restart
        case .unknown: .unknown
        }
    }
}

extension Fault {
    /// For its sentence alone.
    fileprivate var core: ZerostackGenerated.Fault {
        ZerostackGenerated.Fault(kind: .unknown, code: code, detail: detail, message: message)
    }
}

extension ToolCall {
    fileprivate var core: ZerostackGenerated.ToolCall {
        ZerostackGenerated.ToolCall(
            id: id.number, providerId: providerID, name: name, arguments: arguments)
    }
}

extension Usage {
    fileprivate var core: ZerostackGenerated.Usage {
        ZerostackGenerated.Usage(
            inputTokens: UInt32(clamping: inputTokens),
            outputTokens: UInt32(clamping: outputTokens),
            cacheReadTokens: UInt32(clamping: cacheReadTokens),
            cacheWriteTokens: UInt32(clamping: cacheWriteTokens),
            reasoningTokens: UInt32(clamping: reasoningTokens))
    }
}

extension StopReason {
    fileprivate var core: ZerostackGenerated.StopReason {
        switch self {
        case .endTurn: .endTurn
        case .toolUse: .toolUse
        case .maxTokens: .maxTokens
        case .stopSequence: .stopSequence
        case .refusal: .refusal
        case .contentFilter: .contentFilter
        case .pause: .pause
        case .other: .other
        }
    }
}

extension Dropped {
    fileprivate var core: ZerostackGenerated.Dropped {
        switch self {
        case .reply: .reply
        case .toolResult: .toolResult
        case .oldResults: .oldResults
        case .oldExchanges: .oldExchanges
        case .summarised: .summarised
        case .other: .other
        }
    }
}

extension Event {
    init(_ core: ZerostackGenerated.Event) {
        switch core {
        case .textDelta(let text): self = .text(text)
        case .refusalDelta(let text): self = .refusal(text)
        case .thinkingDelta(let text): self = .thinking(text)
        case .toolCallDelta(let call): self = .toolCallDelta(ToolCall(call))
        case .toolCall(let call): self = .toolCall(ToolCall(call))
        case .usage(let usage): self = .usage(Usage(usage))
        case .truncated(let what, let bytes): self = .truncated(Dropped(what), bytes: Int(bytes))
        case .compacting: self = .compacting
        case .summaryFailed(let fault): self = .summaryFailed(Fault(fault))
        case .repeating(let name, let count): self = .repeating(name: name, count: Int(count))
        case .recovered(let calls): self = .recovered(calls: Int(calls))
        case .end(let reason): self = .end(StopReason(reason))
        case .restart: self = .restart
        case .unknown: self = .unknown
        }
    }
}

extension ToolCall {
    init(_ core: ZerostackGenerated.ToolCall) {
        id = CallID(number: core.id)
        providerID = core.providerId
        name = core.name
        arguments = core.arguments
    }
}

extension Usage {
    init(_ core: ZerostackGenerated.Usage) {
        inputTokens = Int(core.inputTokens)
        outputTokens = Int(core.outputTokens)
        cacheReadTokens = Int(core.cacheReadTokens)
        cacheWriteTokens = Int(core.cacheWriteTokens)
        reasoningTokens = Int(core.reasoningTokens)
    }
}

extension StopReason {
    fileprivate init(_ core: ZerostackGenerated.StopReason) {
        switch core {
        case .endTurn: self = .endTurn
        case .toolUse: self = .toolUse
        case .maxTokens: self = .maxTokens
        case .stopSequence: self = .stopSequence
        case .refusal: self = .refusal
        case .contentFilter: self = .contentFilter
        case .pause: self = .pause
        case .other: self = .other
        }
    }
}

extension Dropped {
    fileprivate init(_ core: ZerostackGenerated.Dropped) {
        switch core {
        case .reply: self = .reply
        case .toolResult: self = .toolResult
        case .oldResults: self = .oldResults
        case .oldExchanges: self = .oldExchanges
        case .summarised: self = .summarised
        case .other: self = .other
        }
    }
}
