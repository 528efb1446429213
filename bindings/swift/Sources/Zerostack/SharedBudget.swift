import Foundation

/// What turns took: of one session, see ``Session/totals``, or of all that share a ``SharedBudget``.
public struct Totals: Sendable, Hashable {
    /// Turns, those that failed and those that wait for approval among them.
    public internal(set) var turns = 0
    /// Requests that were sent, each attempt of them.
    public internal(set) var requests = 0
    /// Tokens, as the provider counted them.
    public internal(set) var usage = Usage.none
    /// What they cost by ``Limits/prices``, in millionths of their currency; each reply is rounded up.
    public internal(set) var costMicros = 0
}

/// What several conversations may take together: give one to each ``Agent``, or run all of them by one
/// agent. When it is used up, no further request is sent, and turns fail by
/// ``ZerostackError/budgetUsedUp(_:)``; replies that come in then are still taken.
public final class SharedBudget: @unchecked Sendable {
    /// Tokens of requests and replies; `nil` is no limit.
    public let maxTokens: Int?
    /// Millionths of the currency of ``Limits/prices``; `nil` is no limit.
    public let maxCostMicros: Int?
    private let lock = NSLock()
    /// Only touched under the lock.
    private var taken = Totals()

    /// A budget of which nothing is used.
    public init(maxTokens: Int? = nil, maxCostMicros: Int? = nil) {
        (self.maxTokens, self.maxCostMicros) = (maxTokens, maxCostMicros)
    }

    /// What was used of it.
    public var totals: Totals { lock.withLock { taken } }

    func add(_ more: Totals) {
        lock.withLock { taken.add(more) }
    }

    /// - Throws: ``ZerostackError/budgetUsedUp(_:)``.
    func check() throws {
        let taken = totals
        let tokens = taken.usage.inputTokens + taken.usage.outputTokens
        if let maxTokens, tokens >= maxTokens {
            throw ZerostackError.budgetUsedUp(
                "\(tokens) tokens of a budget of \(maxTokens) are used: raise it, or end here")
        }
        if let maxCostMicros, taken.costMicros >= maxCostMicros {
            throw ZerostackError.budgetUsedUp(
                "\(taken.costMicros) millionths of a budget of \(maxCostMicros) are used: raise it, or "
                    + "end here")
        }
    }
}

extension Totals {
    mutating func add(_ more: Totals) {
        turns += more.turns
        requests += more.requests
        usage = usage.plus(more.usage)
        costMicros += more.costMicros
    }
}

extension Usage {
    /// No tokens.
    static let none = Usage(
        inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0,
        reasoningTokens: 0)

    func plus(_ more: Usage) -> Usage { zipped(more, +) }

    /// The usage since `before`.
    func since(_ before: Usage) -> Usage { zipped(before) { max($0 - $1, 0) } }

    private func zipped(_ other: Usage, _ of: (Int, Int) -> Int) -> Usage {
        Usage(
            inputTokens: of(inputTokens, other.inputTokens),
            outputTokens: of(outputTokens, other.outputTokens),
            cacheReadTokens: of(cacheReadTokens, other.cacheReadTokens),
            cacheWriteTokens: of(cacheWriteTokens, other.cacheWriteTokens),
            reasoningTokens: of(reasoningTokens, other.reasoningTokens))
    }
}

/// What agents know of a session.
final class SessionState: @unchecked Sendable {
    private let lock = NSLock()
    // Only touched under the lock.
    private var isTaken = false
    private var current: Configuration
    private var sum = Totals()
    /// The running turn's part of ``sum``.
    private var counted = Usage.none

    init(_ configuration: Configuration) {
        current = configuration
    }

    var totals: Totals { lock.withLock { sum } }

    var configuration: Configuration { lock.withLock { current } }

    func setConfiguration(_ configuration: Configuration) {
        lock.withLock { current = configuration }
    }

    /// - Throws: ``ZerostackError/busy`` when a turn runs.
    func take() throws {
        try lock.withLock {
            guard !isTaken else { throw ZerostackError.busy }
            isTaken = true
        }
    }

    func giveBack() {
        lock.withLock { isTaken = false }
    }

    /// A turn begins, whose usage starts at nothing.
    func beginTurn() -> Totals {
        lock.withLock {
            counted = .none
            var more = Totals()
            more.turns = 1
            sum.add(more)
            return more
        }
    }

    /// Counts the turn's usage since the last count, and returns it.
    func count(_ usage: Usage, requests: Int, _ prices: Prices) -> Totals {
        lock.withLock {
            var more = Totals()
            more.usage = usage.since(counted)
            more.requests = requests
            more.costMicros = (try? more.usage.costMicros(prices)) ?? 0
            counted = usage
            sum.add(more)
            return more
        }
    }
}
