import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Reaches the provider over `URLSession`: no cache, no cookies, no redirects (a redirect would take
/// the key elsewhere).
public final class URLSessionTransport: Transport {
    private let session: URLSession
    private let exchanges: Exchanges

    /// A transport that gives up when nothing comes for `idleTimeout`.
    public convenience init(idleTimeout: Duration = .seconds(300)) {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Double(idleTimeout.milliseconds) / 1000
        self.init(configuration)
    }

    /// A transport with this configuration, of which cache and cookies are turned off.
    public init(_ configuration: URLSessionConfiguration) {
        configuration.urlCache = nil
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        exchanges = Exchanges()
        session = URLSession(configuration: configuration, delegate: exchanges, delegateQueue: nil)
    }

    deinit {
        // The session holds its delegate until then.
        session.finishTasksAndInvalidate()
    }

    /// Sends the request and returns with the head of the response.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var message = URLRequest(url: request.url)
        message.httpMethod = request.method
        message.httpBody = request.body
        for (name, value) in request.headers {
            message.setValue(value, forHTTPHeaderField: name)
        }
        let task = session.dataTask(with: message)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { head in
                exchanges.start(task, head)
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
    }
}

/// The exchanges that are going on, by their tasks.
private final class Exchanges: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private enum Exchange {
        case waiting(CheckedContinuation<HTTPResponse, any Error>)
        case receiving(AsyncThrowingStream<Data, any Error>.Continuation)
    }

    private let lock = NSLock()
    /// Only touched under the lock.
    private var exchanges: [Int: Exchange] = [:]

    func start(_ task: URLSessionTask, _ head: CheckedContinuation<HTTPResponse, any Error>) {
        lock.withLock { exchanges[task.taskIdentifier] = .waiting(head) }
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        guard let response = response as? HTTPURLResponse else {
            return completionHandler(.cancel)
        }
        let (body, continuation) = AsyncThrowingStream<Data, any Error>.makeStream()
        continuation.onTermination = { _ in dataTask.cancel() }
        let before = lock.withLock {
            exchanges.updateValue(.receiving(continuation), forKey: dataTask.taskIdentifier)
        }
        if case .waiting(let head) = before {
            var headers: [String: String] = [:]
            for (name, value) in response.allHeaderFields {
                if let name = name as? String, let value = value as? String {
                    headers[name] = value
                }
            }
            head.resume(
                returning: HTTPResponse(status: response.statusCode, headers: headers, body: body))
        }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        if case .receiving(let body) = lock.withLock({ exchanges[dataTask.taskIdentifier] }) {
            body.yield(data)
        }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        switch lock.withLock({ exchanges.removeValue(forKey: task.taskIdentifier) }) {
        case .waiting(let head): head.resume(throwing: error ?? URLError(.badServerResponse))
        case .receiving(let body): body.finish(throwing: error)
        case nil: break
        }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
