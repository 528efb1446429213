import Foundation

/// A bounded queue from one sender to one receiver.
///
/// A sender that can wait calls ``send(_:)``. One that cannot calls ``offer(_:)``, and stops its
/// source while ``isFull`` holds.
final class Channel<Element: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private let limit: Int
    private let size: @Sendable (Element) -> Int
    // Only touched under the lock.
    private var waiting: [Element] = []
    /// Where the first element is in `waiting`.
    private var first = 0
    private var filled = 0
    private var end: Result<Void, any Error>?
    private var receiver: CheckedContinuation<Element?, any Error>?
    private var sender: CheckedContinuation<Void, Never>?
    private var onRoom: (@Sendable () -> Void)?

    /// A channel that is full from `limit` on, of the sum of what `size` gives.
    init(limit: Int, size: @escaping @Sendable (Element) -> Int = { _ in 1 }) {
        (self.limit, self.size) = (limit, size)
    }

    /// Adds an element. Returns the channel's current size.
    @discardableResult
    func offer(_ element: Element) -> Int {
        let (receiver, filled): (CheckedContinuation<Element?, any Error>?, Int) = lock.withLock {
            guard end == nil else { return (nil, 0) }
            if let receiver = self.receiver {
                self.receiver = nil
                return (receiver, 0)
            }
            waiting.append(element)
            self.filled += size(element)
            return (nil, self.filled)
        }
        receiver?.resume(returning: element)
        return filled
    }

    /// Adds an element, and waits while the channel is full.
    func send(_ element: Element) async {
        guard offer(element) >= limit else { return }
        await withCheckedContinuation { continuation in
            let isFull = lock.withLock {
                guard end == nil, filled >= limit else { return false }
                sender = continuation
                return true
            }
            if !isFull { continuation.resume() }
        }
    }

    /// Calls `act` once, as soon as the channel has room; at once if it has.
    func whenThereIsRoom(_ act: @escaping @Sendable () -> Void) {
        let isFull = lock.withLock {
            guard end == nil, filled >= limit else { return false }
            onRoom = act
            return true
        }
        if !isFull { act() }
    }

    /// The next element; nothing after the last.
    ///
    /// - Throws: The sender's error, after the elements before it; `CancellationError`.
    func next() async throws -> Element? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (outcome, wake): (Result<Element?, any Error>?, () -> Void) = lock.withLock {
                    if first < waiting.count { return (.success(take()), roomMade()) }
                    if let end { return (end.map { nil }, {}) }
                    receiver = continuation
                    return (nil, {})
                }
                wake()
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            finish(throwing: CancellationError())
        }
    }

    /// Nothing more will be sent, or is wanted. Only the first call counts.
    func finish(throwing error: (any Error)? = nil) {
        let (receiver, wake): (CheckedContinuation<Element?, any Error>?, () -> Void) =
            lock.withLock {
                guard end == nil else { return (nil, {}) }
                end = error.map { .failure($0) } ?? .success(())
                defer { self.receiver = nil }
                return (self.receiver, roomMade())
            }
        wake()
        if let error {
            receiver?.resume(throwing: error)
        } else {
            receiver?.resume(returning: nil)
        }
    }

    /// Takes the first element out. Under the lock.
    private func take() -> Element {
        let element = waiting[first]
        first += 1
        filled -= size(element)
        // What was taken goes in one move, so that each element is moved at most once.
        if first * 2 > waiting.count {
            waiting.removeFirst(first)
            first = 0
        }
        return element
    }

    /// Who waits for room, if there is some. Under the lock.
    private func roomMade() -> () -> Void {
        guard end != nil || filled * 2 <= limit else { return {} }
        let (sender, act) = (self.sender, onRoom)
        (self.sender, onRoom) = (nil, nil)
        return {
            sender?.resume()
            act?()
        }
    }
}

extension Channel {
    /// The elements as a stream. When nobody reads it any more, `onEnd` is called.
    func stream(
        onEnd: @escaping @Sendable () -> Void
    ) -> AsyncThrowingStream<Element, any Error> {
        let reading = Reading { [self] in
            finish(throwing: CancellationError())
            onEnd()
        }
        return AsyncThrowingStream { [self, reading] in
            // It lives as long as this closure.
            _ = reading
            return try await next()
        }
    }
}

/// Lives as long as somebody may read.
private final class Reading: Sendable {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    deinit { end() }
}
