import Foundation
internal import ZerostackGenerated

/// One conversation with a model: the state machine that a runtime drives. It does no I/O.
///
/// Ask ``step`` what to do, do it, ask again. ``Agent`` does this over `URLSession`.
///
/// | step | what the caller does |
/// |---|---|
/// | ``Step/idle`` | ``user(_:)``, or stop |
/// | ``Step/send`` | send ``request()``, then ``beginResponse(status:retryAfter:)`` |
/// | ``Step/receive`` | ``feed(_:_:)`` the body, then ``endResponse()`` |
/// | ``Step/runTools`` | answer each of ``pendingCalls`` by ``toolResult(_:_:isError:)`` |
/// | ``Step/wait(_:)`` | sleep, then ``retry()`` |
/// | ``Step/makeRoom(bytes:)`` | ``makeRoom()``, or ``compact(_:keepTurns:)`` or ``dropOldest()`` |
///
/// A call that does not fit the step throws ``ErrorKind/wrongStep`` and changes nothing. Each call
/// is whole, from any thread; the order of calls is the caller's matter.
public final class Session: Sendable {
    let core: ZerostackGenerated.Session
    /// The files of the conversation.
    let files: Files
    /// What agents know of it.
    let shared: SessionState

    /// Starts an empty conversation that may grow to `capacity` bytes.
    ///
    /// - Throws: ``ErrorKind/badConfig`` when the configuration cannot be used, ``ErrorKind/full``
    ///   when there is not even room for a beginning.
    public convenience init(_ configuration: Configuration, capacity: Int = Session.defaultCapacity)
        throws
    {
        let limit: UInt64 = try exactly(capacity, "capacity")
        let core = try translated {
            try ZerostackGenerated.Session(
                config: configuration.core(), capacityBytes: limit)
        }
        self.init(core, configuration)
    }

    /// Goes on with a conversation that ``snapshot`` gave. Its bytes are checked, not trusted.
    ///
    /// - Throws: ``ErrorKind/badTranscript``, and as ``init(_:capacity:)``.
    public convenience init(
        resuming snapshot: Data, _ configuration: Configuration,
        capacity: Int = Session.defaultCapacity
    ) throws {
        let limit: UInt64 = try exactly(capacity, "capacity")
        let core = try translated {
            try ZerostackGenerated.Session.resume(
                snapshot: snapshot, config: configuration.core(), capacityBytes: limit)
        }
        self.init(core, configuration)
    }

    /// Goes on with a conversation as JSON Lines, as ``jsonLines`` or a person wrote them.
    ///
    /// - Throws: ``ErrorKind/badLine``: the message has the line and its fault; and as
    ///   ``init(_:capacity:)``.
    public convenience init(
        jsonLines: Data, _ configuration: Configuration,
        capacity: Int = Session.defaultCapacity
    ) throws {
        let limit: UInt64 = try exactly(capacity, "capacity")
        let core = try translated {
            try ZerostackGenerated.Session.fromJsonLines(
                lines: jsonLines, config: configuration.core(), capacityBytes: limit)
        }
        self.init(core, configuration)
    }

    /// The largest size of a conversation by default: 16 MiB.
    public static let defaultCapacity = 16 * 1024 * 1024

    // Looking.

    /// What to do now.
    public var step: Step { Step(core.step()) }

    /// The conversation as plain versioned bytes, for ``init(resuming:_:capacity:)``. It does not
    /// include the reply being received.
    public var snapshot: Data { core.snapshot() }

    /// All parts, oldest first.
    public var transcript: [Entry] { core.transcript().map { Entry($0) } }

    /// The model's last answer: the text of the reply at the end of the conversation.
    public var answer: String { core.answer() }

    /// The JSON of that, without white space and a fence around it: what
    /// ``RequestOptions/responseSchema`` asks for.
    public var answerJSON: String { core.answerJson() }

    /// Changes the configuration from the next turn on: other tools, other options, another model.
    ///
    /// - Throws: ``ErrorKind/wrongStep`` outside of ``Step/idle``, and as ``init(_:capacity:)``;
    ///   nothing changed.
    public func setConfiguration(_ configuration: Configuration) throws {
        try translated { try core.setConfig(config: configuration.core()) }
        shared.setConfiguration(configuration)
    }

    /// The same as JSON Lines, one part a line, for people and for ``init(jsonLines:_:capacity:)``.
    public var jsonLines: Data { core.jsonLines() }

    /// Tokens of the turn, as the provider counted them, all its rounds together.
    public var usage: Usage { Usage(core.usage()) }

    /// Tokens of the next request: the provider's count, and the count of the rest here.
    public var windowTokens: (measured: Int, estimated: Int) {
        let tokens = core.windowTokens()
        return (Int(tokens.measured), Int(tokens.estimated))
    }

    /// What all turns together took that an ``Agent`` ran in this session.
    public var totals: Totals { shared.totals }

    /// Whether the current request is the session's own, for a summary.
    public var isCompacting: Bool { core.isCompacting() }

    /// The provider's own stop reason; empty until it sends one.
    public var rawStopReason: String { core.rawStopReason() }

    /// Whether the reply is complete, so that the rest of the body need not be read.
    public var isReplyComplete: Bool { core.isReplyComplete() }

    /// Why the last turn failed, or the last attempt of this one; `nil` after a good reply.
    public var failure: Failure? { core.failure().map { Failure($0) } }

    /// The field of the profile that the server has refused in the last attempt, after
    /// ``Event/restart``: later requests omit it.
    public var switchedOff: String? { core.switchedOff() }

    /// All tool calls without an answer, in the order of the model.
    public var pendingCalls: [ToolCall] { core.pendingCalls().map { ToolCall($0) } }

    // The turn, in order.

    /// Adds the user's text and starts a turn.
    ///
    /// - Throws: ``ErrorKind/full``: nothing was added. ``ErrorKind/wrongStep``.
    public func user(_ text: String) throws {
        try translated { try core.user(text: text) }
    }

    /// Adds an instruction for the model besides the user's text: another mode, other skills,
    /// another prompt. It starts no turn.
    ///
    /// - Throws: ``ErrorKind/full``: nothing was added. ``ErrorKind/wrongStep`` outside of
    ///   ``Step/idle``.
    public func instruct(_ text: String) throws {
        try translated { try core.instruct(text: text) }
    }

    /// What to send in this step, with the bytes of files, which are read now. Asking again gives the
    /// same bytes.
    ///
    /// - Throws: ``ErrorKind/missingAttachment`` for a file that was not given since the conversation was
    ///   resumed, ``ErrorKind/attachmentLength`` for one that is not as long as it was,
    ///   ``ZerostackError/badFile(_:)``; ``ErrorKind/wrongStep``.
    public func request() throws -> Request {
        let begun = try translated { try core.beginRequest() }
        return Request(begun.head, try whole(begun.body))
    }

    /// The head of the response arrived, with any status: the body of a refusal decides about
    /// another attempt. `retryAfter` is the wait that the server asks for, if any.
    ///
    /// - Throws: ``ErrorKind/wrongStep``.
    public func beginResponse(status: Int, retryAfter: Duration? = nil) throws {
        let wish = retryAfter.map { UInt32(clamping: $0.milliseconds) }
        let status = UInt16(clamping: status)
        try translated { try core.beginResponse(status: status, retryAfterMs: wish) }
    }

    /// Takes bytes of the body, cut anywhere, even inside a character, and gives `handle` what
    /// happened, in order.
    ///
    /// ``Event/restart`` ends the step: the reply was broken, is taken out and will be asked for
    /// again.
    ///
    /// - Throws: What `handle` throws; the bytes were taken all the same, and the events after it are
    ///   lost. After all events: ``ErrorKind/badResponse``, ``ErrorKind/full``,
    ///   ``ErrorKind/tooLong``, ``ErrorKind/limit``: the turn failed, or ``step`` is
    ///   ``Step/makeRoom(bytes:)`` when room can be made. ``ErrorKind/wrongStep``.
    public func feed(_ bytes: some ContiguousBytes, _ handle: (Event) throws -> Void) throws {
        let data = (bytes as? Data) ?? bytes.withUnsafeBytes { Data($0) }
        let fed = try translated { try core.feed(chunk: data) }
        for event in fed.events {
            try handle(Event(event))
        }
        if let fault = fed.fault {
            throw ZerostackError.refused(Fault(fault))
        }
    }

    /// The body ended, or the connection broke, or the caller stops reading after
    /// ``isReplyComplete``. In the step ``Step/send`` it means that there was no response.
    ///
    /// - Returns: ``Event/end(_:)``, or ``Event/restart`` when the request is to be sent again;
    ///   ``Event/recovered(calls:)`` when calls were found in the text: then the step is still
    ///   ``Step/receive``, and the next call returns the end.
    /// - Throws: The turn failed, and ``failure`` has the details: ``ErrorKind/status``,
    ///   ``ErrorKind/cut``, ``ErrorKind/badResponse``, ``ErrorKind/truncated``,
    ///   ``ErrorKind/unreachable``; or ``ErrorKind/wrongStep``.
    public func endResponse() throws -> Event {
        Event(try translated { try core.endResponse() })
    }

    /// Answers one call, in any order; after the last one the step is ``Step/send``.
    ///
    /// - Returns: The bytes that were left out of the middle because of ``Limits/maxResultBytes``.
    /// - Throws: ``ErrorKind/unknownCall`` for an id that is not pending; ``ErrorKind/full``:
    ///   nothing was added; ``ErrorKind/limit`` when the turn has no round left;
    ///   ``ErrorKind/wrongStep``.
    @discardableResult
    public func toolResult(_ id: CallID, _ content: String, isError: Bool = false) throws -> Int {
        Int(
            try translated {
                try core.toolResult(id: id.number, content: content, isError: isError)
            })
    }

    /// The wait is over.
    ///
    /// - Throws: ``ErrorKind/wrongStep``.
    public func retry() throws {
        try translated { try core.retry() }
    }

    /// Ends the turn now, in any step. The current reply is removed, and open calls get the result
    /// "aborted".
    public func abort() {
        core.abort()
    }

    /// Says that the turn has taken so long, by the caller's clock; in any step.
    ///
    /// - Throws: ``ErrorKind/limit`` when that is all of ``Limits/maxTurnTime``: the turn was ended,
    ///   as by ``abort()``.
    public func setTurnElapsed(_ duration: Duration) throws {
        let turnMs = UInt32(clamping: duration.milliseconds)
        try translated { try core.setTurnElapsedMs(turnMs: turnMs) }
    }

    // Rolling back, and forking.

    /// Marks the current end of the conversation, without the reply being received.
    public func checkpoint() -> Checkpoint { Checkpoint(core: core.checkpoint()) }

    /// Removes everything added since `checkpoint` was made, in any step; an open turn ends.
    ///
    /// - Throws: ``ErrorKind/staleCheckpoint`` when room was made since, or its place no longer
    ///   exists; nothing changed.
    public func rollback(to checkpoint: Checkpoint) throws {
        try translated { try core.rollback(checkpoint: checkpoint.core) }
    }

    /// The same conversation in a separate session, to continue it independently. Another model,
    /// another provider and other tools are allowed. Open calls are open there too.
    ///
    /// - Throws: ``ErrorKind/full`` when `capacity` is too little, and as ``init(_:capacity:)``.
    public func fork(
        _ configuration: Configuration, capacity: Int = Session.defaultCapacity
    ) throws -> Session {
        let limit: UInt64 = try exactly(capacity, "capacity")
        return try translated {
            Session(
                try core.fork(config: configuration.core(), capacityBytes: limit), configuration,
                Files(files))
        }
    }

    private init(
        _ core: ZerostackGenerated.Session, _ configuration: Configuration, _ files: Files = Files()
    ) {
        (self.core, self.files, shared) = (core, files, SessionState(configuration))
    }

    // Room.

    /// Makes room by ``Limits/room``, and returns the result: ``Event/truncated(_:bytes:)``, or
    /// ``Event/compacting`` when the model is asked for a summary first.
    ///
    /// - Throws: ``ErrorKind/full`` or ``ErrorKind/windowTooLong`` if nothing more can be removed:
    ///   the turn failed. ``ErrorKind/wrongStep`` outside of ``Step/makeRoom(bytes:)``, and
    ///   with ``RoomPolicy/ask``.
    public func makeRoom() throws -> Event {
        Event(try translated { try core.makeRoom() })
    }

    /// Replaces the oldest turns by `summary`, which the model sees as the user's text; the last
    /// `keepTurns` stay, the running one always.
    ///
    /// - Throws: ``ErrorKind/full`` when the summary does not fit; nothing changed.
    ///   ``ErrorKind/wrongStep`` outside of ``Step/idle``, ``Step/send`` and
    ///   ``Step/makeRoom(bytes:)``.
    public func compact(_ summary: String, keepTurns: Int) throws {
        let keep: UInt32 = try exactly(keepTurns, "keepTurns")
        try translated { try core.compact(summary: summary, keepTurns: keep) }
    }

    /// Takes out the oldest exchange: the oldest turn, or the oldest round of the running turn.
    ///
    /// - Returns: The bytes that this freed.
    /// - Throws: ``ErrorKind/full`` or ``ErrorKind/windowTooLong`` if nothing more can be removed;
    ///   in the step ``Step/makeRoom(bytes:)`` the turn failed. ``ErrorKind/wrongStep``.
    @discardableResult
    public func dropOldest() throws -> Int {
        Int(try translated { try core.dropOldest() })
    }
}

/// A place in a conversation to go back to, see ``Session/rollback(to:)``.
public struct Checkpoint: Sendable {
    fileprivate let core: ZerostackGenerated.Checkpoint
}

/// What to do now.
public enum Step: Sendable, Hashable {
    /// Nothing is going on: ``Session/user(_:)``, or stop.
    case idle
    /// Send ``Session/request()``, then call ``Session/beginResponse(status:retryAfter:)``.
    case send
    /// Give the body to ``Session/feed(_:_:)``, then call ``Session/endResponse()``.
    case receive
    /// Answer each of ``Session/pendingCalls`` by ``Session/toolResult(_:_:isError:)``.
    case runTools
    /// Wait so long, then call ``Session/retry()``.
    case wait(Duration)
    /// Call ``Session/makeRoom()``, or ``Session/compact(_:keepTurns:)`` or
    /// ``Session/dropOldest()``: this many bytes of the storage are missing; 0 if the window is too
    /// long.
    case makeRoom(bytes: Int)
    /// A step that this version does not name: ``Session/abort()``.
    case unknown
}

/// A request to post. It holds no key: the caller adds it.
public struct Request: Sendable, Hashable {
    /// The HTTP method.
    public let method: String
    /// The path under the provider's base URL, `?` and all after it included.
    public let path: String
    /// Headers besides the key, with names in lower case.
    public let headers: [String: String]
    /// The whole body.
    public let body: Data
}

// From the core.

extension Step {
    fileprivate init(_ core: ZerostackGenerated.Step) {
        switch core {
        case .idle: self = .idle
        case .send: self = .send
        case .receive: self = .receive
        case .runTools: self = .runTools
        case .wait(let millis): self = .wait(.milliseconds(Int64(millis)))
        case .makeRoom(let bytes): self = .makeRoom(bytes: Int(bytes))
        case .unknown: self = .unknown
        }
    }
}

extension Request {
    fileprivate init(_ core: ZerostackGenerated.Request, _ body: Data) {
        method = core.method
        path = core.path
        // The core's own, each name once.
        headers = Dictionary(uniqueKeysWithValues: core.headers.map { ($0.name, $0.value) })
        self.body = body
    }
}
