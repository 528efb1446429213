import Foundation

/// How an ``Agent`` reaches its provider. ``URLSessionTransport`` is the default.
public protocol Transport: Sendable {
    /// Sends the request and returns as soon as the head of the response is there.
    ///
    /// It throws when there is no response at all, whatever its status; it must stop when its task
    /// is cancelled, and when nobody reads the body any more.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}

/// A request over HTTP. It holds the key: do not log it.
public struct HTTPRequest: Sendable {
    /// The whole address.
    public let url: URL
    /// `POST`.
    public let method: String
    /// All headers but the length; names in lower case.
    public let headers: [String: String]
    /// The whole body.
    public let body: Data
}

/// The head of a response, and its body as it arrives.
public struct HTTPResponse: Sendable {
    /// The status, such as 200.
    public let status: Int
    /// The headers by name in lower case.
    public let headers: [String: String]
    /// The body in the received pieces; it throws if it breaks off.
    public let body: AsyncThrowingStream<Data, any Error>

    /// A response; the case of the headers' names does not matter.
    public init(
        status: Int, headers: [String: String], body: AsyncThrowingStream<Data, any Error>
    ) {
        self.status = status
        self.headers = Dictionary(
            headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }
        )
        self.body = body
    }
}

extension HTTPResponse {
    /// How long the server asks to wait: `retry-after-ms`, else `retry-after` as seconds or date.
    /// A value that cannot be read is ignored.
    func retryAfter(now: Date = Date()) -> Duration? {
        func number(_ name: String) -> Double? {
            let text = headers[name]?.trimmingCharacters(in: .whitespaces)
            return text.flatMap(Double.init).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        }
        // More than a day is as good as a day, and no overflow.
        func wait(_ seconds: Double) -> Duration {
            .milliseconds(Int64(min(max(seconds, 0), 86_400) * 1000))
        }
        if let milliseconds = number("retry-after-ms") { return wait(milliseconds / 1000) }
        if let seconds = number("retry-after") { return wait(seconds) }
        guard let until = headers["retry-after"].flatMap(httpDate) else { return nil }
        // Measured with the server's own clock where it tells it.
        let now = headers["date"].flatMap(httpDate) ?? now
        return wait(until.timeIntervalSince(now))
    }
}

/// A date as HTTP writes it.
private func httpDate(_ text: String) -> Date? {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(secondsFromGMT: 0)
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return format.date(from: text.trimmingCharacters(in: .whitespaces))
}
