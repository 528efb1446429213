import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Reaches the provider over `URLSession`: no cache, no cookies, no redirects (a redirect would take
/// the key elsewhere). A server that sends faster than its bytes are read has to wait.
public final class URLSessionTransport: Transport {
    private let configuration: URLSessionConfiguration
    #if !canImport(FoundationNetworking)
        private let exchanges: Exchanges
        private let session: URLSession
    #endif

    /// A transport that gives up if nothing arrives for `idleTimeout`.
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
        self.configuration = configuration
        #if !canImport(FoundationNetworking)
            exchanges = Exchanges()
            session = URLSession(
                configuration: configuration, delegate: exchanges, delegateQueue: nil)
        #endif
    }

    #if !canImport(FoundationNetworking)
        deinit {
            // The session holds its delegate until then.
            session.finishTasksAndInvalidate()
        }
    #endif

    /// Sends the request and returns with the head of the response.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var message = URLRequest(url: request.url)
        message.httpMethod = request.method
        message.httpBody = request.body
        for (name, value) in request.headers {
            message.setValue(value, forHTTPHeaderField: name)
        }
        #if canImport(FoundationNetworking)
            // One for each exchange: to make a server wait, its thread waits.
            let exchanges = Exchanges()
            let session = URLSession(
                configuration: configuration, delegate: exchanges, delegateQueue: ShortQueue())
            defer { session.finishTasksAndInvalidate() }
        #endif
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
        case receiving(Channel<Data>)
    }

    /// Bytes that wait to be read, from which on the server has to wait.
    private static let roomBytes = 256 * 1024

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
        // An interim head; the answer's follows.
        guard response.statusCode >= 200 else { return completionHandler(.allow) }
        let channel = Channel<Data>(limit: Self.roomBytes) { $0.count }
        // Cancelling waits for what the task is doing.
        let body = channel.stream { DispatchQueue.global().async { dataTask.cancel() } }
        let before = lock.withLock {
            exchanges.updateValue(.receiving(channel), forKey: dataTask.taskIdentifier)
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
        guard case .receiving(let body) = lock.withLock({ exchanges[dataTask.taskIdentifier] })
        else { return }
        guard body.offer(data) >= Self.roomBytes else { return }
        #if canImport(FoundationNetworking)
            // A task that is suspended begins anew here.
            let room = DispatchSemaphore(value: 0)
            body.whenThereIsRoom { room.signal() }
            room.wait()
        #else
            dataTask.suspend()
            body.whenThereIsRoom { dataTask.resume() }
        #endif
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

#if canImport(FoundationNetworking)
    /// A queue that makes whoever adds to it wait while it is full: Foundation adds a block for each
    /// piece of a response, however many there are.
    private final class ShortQueue: OperationQueue, @unchecked Sendable {
        private let room = DispatchSemaphore(value: 8)

        override init() {
            super.init()
            maxConcurrentOperationCount = 1
        }

        override func addOperation(_ block: @escaping @Sendable () -> Void) {
            room.wait()
            super.addOperation { [room] in
                block()
                room.signal()
            }
        }
    }
#endif
