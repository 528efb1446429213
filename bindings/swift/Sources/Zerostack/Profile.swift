/// What a server refuses or demands beyond its dialect. What is `nil` is as the dialect and the name of
/// the model say.
///
/// ``ErrorKind/unsupportedOption`` names a field that the dialect has no place for; nothing is sent
/// then.
public struct Profile: Sendable, Hashable {
    /// A known server, by its name (`"mistral"`) or its host (`"api.mistral.ai"`): what is known of it
    /// holds where nothing else is set here.
    public var server: String?
    /// Whether a reply is asked for as a stream; else as one document.
    public var stream: Bool?
    /// Whether `stream_options` asks for the counts of tokens.
    public var streamOptions: Bool?
    /// The places of cache marks.
    public var cacheControl: CacheControl?
    /// Whether `include` asks for encrypted reasoning.
    public var include: Bool?
    /// The role of the system prompt.
    public var systemRole: SystemRole?
    /// The role of an instruction in mid-conversation.
    public var instructionRole: InstructionRole?
    /// Which reasoning goes back to the server.
    public var reasoning: ReasoningForm?
    /// Which ids of calls the server takes.
    public var callIDs: CallIDForm?
    /// Which schemas the server takes.
    public var schemas: SchemaForm?
    /// Whether Gemini is asked for the arguments of calls as the model writes them. Vertex AI takes it,
    /// from the third generation of models on.
    public var streamArguments: Bool?
    /// Which attachments the server takes.
    public var attachments: AttachmentForm?

    /// By the dialect, or by the known profile of `server`.
    public init(server: String? = nil) {
        self.server = server
    }

    /// The places of Anthropic's cache marks.
    public enum CacheControl: String, Sendable, Hashable, CaseIterable {
        /// At the top of the request, too, which Anthropic calls automatic caching.
        case automatic
        /// After the system prompt or the tools alone.
        case blocks
        /// Nowhere.
        case none
    }

    /// The role of the system prompt in OpenAI chat.
    public enum SystemRole: String, Sendable, Hashable, CaseIterable {
        case system, developer
    }

    /// The role of an instruction in mid-conversation.
    public enum InstructionRole: String, Sendable, Hashable, CaseIterable {
        /// The user's, in tags that mark it.
        case user
        case system, developer
    }

    /// Which reasoning goes back, and in which field.
    public enum ReasoningForm: String, Sendable, Hashable, CaseIterable {
        case none
        /// A message of calls always has it, empty if the model did not reason.
        case reasoningContent = "reasoning_content"
        case reasoning
        /// As OpenRouter and MiniMax have it.
        case reasoningDetails = "reasoning_details"
        /// Of Anthropic and Ollama.
        case thinking
    }

    /// The call ids that the server accepts; others are replaced.
    public enum CallIDForm: String, Sendable, Hashable, CaseIterable {
        /// Of any form and length.
        case any
        /// To 40 bytes.
        case fortyBytes = "forty-bytes"
        /// Letters, digits, `_` and `-`, to 64.
        case words
        /// Nine letters and digits.
        case nineLetters = "nine-letters"
    }

    /// Which attachments the server takes; a line of text describes the others.
    public enum AttachmentForm: String, Sendable, Hashable, CaseIterable {
        /// All that the dialect has a place for.
        case all
        case images, none
    }

    /// Which schemas of tools the server takes.
    public enum SchemaForm: String, Sendable, Hashable, CaseIterable {
        /// Unchanged JSON Schema.
        case asTheyAre = "as-they-are"
        /// Tools whose schema fits OpenAI's strict form are sent as strict.
        case strict
    }

    /// As the core reads it.
    var text: String {
        let fields: [(String, String?)] = [
            ("stream", stream?.description), ("stream_options", streamOptions?.description),
            ("cache_control", cacheControl?.rawValue), ("include", include?.description),
            ("system_role", systemRole?.rawValue),
            ("instruction_role", instructionRole?.rawValue),
            ("reasoning", reasoning?.rawValue), ("call_ids", callIDs?.rawValue),
            ("schemas", schemas?.rawValue),
            ("stream_arguments", streamArguments?.description),
            ("attachments", attachments?.rawValue),
        ]
        let set = fields.compactMap { name, value in value.map { "\(name)=\($0)" } }
        return ((server.map { [$0] } ?? []) + set).joined(separator: ",")
    }
}
