internal import ZerostackGenerated

/// A wire format that providers speak. The raw values are the names that commands and files use.
public enum Dialect: String, Sendable, Hashable, CaseIterable, Codable {
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

/// The settings of a session.
public struct Configuration: Sendable, Hashable {
    /// The dialect to speak.
    public var dialect: Dialect
    /// The model, as the provider names it.
    public var model: String
    /// The system prompt; may be empty.
    public var system: String
    /// The tools that it may call.
    public var tools: [ToolSpec]
    /// The numbers.
    public var limits: Limits
    /// The key under which OpenAI chat receives ``Limits/maxOutputTokens``.
    public var outputLimitKey = OutputLimitKey.maxTokens
    /// How tokens are counted until the provider has counted them.
    public var counting = Counting.estimate
    /// How the tools are described to the model, and how it calls them.
    public var toolMode = ToolMode.native
    /// The options of a request.
    public var options = RequestOptions()
    /// What the server refuses or demands beyond its dialect.
    public var profile = Profile()
    /// Whether the arguments of calls are reported as they arrive, by ``Event/toolCallDelta(_:)``.
    public var callDeltas = false

    /// A configuration.
    public init(
        _ dialect: Dialect, model: String, system: String = "", tools: [ToolSpec] = [],
        limits: Limits = Limits()
    ) {
        self.dialect = dialect
        self.model = model
        self.system = system
        self.tools = tools
        self.limits = limits
    }
}

/// How the tools are described to the model, and how it calls them.
///
/// Calls that are found in text are told
/// by ``Event/recovered(calls:)``.
public enum ToolMode: String, Sendable, Hashable, CaseIterable {
    /// By the fields that the dialect has for it.
    case native
    /// The same; where the model writes its calls into the text, they are found there.
    case lenient
    /// In text, for servers that know no tools.
    case text
    /// The same, and the server holds the model to a JSON Schema of its reply.
    case schema
}

/// The key under which OpenAI chat receives ``Limits/maxOutputTokens``.
public enum OutputLimitKey: String, Sendable, Hashable, CaseIterable {
    /// What compatible servers know.
    case maxTokens = "max_tokens"
    /// What OpenAI's own reasoning models want.
    case maxCompletionTokens = "max_completion_tokens"
}

/// How tokens are counted until the provider has counted them.
public enum Counting: Sendable, Hashable {
    /// A token for each four bytes.
    case rough
    /// An estimate that knows words, signs and scripts.
    case estimate
    /// A vocabulary, exactly.
    case vocabulary(Tokenizer.Vocabulary)
}

/// A tool that the model may call, and its description.
public struct ToolSpec: Sendable, Hashable {
    /// `[a-zA-Z0-9_-]`, 64 bytes at most.
    public var name: String
    /// Its description for the model.
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

// To the core and from it.

extension Configuration {
    func core() throws -> ZerostackGenerated.Config {
        ZerostackGenerated.Config(
            dialect: dialect.core, model: model, system: system,
            tools: tools.map {
                ZerostackGenerated.ToolSpec(
                    name: $0.name, description: $0.description, parameters: $0.parameters)
            },
            limits: try limits.core(),
            outputLimitKey: outputLimitKey.core,
            counting: counting.core,
            toolMode: toolMode.core,
            options: try options.core(),
            profile: profile.text,
            callDeltas: callDeltas)
    }
}

extension ToolMode {
    fileprivate var core: ZerostackGenerated.ToolMode {
        switch self {
        case .native: .native
        case .lenient: .lenient
        case .text: .text
        case .schema: .schema
        }
    }
}

extension OutputLimitKey {
    fileprivate var core: ZerostackGenerated.OutputLimitKey {
        switch self {
        case .maxTokens: .maxTokens
        case .maxCompletionTokens: .maxCompletionTokens
        }
    }
}

extension Counting {
    fileprivate var core: ZerostackGenerated.Counting {
        switch self {
        case .rough: .rough
        case .estimate: .estimate
        case .vocabulary(.o200k): .o200k
        case .vocabulary(.cl100k): .cl100k
        }
    }
}

extension Dialect {
    var core: ZerostackGenerated.Dialect {
        switch self {
        case .openAIChat: .openAiChat
        case .anthropic: .anthropic
        case .openAIResponses: .openAiResponses
        case .gemini: .gemini
        case .ollama: .ollama
        }
    }

    init(_ core: ZerostackGenerated.Dialect) {
        switch core {
        case .openAiChat: self = .openAIChat
        case .anthropic: self = .anthropic
        case .openAiResponses: self = .openAIResponses
        case .gemini: self = .gemini
        case .ollama: self = .ollama
        }
    }
}
