import Foundation

/// Runs turns: sends what the ``Session`` wants sent, runs the tools that the model calls, all calls
/// of a reply at the same time, waits and tries again when the session asks for it.
///
/// ```swift
/// let agent = try Agent(
///     Configuration(.anthropic, model: "some-model", system: "Be terse."),
///     at: Endpoint(.anthropic, key: key), tools: [read])
/// for try await event in agent.stream("What is in README.md?") {
///     if case .reply(.text(let text)) = event { print(text, terminator: "") }
/// }
/// ```
///
/// Cancelling the task of ``run(_:onEvent:)``, or no longer reading ``stream(_:)``, ends the turn:
/// the request is broken off, the tools' tasks are cancelled, and the conversation is as if the
/// open reply had never begun.
public actor Agent {
    private let session: Session
    private let configuration: Configuration
    private let endpoint: Endpoint
    private let transport: any Transport
    private let tools: [String: Tool]
    private let capacity: Int
    /// The turn that is going on.
    private var turn: Turn?

    /// An agent with an empty conversation. The tools of `configuration` are those of `tools`.
    ///
    /// - Throws: As ``Session/init(_:capacity:)``; ``ZerostackError/badArguments(_:)`` when two
    ///   tools have the same name.
    public init(
        _ configuration: Configuration, at endpoint: Endpoint, tools: [Tool] = [],
        transport: any Transport = URLSessionTransport(),
        capacity: Int = Session.defaultCapacity
    ) throws {
        try self.init(configuration, at: endpoint, tools: tools, transport, capacity) {
            try Session($0, capacity: capacity)
        }
    }

    /// An agent that goes on with a conversation that ``snapshot`` gave.
    ///
    /// - Throws: As ``Session/init(resuming:_:capacity:)``, and as above.
    public init(
        resuming snapshot: Data, _ configuration: Configuration, at endpoint: Endpoint,
        tools: [Tool] = [], transport: any Transport = URLSessionTransport(),
        capacity: Int = Session.defaultCapacity
    ) throws {
        try self.init(configuration, at: endpoint, tools: tools, transport, capacity) {
            try Session(resuming: snapshot, $0, capacity: capacity)
        }
    }

    private init(
        _ configuration: Configuration, at endpoint: Endpoint, tools: [Tool],
        _ transport: any Transport, _ capacity: Int,
        session: @Sendable (Configuration) throws -> Session
    ) throws {
        var configuration = configuration
        configuration.tools = tools.map(\.spec)
        let byName = Dictionary(
            tools.map { ($0.spec.name, $0) }, uniquingKeysWith: { first, _ in first })
        guard byName.count == tools.count else {
            throw ZerostackError.badArguments("two tools have the same name")
        }
        self.session = try session(configuration)
        (self.configuration, self.endpoint) = (configuration, endpoint)
        (self.transport, self.tools, self.capacity) = (transport, byName, capacity)
    }

    /// The conversation as bytes, for ``init(resuming:_:at:tools:transport:capacity:)``.
    public nonisolated var snapshot: Data { session.snapshot }

    /// All that was said, oldest first.
    public nonisolated var transcript: [Entry] { session.transcript }

    /// Tokens of the turn, all its requests together.
    public nonisolated var usage: Usage { session.usage }

    /// Runs one turn and returns what the model said at its end.
    ///
    /// - Throws: ``ZerostackError/turnFailed(_:network:)``, `CancellationError`,
    ///   ``ZerostackError/busy``, ``ZerostackError/refused(_:)`` when `text` does not fit. The agent
    ///   can run another turn after any of them.
    @discardableResult
    public func run(
        _ text: String, onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
    ) async throws -> Reply {
        try await runTurn({ onEvent($0) }, begin: { try await self.say(text) })
    }

    /// Runs one turn and returns its answer as a value: the request carries the schema of the type, and
    /// an answer that does not fit is asked for again, `maxRepairs` times at most.
    ///
    /// ```swift
    /// struct City: Decodable { let name: String; let inhabitants: Int }
    ///
    /// let city = try await agent.run("The largest city of Norway?", as: City.self)
    /// ```
    ///
    /// `schema` is one JSON object as text, for a type that ``Schema`` cannot describe.
    ///
    /// - Throws: ``ErrorKind/badAnswer`` as ``ZerostackError/turnFailed(_:network:)``, or
    ///   ``ZerostackError/badAnswer(_:)`` when the answer fits the schema and not the type; what the
    ///   model said is in ``answer``. And as ``run(_:onEvent:)``.
    public func run<Value: Decodable & Sendable>(
        _ text: String, as type: Value.Type, schema: String? = nil, maxRepairs: Int = 2,
        onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
    ) async throws -> Value {
        guard turn == nil else { throw ZerostackError.busy }
        let schema = try schema ?? Schema.of(type)
        var wanted = configuration
        wanted.options.responseSchema = ResponseSchema(schema, maxRepairs: maxRepairs)
        try session.setConfiguration(wanted)
        defer { try? session.setConfiguration(configuration) }
        var text = text
        var left = maxRepairs
        while true {
            let reply = try await run(text, onEvent: onEvent)
            guard reply.stop == .endTurn || reply.stop == .stopSequence else {
                throw ZerostackError.badAnswer("the model stopped before its end: \(reply.stop)")
            }
            do {
                return try decodedAnswer(session.answerJSON)
            } catch let error as Tool.CallError {
                guard left > 0 else { throw ZerostackError.badAnswer(error.description) }
                left -= 1
                text =
                    "This is not the answer that was asked for: \(error.description). Answer again, "
                    + "with the whole JSON value and nothing else."
            }
        }
    }

    /// What the model said last.
    public nonisolated var answer: String { session.answer }

    /// Goes on with the turn that was open when the snapshot was taken: open calls run, and the model
    /// is asked again.
    ///
    /// - Throws: As ``run(_:onEvent:)``; ``ErrorKind/wrongStep`` when no turn is open.
    @discardableResult
    public func resume(
        onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
    ) async throws -> Reply {
        try await runTurn(
            { onEvent($0) },
            begin: {
                guard self.session.step == .idle else { return }
                throw ZerostackError.refused(
                    Fault(
                        kind: .wrongStep, code: 2, detail: 0,
                        message: "no turn is open: run(_:onEvent:) begins one"))
            })
    }

    /// Runs one turn and gives what happens, as it happens. A slow reader slows the turn down; whoever
    /// stops reading ends it.
    public nonisolated func stream(_ text: String) -> AsyncThrowingStream<AgentEvent, any Error> {
        let events = Channel<AgentEvent>(limit: 64)
        let task = Task {
            do {
                try await self.runTurn(
                    { await events.send($0) }, begin: { try await self.say(text) })
                events.finish()
            } catch {
                events.finish(throwing: error)
            }
        }
        return events.stream { task.cancel() }
    }

    /// Says something to the model beside the user: another mode, other skills, another prompt. It
    /// starts no turn.
    ///
    /// - Throws: ``ErrorKind/full``; ``ZerostackError/busy``.
    public func instruct(_ text: String) throws {
        guard turn == nil else { throw ZerostackError.busy }
        try session.instruct(text)
    }

    /// Marks the end of the conversation as it is now.
    public func checkpoint() -> Checkpoint { session.checkpoint() }

    /// Removes everything added since `checkpoint` was made.
    ///
    /// - Throws: ``ErrorKind/staleCheckpoint``; ``ZerostackError/busy``.
    public func rollback(to checkpoint: Checkpoint) throws {
        guard turn == nil else { throw ZerostackError.busy }
        try session.rollback(to: checkpoint)
    }

    /// An agent with the same conversation, that goes on with it apart, as a subagent does. What is
    /// not given is that of this agent.
    ///
    /// - Throws: As ``Session/fork(_:capacity:)``.
    public nonisolated func fork(
        _ configuration: Configuration? = nil, at endpoint: Endpoint? = nil, tools: [Tool]? = nil,
        capacity: Int = Session.defaultCapacity
    ) throws -> Agent {
        let own = self.configuration.tools.compactMap { self.tools[$0.name] }
        return try Agent(
            configuration ?? self.configuration, at: endpoint ?? self.endpoint,
            tools: tools ?? own, transport, capacity
        ) { try session.fork($0, capacity: capacity) }
    }

    // The loop.

    /// What a turn carries along.
    private struct Turn {
        let show: @Sendable (AgentEvent) async -> Void
        let began = ContinuousClock.now
        /// What was said since the last request.
        var text = ""
        var stop = StopReason.other
        /// Why the last attempt got no response, or half of one.
        var network: String?
    }

    @discardableResult
    private func runTurn(
        _ show: @escaping @Sendable (AgentEvent) async -> Void,
        begin: @Sendable () async throws -> Void
    ) async throws -> Reply {
        guard turn == nil else { throw ZerostackError.busy }
        turn = Turn(show: show)
        defer { turn = nil }
        try await begin()
        let work = Task { try await self.finish() }
        let limit = configuration.limits.maxTurnTime
        let clock = limit > .zero ? Task { await cancel(work, after: limit) } : nil
        defer { clock?.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                work.cancel()
            }
        } catch {
            let turnFault = timeIsUp()
            session.abort()
            if let turnFault { throw turnFault }
            // A transport may have its own word for it.
            try Task.checkCancellation()
            throw error
        }
        return Reply(text: turn?.text ?? "", stop: turn?.stop ?? .other, usage: session.usage)
    }

    /// Tells the session the time; the error when that was all of it.
    private func timeIsUp() -> ZerostackError? {
        guard let turn else { return nil }
        do {
            try session.setTurnElapsed(ContinuousClock.now - turn.began)
        } catch ZerostackError.refused(let fault) {
            return failed(fault)
        } catch {
            return nil
        }
        return nil
    }

    /// Adds the text, and takes the oldest turns out as long as it does not fit. A text that never
    /// fits changes nothing.
    private func say(_ text: String) async throws {
        guard try !says(text, session) else { return }
        let trial = try session.fork(configuration, capacity: capacity)
        var drops = 0
        repeat {
            try trial.dropOldest()
            drops += 1
        } while try !says(text, trial)
        for _ in 0..<drops {
            await turn?.show(.dropped(bytes: try session.dropOldest()))
        }
        try session.user(text)
    }

    /// Adds the text, if there is room.
    private func says(_ text: String, _ session: Session) throws -> Bool {
        do {
            try session.user(text)
            return true
        } catch ZerostackError.refused(let fault) where fault.kind == .full {
            return false
        }
    }

    /// Does what the session wants until the turn is over.
    private func finish() async throws {
        while session.step != .idle {
            try Task.checkCancellation()
            do {
                try await advance()
            } catch ZerostackError.refused(let fault) {
                throw failed(fault)
            }
        }
    }

    /// Does what the session wants next.
    private func advance() async throws {
        switch session.step {
        case .idle:
            break
        case .send, .receive:
            try await exchange()
        case .runTools:
            try await runTools()
        case .wait(let duration):
            let reason = turn?.network ?? session.failure.map(reason) ?? "no reason"
            await turn?.show(.retry(after: duration, reason: reason))
            try await Task.sleep(for: duration)
            try session.retry()
        case .makeRoom where configuration.limits.room == .ask:
            await turn?.show(.dropped(bytes: try session.dropOldest()))
        case .makeRoom:
            await see(try session.makeRoom())
        case .unknown:
            throw ZerostackError.refused(
                Fault(
                    kind: .unsupported, code: 13, detail: 0,
                    message: "the library is newer than this package: build both from one source"))
        }
    }

    /// Sends the request and feeds the response.
    private func exchange() async throws {
        turn?.text = ""
        turn?.network = nil
        var hasBegun = false
        let request = try endpoint.request(for: try session.request())
        do {
            let response = try await transport.send(request)
            try session.beginResponse(status: response.status, retryAfter: response.retryAfter())
            hasBegun = true
            if response.status >= 300 {
                try await feed(await refusal(response.body))
            } else {
                for try await bytes in response.body {
                    try await feed(bytes)
                    if session.step != .receive || session.isReplyComplete { break }
                }
            }
        } catch let error as ZerostackError {
            throw error
        } catch let error where isFinal(error) {
            throw ZerostackError.untrusted(sentence(error))
        } catch {
            turn?.network = sentence(error)
        }
        try Task.checkCancellation()
        // Calls that are found in the text come before the end.
        while session.step == .receive || (session.step == .send && !hasBegun) {
            let event = try session.endResponse()
            await see(event)
            if case .restart = event, let field = session.switchedOff {
                let why = session.failure.map(reason) ?? "the request was refused"
                let reason = "\(why); what follows goes without it (\(field) of its profile)"
                await turn?.show(.retry(after: .zero, reason: reason))
            }
            guard case .recovered = event else { break }
        }
    }

    /// The body of a refusal, as far as it comes within a second: the rest is not worth a wait.
    private func refusal(_ body: AsyncThrowingStream<Data, any Error>) async -> Data {
        let reading = Task {
            var text = Data()
            do {
                for try await bytes in body {
                    text += bytes
                    if text.count >= Self.pieceBytes { break }
                }
            } catch {
                // The status says enough.
            }
            return text
        }
        let limit = Task {
            try await Task.sleep(for: Self.refusalLimit)
            reading.cancel()
        }
        defer { limit.cancel() }
        return await withTaskCancellationHandler {
            await reading.value
        } onCancel: {
            reading.cancel()
        }
    }

    private func feed(_ bytes: Data) async throws {
        // A piece at a time, so that few events wait to be shown.
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: Self.pieceBytes) {
            guard session.step == .receive else { return }
            var events: [Event] = []
            var failure: (any Error)?
            do {
                let end = min(start + Self.pieceBytes, bytes.endIndex)
                try session.feed(bytes[start..<end]) { events.append($0) }
            } catch {
                failure = error
            }
            for event in events { await see(event) }
            guard let failure else { continue }
            // Room can be made, and the request sent again.
            guard failure is ZerostackError, case .makeRoom = session.step else { throw failure }
            await see(.restart)
        }
    }

    private static let pieceBytes = 16 * 1024
    private static let refusalLimit = Duration.seconds(1)

    private func see(_ event: Event) async {
        switch event {
        case .text(let text): turn?.text += text
        case .restart: turn?.text = ""
        case .recovered: turn?.text = session.answer
        case .end(let reason): turn?.stop = reason
        default: break
        }
        await turn?.show(.reply(event))
    }

    private func failed(_ fault: Fault) -> ZerostackError {
        session.failure.map { .turnFailed($0, network: turn?.network) } ?? .refused(fault)
    }

    private func reason(_ failure: Failure) -> String {
        ZerostackError.turnFailed(failure, network: nil).description
    }

    /// Runs all open calls at the same time, and takes their results as they come.
    ///
    /// The tasks are not children of this one: a tool that ignores its cancellation is left behind,
    /// and does not hold the turn.
    private func runTools() async throws {
        let calls = session.pendingCalls
        let (outputs, output) = AsyncStream<(ToolCall, ToolOutput)>.makeStream()
        var tasks: [Task<Void, Never>] = []
        defer {
            for task in tasks { task.cancel() }
        }
        for call in calls {
            let tool = tools[call.name]
            let names = tools.keys.sorted().joined(separator: ", ")
            tasks.append(
                Task {
                    let unknown = ToolOutput(
                        content: "there is no tool \"\(call.name)\"; the tools are: \(names)",
                        isError: true)
                    output.yield((call, await tool?.output(for: call.arguments) ?? unknown))
                })
            if let timeout = tool?.timeout {
                tasks.append(
                    Task {
                        guard (try? await Task.sleep(for: timeout)) != nil else { return }
                        let late = ToolOutput(
                            content: "the tool gave no result within \(timeout)", isError: true)
                        output.yield((call, late))
                    })
            }
        }
        var open = Set(calls.map(\.id))
        for await (call, result) in outputs where open.remove(call.id) != nil {
            let leftOut = try session.toolResult(
                call.id, result.content, isError: result.isError)
            await turn?.show(
                .toolResult(
                    call, content: result.content, isError: result.isError, leftOutBytes: leftOut))
            if open.isEmpty { break }
        }
        // The stream also ends when this task is cancelled.
        try Task.checkCancellation()
    }
}

/// Something that happened in a turn.
public enum AgentEvent: Sendable, Hashable {
    /// The model says something.
    case reply(Event)
    /// A tool answered; so many bytes of its output are not told to the model.
    case toolResult(ToolCall, content: String, isError: Bool, leftOutBytes: Int)
    /// The request is sent again after a wait.
    case retry(after: Duration, reason: String)
    /// The oldest exchange was taken out, to make room.
    case dropped(bytes: Int)
}

/// What the model said at the end of a turn.
public struct Reply: Sendable, Hashable {
    /// The text after the last tool call.
    public let text: String
    /// Why it stopped.
    public let stop: StopReason
    /// Tokens of the turn, all its requests together.
    public let usage: Usage
}

/// Cancels `work` when its time is up.
private func cancel(_ work: Task<Void, any Error>, after limit: Duration) async {
    if (try? await Task.sleep(for: limit)) != nil { work.cancel() }
}

/// Whether another attempt would fail in the same way: the server is not to be trusted.
private func isFinal(_ error: any Error) -> Bool {
    let final: [URLError.Code] = [
        .serverCertificateUntrusted, .serverCertificateHasBadDate,
        .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid,
        .clientCertificateRejected, .clientCertificateRequired,
        .appTransportSecurityRequiresSecureConnection,
    ]
    guard let error = error as? URLError else { return false }
    // On Linux only curl's words tell.
    let isUnknown = error.code == .unknown && sentence(error).contains("certificate")
    return isUnknown || final.contains(error.code)
}
