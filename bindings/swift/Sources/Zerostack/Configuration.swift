internal import ZerostackGenerated

/// A service, by the dialect it speaks. The raw values are the names that commands and files use.
public enum Provider: String, Sendable, Hashable, CaseIterable, Codable {
    /// OpenAI chat completions, and the many servers compatible with it.
    case openAIChat = "openai-chat"
    /// Anthropic messages.
    case anthropic
    /// OpenAI responses, and the servers compatible with it.
    case openAIResponses = "openai-responses"
    /// Google Gemini, `streamGenerateContent`.
    case gemini
    /// Ollama's own chat.
    case ollama
}

/// What stays the same during a session.
public struct Configuration: Sendable, Hashable {
    /// The dialect to speak.
    public var provider: Provider
    /// The model, as the provider names it.
    public var model: String
    /// What the model is told first; may be empty.
    public var system: String
    /// The tools that it may call.
    public var tools: [ToolSpec]
    /// The numbers.
    public var limits: Limits

    /// A configuration.
    public init(
        _ provider: Provider, model: String, system: String = "", tools: [ToolSpec] = [],
        limits: Limits = Limits()
    ) {
        self.provider = provider
        self.model = model
        self.system = system
        self.tools = tools
        self.limits = limits
    }
}

/// A tool that the model may call, as the model is told of it.
public struct ToolSpec: Sendable, Hashable {
    /// `[a-zA-Z0-9_-]`, 64 bytes at most.
    public var name: String
    /// What it does, for the model.
    public var description: String
    /// JSON Schema of the arguments: one JSON object, as text.
    public var parameters: String

    /// A specification. ``Schema`` writes `parameters` from a type.
    public init(name: String, description: String, parameters: String) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }
}

/// The numbers of a session. Each is a bound that is said when it is hit.
public struct Limits: Sendable, Hashable {
    /// Tokens of one reply; 0 leaves it to the provider, or a large number where it wants one.
    public var maxOutputTokens: Int
    /// Tokens of the request and the reply together; 0 leaves it to the provider.
    public var contextTokens: Int
    /// Bytes of one tool result; a longer one is cut in the middle and says so.
    public var maxResultBytes: Int
    /// Bytes of one response body, whatever is kept of it; more are refused by ``ErrorKind/limit``.
    public var maxResponseBytes: Int
    /// Bytes of the storage that must be free before a request is sent.
    public var replyBytes: Int
    /// Requests of one turn.
    public var maxRounds: Int
    /// Times that one request is sent, the first included.
    public var maxAttempts: Int
    /// The wait before the first retry; it doubles with each further one.
    public var retryBase: Duration
    /// The longest wait, whatever the provider asks for.
    public var retryMax: Duration
    /// Where the jitter of the waits begins.
    public var seed: UInt32
    /// What becomes of a turn that fails.
    public var failedTurn: FailedTurn

    /// Numbers that suit a program with an operating system.
    public init() {
        let core = defaultLimits()
        maxOutputTokens = Int(core.maxOutputTokens)
        contextTokens = Int(core.contextTokens)
        maxResultBytes = Int(core.maxResultBytes)
        maxResponseBytes = Int(core.maxResponseBytes)
        replyBytes = Int(core.replyBytes)
        maxRounds = Int(core.maxRounds)
        maxAttempts = Int(core.maxAttempts)
        retryBase = .milliseconds(Int64(core.retryBaseMs))
        retryMax = .milliseconds(Int64(core.retryMaxMs))
        seed = core.seed
        failedTurn = FailedTurn(core.failedTurn)
    }
}

/// What becomes of a turn that fails.
public enum FailedTurn: Sendable, Hashable {
    /// All of it is taken out, the user's text too: as if it had never begun.
    case takeOut
    /// The rounds that were complete stay.
    case keep
}

// To the core and from it.

extension Configuration {
    func core() throws -> ZerostackGenerated.Config {
        ZerostackGenerated.Config(
            provider: provider.core, model: model, system: system,
            tools: tools.map {
                ZerostackGenerated.ToolSpec(
                    name: $0.name, description: $0.description, parameters: $0.parameters)
            },
            limits: try limits.core())
    }
}

extension Limits {
    fileprivate func core() throws -> ZerostackGenerated.Limits {
        ZerostackGenerated.Limits(
            maxOutputTokens: try exactly(maxOutputTokens, "limits.maxOutputTokens"),
            contextTokens: try exactly(contextTokens, "limits.contextTokens"),
            maxResultBytes: try exactly(maxResultBytes, "limits.maxResultBytes"),
            maxResponseBytes: try exactly(maxResponseBytes, "limits.maxResponseBytes"),
            replyBytes: try exactly(replyBytes, "limits.replyBytes"),
            maxRounds: try exactly(maxRounds, "limits.maxRounds"),
            maxAttempts: try exactly(maxAttempts, "limits.maxAttempts"),
            retryBaseMs: try exactly(retryBase.milliseconds, "limits.retryBase in milliseconds"),
            retryMaxMs: try exactly(retryMax.milliseconds, "limits.retryMax in milliseconds"),
            seed: seed,
            failedTurn: failedTurn == .keep ? .keep : .takeOut)
    }
}

extension FailedTurn {
    fileprivate init(_ core: ZerostackGenerated.FailedTurn) {
        switch core {
        case .takeOut: self = .takeOut
        case .keep: self = .keep
        }
    }
}

extension Provider {
    var core: ZerostackGenerated.Provider {
        switch self {
        case .openAIChat: .openAiChat
        case .anthropic: .anthropic
        case .openAIResponses: .openAiResponses
        case .gemini: .gemini
        case .ollama: .ollama
        }
    }

    init(_ core: ZerostackGenerated.Provider) {
        switch core {
        case .openAiChat: self = .openAIChat
        case .anthropic: self = .anthropic
        case .openAiResponses: self = .openAIResponses
        case .gemini: self = .gemini
        case .ollama: self = .ollama
        }
    }
}

extension Duration {
    /// Whole milliseconds, the rest cut off.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000_000_000
    }
}

/// The number as the core takes it.
///
/// - Throws: ``ZerostackError/refused(_:)`` of ``ErrorKind/badConfig`` when it is out of range.
func exactly<Number: FixedWidthInteger>(_ value: some BinaryInteger, _ name: String) throws -> Number {
    guard let number = Number(exactly: value) else {
        throw ZerostackError.refused(
            Fault(
                kind: .badConfig, code: 11, detail: .max,
                message: "\(name) is \(value), but must be from 0 to \(Number.max)"))
    }
    return number
}
