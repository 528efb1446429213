import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Something that the model may have done: a closure whose arguments are a `Decodable` type.
///
/// ```swift
/// struct ReadArguments: Decodable { let path: String; let lines: Int? }
///
/// let read = try Tool("read", "Reads a file.", describing: ["path": "Where it is"]) {
///     (arguments: ReadArguments) in
///     try String(contentsOfFile: arguments.path, encoding: .utf8)
/// }
/// ```
///
/// A string that it returns is sent to the model unchanged, another value as JSON. What it throws,
/// a timeout, and arguments that do not fit are sent to the model as failed calls; none of them
/// ends the turn.
public struct Tool: Sendable {
    /// The description that the model reads.
    public let spec: ToolSpec
    /// How long a call may take; `nil` is without limit.
    public let timeout: Duration?
    /// Whether a call with these arguments, JSON text that fits the schema, waits for approval.
    private var needsApproval: (@Sendable (String) -> Bool)?
    /// Takes the arguments as JSON text.
    private let call: @Sendable (String, ToolContext) async throws -> ToolOutput

    /// A tool whose schema is that of its arguments, see ``Schema``.
    ///
    /// - Throws: ``ZerostackError/badArguments(_:)`` if there is no schema of the type.
    public init<Arguments: Decodable, Result: Encodable>(
        _ name: String, _ description: String, describing: [String: String] = [:],
        timeout: Duration? = nil,
        _ body: @escaping @Sendable (Arguments) async throws -> Result
    ) throws {
        try self.init(name, description, describing: describing, timeout: timeout) {
            (arguments: Arguments, _: ToolContext) in try await body(arguments)
        }
    }

    /// The same with what a call knows of the turn that it is part of.
    ///
    /// - Throws: ``ZerostackError/badArguments(_:)`` if there is no schema of the type.
    public init<Arguments: Decodable, Result: Encodable>(
        _ name: String, _ description: String, describing: [String: String] = [:],
        timeout: Duration? = nil,
        _ body: @escaping @Sendable (Arguments, ToolContext) async throws -> Result
    ) throws {
        let parameters = try Schema.of(Arguments.self, describing: describing)
        let spec = ToolSpec(name: name, description: description, parameters: parameters)
        self.init(spec, timeout: timeout) { json, context in
            let arguments: Arguments = try decoded(json)
            return ToolOutput(try encoded(try await body(arguments, context)))
        }
    }

    /// A tool without arguments.
    public init<Result: Encodable>(
        _ name: String, _ description: String, timeout: Duration? = nil,
        _ body: @escaping @Sendable () async throws -> Result
    ) {
        let parameters = #"{"type":"object","properties":{}}"#
        let spec = ToolSpec(name: name, description: description, parameters: parameters)
        self.init(spec, timeout: timeout) { _, _ in
            ToolOutput(try encoded(try await body()))
        }
    }

    /// A tool with its own schema, which takes the arguments as the JSON text that the model wrote.
    public init(
        _ spec: ToolSpec, timeout: Duration? = nil,
        json body: @escaping @Sendable (String) async throws -> String
    ) {
        self.init(spec, timeout: timeout) { json, _ in ToolOutput(try await body(json)) }
    }

    /// The same, with full input and output, such as files.
    public init(
        _ spec: ToolSpec, timeout: Duration? = nil,
        output body: @escaping @Sendable (String, ToolContext) async throws -> ToolOutput
    ) {
        (self.spec, self.timeout, call) = (spec, timeout, body)
    }

    /// The same tool, whose calls wait until they are approved, see ``Reply/deferred``.
    public func needingApproval() -> Tool {
        needingApproval { _ in true }
    }

    /// The same tool, whose calls wait until they are approved if `asks` returns true for their
    /// arguments, a JSON text.
    public func needingApproval(
        _ asks: @escaping @Sendable (_ arguments: String) -> Bool
    ) -> Tool {
        var tool = self
        tool.needsApproval = asks
        return tool
    }

    /// Says why a call failed, for the model.
    public struct CallError: Error, CustomStringConvertible, Sendable {
        /// The sentence.
        public let description: String

        /// An error with this sentence.
        public init(_ description: String) {
            self.description = description
        }
    }
}

/// A tool's output for the model.
public struct ToolOutput: Sendable {
    /// Text, or JSON.
    public var content: String
    /// Whether the call failed.
    public var isError: Bool
    /// Files for the model in addition to the text. Files that its dialect does not accept are
    /// described instead.
    public var files: [File]

    /// An output.
    public init(_ content: String, isError: Bool = false, files: [File] = []) {
        (self.content, self.isError, self.files) = (content, isError, files)
    }
}

/// What a call knows of the turn that it is part of. Its task is cancelled when the turn ends.
public struct ToolContext: Sendable {
    /// The call, as the model made it.
    public let call: ToolCall
    /// Tokens of the turn so far.
    public let usage: Usage
    let tell: @Sendable (String) async -> Void

    /// Shows the progress of the call, as ``AgentEvent/toolProgress(_:_:)``; the model does not see
    /// it.
    public func progress(_ text: String) async {
        await tell(text)
    }
}

extension Tool {
    /// Whether a call with these arguments waits for approval.
    func asks(_ arguments: String) -> Bool {
        needsApproval?(arguments) ?? false
    }

    /// Runs the call; whatever goes wrong is an output too.
    func output(for arguments: String, _ context: ToolContext) async -> ToolOutput {
        do {
            return try await call(arguments, context)
        } catch {
            return ToolOutput(sentence(error), isError: true)
        }
    }
}

private func decoded<Arguments: Decodable>(_ json: String) throws -> Arguments {
    // Some models send nothing for a call without arguments.
    try decoded(json.allSatisfy(\.isWhitespace) ? "{}" : json, "the arguments do not fit")
}

/// The value that an answer is; the error is for the model.
func decodedAnswer<Value: Decodable>(_ json: String) throws -> Value {
    try decoded(json, "it does not fit")
}

private func decoded<Value: Decodable>(_ json: String, _ what: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    do {
        return try decoder.decode(Value.self, from: Data(json.utf8))
    } catch let error as DecodingError {
        throw Tool.CallError("\(what): \(sentence(error))")
    }
}

private func encoded(_ result: some Encodable) throws -> String {
    if let text = result as? String { return text }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return String(decoding: try encoder.encode(result), as: UTF8.self)
}

/// What is wrong with the arguments and where, for the model.
private func sentence(_ error: DecodingError) -> String {
    func at(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
        let keys = context.codingPath + (last.map { [$0] } ?? [])
        return keys.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
        return "\(at(context, key)) is missing"
    case .valueNotFound(_, let context):
        return "\(at(context)) is null"
    case .typeMismatch(_, let context) where context.codingPath.isEmpty:
        return "this is no JSON object"
    case .typeMismatch(let type, let context):
        return "\(at(context)) must be \(type)"
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
        return "this is no JSON object"
    case .dataCorrupted(let context):
        return "\(at(context)): \(context.debugDescription)"
    @unknown default:
        return "\(error)"
    }
}

/// An error in one line.
func sentence(_ error: any Error) -> String {
    switch error {
    case let error as any LocalizedError: error.errorDescription ?? "\(error)"
    // Foundation's own describe themselves with all that they know.
    case is URLError, is CocoaError, is POSIXError: error.localizedDescription
    default: "\(error)"
    }
}
