import Foundation

/// Where requests go, and the key that opens it.
///
/// The key is shown by no description of this value.
public struct Endpoint: Sendable {
    /// The dialect that is spoken there.
    public let dialect: Dialect
    /// The address before the dialect's own path, such as `https://api.openai.com/v1`.
    public let baseURL: String
    private let key: String?

    /// An endpoint; without `baseURL` that of the service itself.
    ///
    /// A key goes over plain `http` only within this machine, unless `allowsPlainHTTP` is set.
    ///
    /// - Throws: ``ZerostackError/badURL(_:)``.
    public init(
        _ dialect: Dialect, baseURL: String? = nil, key: String? = nil,
        allowsPlainHTTP: Bool = false
    ) throws {
        let text = (baseURL ?? dialect.baseURL).trimmingCharacters(in: .whitespaces)
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
            let scheme = parts.scheme?.lowercased(), scheme == "https" || scheme == "http"
        else {
            throw ZerostackError.badURL("a base URL looks like https://host/v1")
        }
        guard parts.query == nil, parts.fragment == nil, parts.user == nil else {
            throw ZerostackError.badURL("no user, ? or # in the base URL; the key is an argument")
        }
        let isLocal = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host.lowercased())
        guard scheme == "https" || key == nil || isLocal || allowsPlainHTTP else {
            throw ZerostackError.badURL(
                "the key would go to \(host) over plain http; use https, or allowsPlainHTTP: true")
        }
        if let key, key.unicodeScalars.contains(where: { !$0.isASCII || $0.value <= 32 }) {
            throw ZerostackError.badURL("the key holds a space or a character that no header takes")
        }
        self.dialect = dialect
        self.baseURL = String(text.reversed().drop { $0 == "/" }.reversed())
        self.key = key
    }

    /// The session's request with address and key.
    func request(for request: Request) throws -> HTTPRequest {
        guard let url = URL(string: baseURL + request.path) else {
            throw ZerostackError.badURL("\(baseURL)\(request.path) is no URL")
        }
        var headers = request.headers
        if let key {
            switch dialect {
            case .anthropic: headers["x-api-key"] = key
            case .gemini: headers["x-goog-api-key"] = key
            case .openAIChat, .openAIResponses, .ollama: headers["authorization"] = "Bearer \(key)"
            }
        }
        return HTTPRequest(url: url, method: request.method, headers: headers, body: request.body)
    }
}

extension Endpoint: CustomStringConvertible, CustomReflectable {
    /// The provider and the address.
    public var description: String { "\(dialect.rawValue) at \(baseURL)" }

    /// What a debugger shows: no key.
    public var customMirror: Mirror {
        Mirror(self, children: ["dialect": dialect, "baseURL": baseURL])
    }
}

extension Dialect {
    /// The address of the service itself; of this machine for Ollama.
    fileprivate var baseURL: String {
        switch self {
        case .openAIChat, .openAIResponses: "https://api.openai.com/v1"
        case .anthropic: "https://api.anthropic.com"
        case .gemini: "https://generativelanguage.googleapis.com/v1beta"
        case .ollama: "http://127.0.0.1:11434"
        }
    }
}
