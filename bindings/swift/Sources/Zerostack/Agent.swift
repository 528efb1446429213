import Foundation

/// Runs turns: sends what the ``Session`` wants sent, runs the tools that the model calls, all calls
/// of a reply at the same time, waits and tries again when the session says so.
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
    private let endpoint: Endpoint
    private let transport: any Transport
    private let tools: [String: Tool]
    private var isRunning = false

    /// An agent with an empty conversation. The tools of `configuration` are those of `tools`.
    ///
    /// - Throws: As ``Session/init(_:capacity:)``; ``ZerostackError/badArguments(_:)`` when two
    ///   tools have the same name.
    public init(
        _ configuration: Configuration, at endpoint: Endpoint, tools: [Tool] = [],
        transport: any Transport = URLSessionTransport(),
        capacity: Int = Session.defaultCapacity
    ) throws {
        let (configuration, tools) = try configured(configuration, tools)
        session = try Session(configuration, capacity: capacity)
        (self.endpoint, self.transport, self.tools) = (endpoint, transport, tools)
    }

    /// An agent that goes on with a conversation that ``snapshot`` gave.
    ///
    /// - Throws: As ``Session/init(resuming:_:capacity:)``, and as above.
    public init(
        resuming snapshot: Data, _ configuration: Configuration, at endpoint: Endpoint,
        tools: [Tool] = [], transport: any Transport = URLSessionTransport(),
        capacity: Int = Session.defaultCapacity
    ) throws {
        let (configuration, tools) = try configured(configuration, tools)
        session = try Session(resuming: snapshot, configuration, capacity: capacity)
        (self.endpoint, self.transport, self.tools) = (endpoint, transport, tools)
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
        try await turn(onEvent) { turn in
            try self.say(text, &turn)
        }
    }

    /// Goes on with a turn that was not over when its snapshot was taken; with none open it returns
    /// an empty reply.
    ///
    /// - Throws: As ``run(_:onEvent:)``.
    @discardableResult
    public func finishTurn(
        onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
    ) async throws -> Reply {
        try await turn(onEvent) { _ in }
    }

    /// Runs one turn and gives what happens, as it happens. Whoever stops reading ends the turn.
    public nonisolated func stream(_ text: String) -> AsyncThrowingStream<AgentEvent, any Error> {
        AsyncThrowingStream { events in
            let task = Task {
                do {
                    try await self.run(text) { events.yield($0) }
                    events.finish()
                } catch {
                    events.finish(throwing: error)
                }
            }
            events.onTermination = { _ in task.cancel() }
        }
    }

    // The loop.

    /// What a turn carries along.
    private struct Turn {
        let show: (AgentEvent) -> Void
        /// What was said since the last request.
        var text = ""
        var stop = StopReason.other
        /// Why the last attempt got no response, or half of one.
        var network: String?
    }

    private func turn(
        _ show: @escaping (AgentEvent) -> Void, begin: (inout Turn) throws -> Void
    ) async throws -> Reply {
        guard !isRunning else { throw ZerostackError.busy }
        isRunning = true
        defer { isRunning = false }
        var turn = Turn(show: show)
        try begin(&turn)
        do {
            while session.step != .idle {
                try Task.checkCancellation()
                try await advance(&turn)
            }
        } catch {
            session.abort()
            // A transport may have its own word for it.
            try Task.checkCancellation()
            throw error
        }
        return Reply(text: turn.text, stop: turn.stop, usage: session.usage)
    }

    /// Adds the text, and takes the oldest turns out as long as it does not fit.
    private func say(_ text: String, _ turn: inout Turn) throws {
        while true {
            do {
                return try session.user(text)
            } catch ZerostackError.refused(let fault) where fault.kind == .full {
                turn.show(.dropped(bytes: try session.dropOldest()))
            }
        }
    }

    /// Does what the session wants next.
    private func advance(_ turn: inout Turn) async throws {
        switch session.step {
        case .idle:
            break
        case .send, .receive:
            try await exchange(&turn)
        case .runTools:
            try await runTools(&turn)
        case .wait(let duration):
            let reason = turn.network ?? session.failure.map(reason) ?? "no reason"
            turn.show(.retry(after: duration, reason: reason))
            try await Task.sleep(for: duration)
            try session.retry()
        case .makeRoom:
            turn.show(.dropped(bytes: try session.dropOldest()))
        case .unknown:
            throw ZerostackError.refused(
                Fault(
                    kind: .unsupported, code: 13, detail: 0,
                    message: "the library is newer than this package: build both from one source"))
        }
    }

    /// Sends the request and feeds the response.
    private func exchange(_ turn: inout Turn) async throws {
        (turn.text, turn.network) = ("", nil)
        let request = try endpoint.request(for: try session.request())
        do {
            let response = try await transport.send(request)
            try session.beginResponse(status: response.status, retryAfter: response.retryAfter())
            for try await bytes in response.body {
                try feed(bytes, &turn)
                if session.step != .receive || session.isReplyComplete { break }
            }
        } catch let error as ZerostackError {
            throw error
        } catch {
            turn.network = sentence(error)
        }
        try Task.checkCancellation()
        if session.step == .send || session.step == .receive {
            do {
                see(try session.endResponse(), &turn)
            } catch ZerostackError.refused(let fault) {
                throw failed(fault, turn)
            }
        }
    }

    private func feed(_ bytes: Data, _ turn: inout Turn) throws {
        do {
            var seen: [Event] = []
            defer { seen.forEach { see($0, &turn) } }
            try session.feed(bytes) { seen.append($0) }
        } catch ZerostackError.refused(let fault) {
            guard case .makeRoom = session.step else { throw failed(fault, turn) }
            // Room can be made, and the request sent again.
            see(.restart, &turn)
        }
    }

    private func see(_ event: Event, _ turn: inout Turn) {
        switch event {
        case .text(let text): turn.text += text
        case .restart: turn.text = ""
        case .end(let reason): turn.stop = reason
        default: break
        }
        turn.show(.reply(event))
    }

    private func failed(_ fault: Fault, _ turn: Turn) -> ZerostackError {
        session.failure.map { .turnFailed($0, network: turn.network) } ?? .refused(fault)
    }

    private func reason(_ failure: Failure) -> String {
        ZerostackError.turnFailed(failure, network: nil).description
    }

    /// Runs all open calls at the same time, and takes their results as they come.
    ///
    /// The tasks are not children of this one: a tool that ignores its cancellation is left behind,
    /// and does not hold the turn.
    private func runTools(_ turn: inout Turn) async throws {
        let calls = session.pendingCalls
        let (outputs, output) = AsyncStream<(ToolCall, ToolOutput)>.makeStream()
        var tasks: [Task<Void, Never>] = []
        defer { tasks.forEach { $0.cancel() } }
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
            turn.show(
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
    /// The text behind the last tool call.
    public let text: String
    /// Why it stopped.
    public let stop: StopReason
    /// Tokens of the turn, all its requests together.
    public let usage: Usage
}

/// The configuration with the tools, and the tools by name.
private func configured(
    _ configuration: Configuration, _ tools: [Tool]
) throws -> (Configuration, [String: Tool]) {
    var configuration = configuration
    configuration.tools = tools.map(\.spec)
    let byName = Dictionary(tools.map { ($0.spec.name, $0) }, uniquingKeysWith: { first, _ in first })
    guard byName.count == tools.count else {
        throw ZerostackError.badArguments("two tools have the same name")
    }
    return (configuration, byName)
}
