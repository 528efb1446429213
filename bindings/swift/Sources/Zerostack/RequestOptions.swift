internal import ZerostackGenerated

/// The options of a request. What is `nil` is left to the provider.
///
/// ``ErrorKind/unsupportedOption`` names an option that the dialect has no field for,
/// ``ErrorKind/badOption`` one that is out of range; nothing is sent then.
public struct RequestOptions: Sendable, Hashable {
    /// How much the model varies its words: 0 to 2, at Anthropic to 1. As the other fractions, with
    /// at most three decimals.
    public var temperature: Double?
    /// The share of the likely tokens that it chooses from: 0 to 1.
    public var topP: Double?
    /// How many of the likely tokens it chooses from: 1 or more.
    public var topK: Int?
    /// How much it avoids words that it used often: -2 to 2.
    public var frequencyPenalty: Double?
    /// How much it avoids words that it used at all: -2 to 2.
    public var presencePenalty: Double?
    /// The seed of its random choices.
    public var seed: Int?
    /// Texts that end the reply where the model writes them.
    public var stop: [String] = []
    /// How long it reasons before it answers.
    public var reasoningEffort: ReasoningEffort?
    /// Whether it must call a tool, and which.
    public var toolChoice: ToolChoice?
    /// Whether one reply may have several calls.
    public var parallelToolCalls: Bool?
    /// The class of service that is paid for, as the provider names it.
    public var serviceTier: String?
    /// The end user of the request: an id that does not identify a person to the provider.
    public var user: String?
    /// How long the provider keeps the conversation in its cache.
    public var cacheTTL: CacheTTL?
    /// The JSON Schema of the answer.
    public var responseSchema: ResponseSchema?
    /// Further members of the body: one JSON object, as text.
    public var extra: String?

    /// All left to the provider.
    public init() {}
}

/// How long the model reasons before it answers.
public enum ReasoningEffort: String, Sendable, Hashable, CaseIterable {
    case none, minimal, low, medium, high, xhigh, max
}

/// How long the provider keeps the conversation in its cache.
public enum CacheTTL: String, Sendable, Hashable, CaseIterable {
    /// Anthropic.
    case fiveMinutes = "5m"
    /// Anthropic.
    case hour = "1h"
    /// OpenAI.
    case day = "24h"
}

/// Whether the model must call a tool, and which.
public enum ToolChoice: Sendable, Hashable {
    /// As it likes.
    case auto
    /// None.
    case none
    /// Some tool, in the first request of a turn.
    case required
    /// The tool of this name, in the first request of a turn.
    case tool(String)
}

/// The JSON Schema of the answer.
public struct ResponseSchema: Sendable, Hashable {
    /// One JSON object, as text; see ``Schema``.
    public var schema: String
    /// `[a-zA-Z0-9_-]`, 64 bytes at most.
    public var name = "answer"
    /// Whether OpenAI holds the answer to the schema in every case.
    public var isStrict = false
    /// How it reaches the model.
    public var mode = SchemaMode.auto
    /// How often an answer that does not fit is asked for again in one turn, which then ends with
    /// ``ErrorKind/badAnswer``; `nil`: the session does not check answers.
    public var maxRepairs: Int?

    /// A schema that the session holds answers to.
    public init(_ schema: String, maxRepairs: Int? = 2) {
        (self.schema, self.maxRepairs) = (schema, maxRepairs)
    }
}

/// How a response schema reaches the model.
public enum SchemaMode: String, Sendable, Hashable, CaseIterable {
    /// In the request's field for it if the dialect and the model accept it together with the tools
    /// of the session; else as text.
    case auto
    /// By the request's field.
    case native
    /// As text, after each text of the user.
    case words
}

extension RequestOptions {
    func core() throws -> ZerostackGenerated.RequestOptions {
        ZerostackGenerated.RequestOptions(
            temperature: try thousandths(temperature, "temperature"),
            topP: try thousandths(topP, "topP"),
            topK: try topK.map { try exactly($0, "topK") },
            frequencyPenalty: try thousandths(frequencyPenalty, "frequencyPenalty"),
            presencePenalty: try thousandths(presencePenalty, "presencePenalty"),
            seed: try seed.map { try exactly($0, "seed") },
            stop: stop,
            reasoningEffort: reasoningEffort.map(\.core),
            toolChoice: toolChoice.map(\.text),
            parallelToolCalls: parallelToolCalls,
            serviceTier: serviceTier,
            user: user,
            cacheTtl: cacheTTL.map(\.core),
            responseSchema: try responseSchema.map { try $0.core() },
            extra: extra)
    }
}

/// A number with at most three decimals, in thousandths.
private func thousandths(_ number: Double?, _ name: String) throws -> Int32? {
    guard let number else { return nil }
    let scaled = (number * 1000).rounded()
    guard abs(number * 1000 - scaled) < 1e-6, abs(scaled) <= 1e6 else {
        throw ZerostackError.refused(
            Fault(
                kind: .badOption, code: 34, detail: 0,
                message: "\(name) must be a number with at most three decimals, not \(number)"))
    }
    return Int32(scaled)
}

extension ToolChoice {
    fileprivate var text: String {
        switch self {
        case .auto: "auto"
        case .none: "none"
        case .required: "required"
        case .tool(let name): name
        }
    }
}

extension ReasoningEffort {
    fileprivate var core: ZerostackGenerated.ReasoningEffort {
        switch self {
        case .none: .none
        case .minimal: .minimal
        case .low: .low
        case .medium: .medium
        case .high: .high
        case .xhigh: .xHigh
        case .max: .max
        }
    }
}

extension CacheTTL {
    fileprivate var core: ZerostackGenerated.CacheTtl {
        switch self {
        case .fiveMinutes: .fiveMinutes
        case .hour: .hour
        case .day: .day
        }
    }
}

extension ResponseSchema {
    fileprivate func core() throws -> ZerostackGenerated.ResponseSchema {
        let how: ZerostackGenerated.SchemaMode =
            switch mode {
            case .auto: .auto
            case .native: .native
            case .words: .words
            }
        return ZerostackGenerated.ResponseSchema(
            schema: schema, name: name, isStrict: isStrict, mode: how,
            maxRepairs: try maxRepairs.map { try exactly($0, "maxRepairs") })
    }
}
