internal import ZerostackGenerated

/// The numbers of a session. Reaching a limit is always reported.
public struct Limits: Sendable, Hashable {
    /// Tokens of one reply; 0 leaves it to the provider, or a large number if it requires one.
    public var maxOutputTokens: Int
    /// Tokens of the request and the reply together; 0 leaves it to the provider.
    public var contextTokens: Int
    /// Tokens of the request above which room is made; 0 is four fifths of the part of
    /// ``contextTokens`` that the reply leaves.
    public var highWaterTokens: Int
    /// Tokens of the request down to which room is made; 0 is two thirds of the high mark.
    public var lowWaterTokens: Int
    /// How room is made.
    public var room: RoomPolicy
    /// Bytes of one tool result; a longer one is cut in the middle, with a note of the cut.
    public var maxResultBytes: Int
    /// Bytes of one response body, stored or not; more are refused by ``ErrorKind/limit``.
    public var maxResponseBytes: Int
    /// Bytes of the storage that must be free before a request is sent.
    public var replyBytes: Int
    /// Requests of one turn.
    public var maxRounds: Int
    /// Tokens of all requests and replies of one turn; 0 is no limit. As with the next three, no
    /// further request is sent when more is used up.
    public var maxTurnTokens: Int
    /// The cost limit of one turn by ``prices``, in millionths of their currency; 0 is no limit.
    public var maxTurnCostMicros: Int
    /// How long one turn may take; zero is without limit. An ``Agent`` breaks the turn off then.
    public var maxTurnTime: Duration
    /// How many times the model may make the same call in a row; 0 is no limit.
    public var maxRepeats: Int
    /// Calls of one reply. A reply with more fails the turn.
    public var maxCalls: Int
    /// The prices of tokens.
    public var prices: Prices
    /// Times that one request is sent, the first included.
    public var maxAttempts: Int
    /// The wait before the first retry; it doubles with each further one.
    public var retryBase: Duration
    /// The longest wait, even if the provider asks for a longer one.
    public var retryMax: Duration
    /// The seed of the jitter of the waits.
    public var seed: UInt32
    /// What happens to a turn that fails.
    public var failedTurn: FailedTurn

    /// Limits for a program on an operating system.
    public init() {
        let core = defaultLimits()
        maxOutputTokens = Int(core.maxOutputTokens)
        contextTokens = Int(core.contextTokens)
        highWaterTokens = Int(core.highWaterTokens)
        lowWaterTokens = Int(core.lowWaterTokens)
        room = RoomPolicy(core.room)
        maxResultBytes = Int(core.maxResultBytes)
        maxResponseBytes = Int(core.maxResponseBytes)
        replyBytes = Int(core.replyBytes)
        maxRounds = Int(core.maxRounds)
        maxTurnTokens = Int(core.maxTurnTokens)
        maxTurnCostMicros = Int(core.maxTurnCostMicros)
        maxTurnTime = .milliseconds(Int64(core.maxTurnMs))
        maxRepeats = Int(core.maxRepeats)
        maxCalls = Int(core.maxCalls)
        prices = Prices(core.prices)
        maxAttempts = Int(core.maxAttempts)
        retryBase = .milliseconds(Int64(core.retryBaseMs))
        retryMax = .milliseconds(Int64(core.retryMaxMs))
        seed = core.seed
        failedTurn = FailedTurn(core.failedTurn)
    }
}

/// What happens to a turn that fails.
public enum FailedTurn: Sendable, Hashable {
    /// All of it is removed, including the user's text, as if it had never begun.
    case takeOut
    /// The rounds that were complete stay.
    case keep
}

/// How room is made when the window passes its high mark, or the storage lacks room.
public enum RoomPolicy: String, Sendable, Hashable, CaseIterable {
    /// The caller makes it. An ``Agent`` takes out the oldest exchanges.
    case ask
    /// Old tool results are replaced by a line that describes them; if that is not enough,
    /// as ``dropOldest``.
    case elideResults = "elide"
    /// The oldest exchanges go.
    case dropOldest = "drop"
    /// The model is asked for a summary that replaces the oldest messages; if it writes none,
    /// as ``dropOldest``.
    case summarise
}

/// The price of a million tokens, in millionths of a currency: 3 dollars are 3,000,000.
public struct Prices: Sendable, Hashable {
    /// Tokens of requests that were not cached.
    public var input: Int
    /// Tokens of replies.
    public var output: Int
    /// Tokens of requests that came from the cache.
    public var cacheRead: Int
    /// Tokens of requests that were put into the cache.
    public var cacheWrite: Int

    /// Prices; tokens without a price cost nothing.
    public init(input: Int = 0, output: Int = 0, cacheRead: Int = 0, cacheWrite: Int = 0) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
    }
}

// To the core and from it.

extension Limits {
    func core() throws -> ZerostackGenerated.Limits {
        ZerostackGenerated.Limits(
            maxOutputTokens: try exactly(maxOutputTokens, "limits.maxOutputTokens"),
            contextTokens: try exactly(contextTokens, "limits.contextTokens"),
            highWaterTokens: try exactly(highWaterTokens, "limits.highWaterTokens"),
            lowWaterTokens: try exactly(lowWaterTokens, "limits.lowWaterTokens"),
            room: room.core,
            maxResultBytes: try exactly(maxResultBytes, "limits.maxResultBytes"),
            maxResponseBytes: try exactly(maxResponseBytes, "limits.maxResponseBytes"),
            replyBytes: try exactly(replyBytes, "limits.replyBytes"),
            maxRounds: try exactly(maxRounds, "limits.maxRounds"),
            maxTurnTokens: try exactly(maxTurnTokens, "limits.maxTurnTokens"),
            maxTurnCostMicros: try exactly(maxTurnCostMicros, "limits.maxTurnCostMicros"),
            maxTurnMs: try exactly(maxTurnTime.milliseconds, "limits.maxTurnTime in milliseconds"),
            maxRepeats: try exactly(maxRepeats, "limits.maxRepeats"),
            maxCalls: try exactly(maxCalls, "limits.maxCalls"),
            prices: try prices.core(),
            maxAttempts: try exactly(maxAttempts, "limits.maxAttempts"),
            retryBaseMs: try exactly(retryBase.milliseconds, "limits.retryBase in milliseconds"),
            retryMaxMs: try exactly(retryMax.milliseconds, "limits.retryMax in milliseconds"),
            seed: seed,
            failedTurn: failedTurn == .keep ? .keep : .takeOut)
    }
}

extension Prices {
    fileprivate init(_ core: ZerostackGenerated.Prices) {
        input = Int(core.input)
        output = Int(core.output)
        cacheRead = Int(core.cacheRead)
        cacheWrite = Int(core.cacheWrite)
    }

    func core() throws -> ZerostackGenerated.Prices {
        ZerostackGenerated.Prices(
            input: try exactly(input, "limits.prices.input"),
            output: try exactly(output, "limits.prices.output"),
            cacheRead: try exactly(cacheRead, "limits.prices.cacheRead"),
            cacheWrite: try exactly(cacheWrite, "limits.prices.cacheWrite"))
    }
}

extension RoomPolicy {
    fileprivate init(_ core: ZerostackGenerated.RoomPolicy) {
        switch core {
        case .ask: self = .ask
        case .elideResults: self = .elideResults
        case .dropOldest: self = .dropOldest
        case .summarise: self = .summarise
        }
    }

    fileprivate var core: ZerostackGenerated.RoomPolicy {
        switch self {
        case .ask: .ask
        case .elideResults: .elideResults
        case .dropOldest: .dropOldest
        case .summarise: .summarise
        }
    }
}

extension FailedTurn {
    fileprivate init(_ core: ZerostackGenerated.FailedTurn) {
        switch core {
        case .takeOut: self = .takeOut
        case .keep: self = .keep
        }
    }
}

extension Duration {
    /// Whole milliseconds, the rest cut off.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow
            ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000_000_000
    }
}

/// The number as the core takes it.
///
/// - Throws: ``ZerostackError/refused(_:)`` of ``ErrorKind/badConfig`` when it is out of range.
func exactly<Number: FixedWidthInteger>(_ value: some BinaryInteger, _ name: String) throws
    -> Number
{
    guard let number = Number(exactly: value) else {
        throw ZerostackError.refused(
            Fault(
                kind: .badConfig, code: 11, detail: .max,
                message: "\(name) is \(value), but must be from 0 to \(Number.max)"))
    }
    return number
}
