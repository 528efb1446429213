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
/// A string that it returns is sent to the model as it is, another value as JSON. What it throws,
/// a timeout, and arguments that do not fit are sent to the model as failed calls; none of them
/// ends the turn.
public struct Tool: Sendable {
    /// The description that the model reads.
    public let spec: ToolSpec
    /// How long a call may take; `nil` is without limit.
    public let timeout: Duration?
    /// Takes the arguments as JSON text.
    let call: @Sendable (String) async throws -> String

    /// A tool whose schema is that of its arguments, see ``Schema``.
    ///
    /// - Throws: ``ZerostackError/badArguments(_:)`` when there is no schema of the type.
    public init<Arguments: Decodable, Result: Encodable>(
        _ name: String, _ description: String, describing: [String: String] = [:],
        timeout: Duration? = nil,
        _ body: @escaping @Sendable (Arguments) async throws -> Result
    ) throws {
        let parameters = try Schema.of(Arguments.self, describing: describing)
        let spec = ToolSpec(name: name, description: description, parameters: parameters)
        self.init(spec, timeout: timeout) { json in
            let arguments: Arguments = try decoded(json)
            return try encoded(try await body(arguments))
        }
    }

    /// A tool without arguments.
    public init<Result: Encodable>(
        _ name: String, _ description: String, timeout: Duration? = nil,
        _ body: @escaping @Sendable () async throws -> Result
    ) {
        let parameters = #"{"type":"object","properties":{}}"#
        let spec = ToolSpec(name: name, description: description, parameters: parameters)
        self.init(spec, timeout: timeout) { _ in try encoded(try await body()) }
    }

    /// A tool with a schema of its own, which takes the arguments as JSON text as the model wrote it.
    public init(
        _ spec: ToolSpec, timeout: Duration? = nil,
        json body: @escaping @Sendable (String) async throws -> String
    ) {
        self.spec = spec
        self.timeout = timeout
        call = body
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

/// What a tool says to the model.
struct ToolOutput: Sendable {
    let content: String
    let isError: Bool
}

extension Tool {
    /// Runs the call; whatever goes wrong is an output too.
    func output(for arguments: String) async -> ToolOutput {
        do {
            return ToolOutput(content: try await call(arguments), isError: false)
        } catch {
            return ToolOutput(content: sentence(error), isError: true)
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
