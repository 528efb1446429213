import Foundation

/// A configuration, tools and a transport: runs turns of conversations. It sends what the
/// ``Session`` wants sent, runs the tools that the model calls, all calls of a reply at the same time,
/// waits and tries again when the session asks for it.
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
/// It has its own conversation, ``session``. Any number of others run on it at the same time:
///
/// ```swift
/// let one = try agent.newSession(), other = try agent.newSession()
/// async let first = agent.run("What is in a.txt?", in: one)
/// async let second = agent.run("What is in b.txt?", in: other)
/// print(try await first.text, try await second.text)
/// ```
///
/// Cancelling the task of ``run(_:attachments:in:tools:onEvent:)``, or no longer reading a stream, ends
/// the turn: the request is broken off, the tools' tasks are cancelled, and the conversation is as if
/// the open reply had never begun.
public final class Agent: Sendable {
    /// The agent's own conversation.
    public let session: Session
    private let settings: Settings

    /// An agent with an empty conversation. The tools of `configuration` are those of `tools`.
    ///
    /// `badCalls` is what to do with calls of unknown tools and arguments that do not fit; more
    /// than `maxBadCalls` of them in one turn end it by ``ZerostackError/badCall(_:)``. `budget`
    /// bounds what all conversations take that have the same one.
    ///
    /// - Throws: As ``Session/init(_:capacity:)``; ``ZerostackError/badArguments(_:)`` when two
    ///   tools have the same name.
    public convenience init(
        _ configuration: Configuration, at endpoint: Endpoint, tools: [Tool] = [],
        transport: any Transport = URLSessionTransport(),
        capacity: Int = Session.defaultCapacity, badCalls: BadCallPolicy = .repair,
        maxBadCalls: Int = 32, budget: SharedBudget? = nil
    ) throws {
        let settings = try Settings(
            configuration, endpoint, tools, transport, capacity,
            CallRules(badCalls, most: maxBadCalls), budget)
        self.init(
            settings, session: try Session(settings.configuration, capacity: capacity))
    }

    /// An agent that continues a conversation from the bytes of ``snapshot``.
    ///
    /// - Throws: As ``Session/init(resuming:_:capacity:)``, and as above.
    public convenience init(
        resuming snapshot: Data, _ configuration: Configuration, at endpoint: Endpoint,
        tools: [Tool] = [], transport: any Transport = URLSessionTransport(),
        capacity: Int = Session.defaultCapacity, badCalls: BadCallPolicy = .repair,
        maxBadCalls: Int = 32, budget: SharedBudget? = nil
    ) throws {
        let settings = try Settings(
            configuration, endpoint, tools, transport, capacity,
            CallRules(badCalls, most: maxBadCalls), budget)
        self.init(
            settings,
            session: try Session(
                resuming: snapshot, settings.configuration, capacity: capacity))
    }

    private init(_ settings: Settings, session: Session) {
        (self.settings, self.session) = (settings, session)
    }

    /// An empty conversation with the configuration and the tools of this agent.
    ///
    /// - Throws: As ``Session/init(_:capacity:)``.
    public func newSession() throws -> Session {
        try Session(settings.configuration, capacity: settings.capacity)
    }

    /// A conversation that ``Session/snapshot`` gave, with the configuration and the tools of this agent.
    ///
    /// - Throws: As ``Session/init(resuming:_:capacity:)``.
    public func session(resuming snapshot: Data) throws -> Session {
        try Session(
            resuming: snapshot, settings.configuration, capacity: settings.capacity)
    }

    /// The agent's own conversation as bytes.
    public var snapshot: Data { session.snapshot }

    /// Its parts, oldest first.
    public var transcript: [Entry] { session.transcript }

    /// Tokens of its last turn, all requests together.
    public var usage: Usage { session.usage }

    /// The model's last answer in it.
    public var answer: String { session.answer }

    /// Runs one turn and returns the model's last reply.
    ///
    /// `attachments` are files for the text, `session` is the conversation, if it is not the
    /// agent's own, and `tools` are those of this turn alone; the provider's cache does not serve a
    /// turn whose tools are others.
    ///
    /// - Throws: ``ZerostackError/turnFailed(_:network:)``, `CancellationError`,
    ///   ``ZerostackError/busy`` when a turn of the same conversation runs, ``ZerostackError/badCall(_:)``,
    ///   ``ZerostackError/budgetUsedUp(_:)``, ``ZerostackError/refused(_:)`` when the text does not fit or
    ///   a file cannot be sent. Another turn can be run after any of them.
    @discardableResult
    public func run(
        _ text: String, attachments: [File] = [], in session: Session? = nil,
        tools: [Tool]? = nil, onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
    ) async throws -> Reply {
        let settings = try tools.map(settings.with) ?? settings
        return try await turn(settings, session) { turn in
            try await turn.say(text, attachments)
        } show: {
            onEvent($0)
        }
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
    ///   model said is in ``Session/answer``. ``ZerostackError/deferred(_:)`` when calls wait for
    ///   approval. And as ``run(_:attachments:in:tools:onEvent:)``.
    public func run<Value: Decodable & Sendable>(
        _ text: String, as type: Value.Type, schema: String? = nil, maxRepairs: Int = 2,
        attachments: [File] = [], in session: Session? = nil,
        onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
    ) async throws -> Value {
        let schema = try schema ?? Schema.of(type)
        var wanted = settings
        wanted.configuration.options.responseSchema = ResponseSchema(
            schema, maxRepairs: maxRepairs)
        let conversation = session ?? self.session
        var (text, attachments, left) = (text, attachments, maxRepairs)
        while true {
            let reply = try await turn(wanted, conversation) { [text, attachments] turn in
                try await turn.say(text, attachments)
            } show: {
                onEvent($0)
            }
            guard reply.deferred.isEmpty else { throw ZerostackError.deferred(reply.deferred) }
            guard reply.stop == .endTurn || reply.stop == .stopSequence else {
                throw ZerostackError.badAnswer("the model stopped before its end: \(reply.stop)")
            }
            do {
                return try decodedAnswer(conversation.answerJSON)
            } catch let error as Tool.CallError {
                guard left > 0 else { throw ZerostackError.badAnswer(error.description) }
                left -= 1
                attachments = []
                text =
                    "This is not the answer that was asked for: \(error.description). Answer again, "
                    + "with the whole JSON value and nothing else."
            }
        }
    }

    /// Goes on with the turn that is open, as it was when the snapshot was taken: open calls run, and the
    /// model is asked again. `decisions` are about calls that wait for approval, see ``Reply/deferred``;
    /// calls without a decision keep waiting.
    ///
    /// - Throws: As ``run(_:attachments:in:tools:onEvent:)``; ``ErrorKind/wrongStep`` when no turn is
    ///   open, ``ErrorKind/unknownCall`` for a decision about no open call: nothing changed.
    @discardableResult
    public func resume(
        _ decisions: [CallID: Decision] = [:], in session: Session? = nil,
        onEvent: @escaping @Sendable (AgentEvent) -> Void = { _ in }
    ) async throws -> Reply {
        try await turn(settings, session) { turn in
            try await turn.goOn(decisions)
        } show: {
            onEvent($0)
        }
    }

    /// Runs one turn and yields its events as they happen. A slow reader slows the turn down;
    /// whoever stops reading ends it.
    public func stream(
        _ text: String, attachments: [File] = [], in session: Session? = nil,
        tools: [Tool]? = nil
    ) -> AsyncThrowingStream<AgentEvent, any Error> {
        streamed(session, tools) { turn in try await turn.say(text, attachments) }
    }

    /// The same for the turn that is open, as ``resume(_:in:onEvent:)``.
    public func stream(
        resuming decisions: [CallID: Decision], in session: Session? = nil
    ) -> AsyncThrowingStream<AgentEvent, any Error> {
        streamed(session, nil) { turn in try await turn.goOn(decisions) }
    }

    /// Adds an instruction for the model besides the user's text: another mode, other skills,
    /// another prompt. It starts no turn.
    ///
    /// - Throws: ``ErrorKind/full``; ``ZerostackError/busy``.
    public func instruct(_ text: String, in session: Session? = nil) throws {
        let session = session ?? self.session
        try session.shared.take()
        defer { session.shared.giveBack() }
        try session.instruct(text)
    }

    /// Marks the current end of the agent's own conversation.
    public func checkpoint() -> Checkpoint { session.checkpoint() }

    /// Removes everything from it that was added since `checkpoint` was made.
    ///
    /// - Throws: ``ErrorKind/staleCheckpoint``; ``ZerostackError/busy``.
    public func rollback(to checkpoint: Checkpoint) throws {
        try session.shared.take()
        defer { session.shared.giveBack() }
        try session.rollback(to: checkpoint)
    }

    /// An agent with the same conversation, which continues it independently, as a subagent does.
    /// What is not given is that of this agent, its ``SharedBudget`` too.
    ///
    /// - Throws: As ``Session/fork(_:capacity:)``.
    public func fork(
        _ configuration: Configuration? = nil, at endpoint: Endpoint? = nil, tools: [Tool]? = nil,
        capacity: Int = Session.defaultCapacity
    ) throws -> Agent {
        let own = settings.configuration.tools.compactMap { settings.tools[$0.name] }
        let forked = try Settings(
            configuration ?? settings.configuration, endpoint ?? settings.endpoint, tools ?? own,
            settings.transport, capacity, settings.rules, settings.budget)
        return Agent(
            forked, session: try session.fork(forked.configuration, capacity: capacity))
    }

    private func turn(
        _ settings: Settings, _ session: Session?,
        begin: @escaping @Sendable (Turn) async throws -> Void,
        show: @escaping @Sendable (AgentEvent) async -> Void
    ) async throws -> Reply {
        let session = session ?? self.session
        try session.shared.take()
        defer { session.shared.giveBack() }
        if session.step == .idle { try session.configure(settings.configuration) }
        defer {
            // What was wanted for this turn alone; an open turn keeps it.
            if session.step == .idle { try? session.configure(self.settings.configuration) }
        }
        return try await Turn(session, settings, show).run(begin)
    }

    private func streamed(
        _ session: Session?, _ tools: [Tool]?,
        begin: @escaping @Sendable (Turn) async throws -> Void
    ) -> AsyncThrowingStream<AgentEvent, any Error> {
        let events = Channel<AgentEvent>(limit: 64)
        let task = Task {
            do {
                let settings = try tools.map(self.settings.with) ?? self.settings
                _ = try await self.turn(settings, session, begin: begin) { await events.send($0) }
                events.finish()
            } catch {
                events.finish(throwing: error)
            }
        }
        return events.stream { task.cancel() }
    }
}

/// What all turns of an agent have in common.
struct Settings: Sendable {
    var configuration: Configuration
    let endpoint: Endpoint
    private(set) var tools: [String: Tool]
    let transport: any Transport
    let capacity: Int
    let rules: CallRules
    let budget: SharedBudget?

    /// - Throws: ``ZerostackError/badArguments(_:)`` when two tools have the same name.
    init(
        _ configuration: Configuration, _ endpoint: Endpoint, _ tools: [Tool],
        _ transport: any Transport, _ capacity: Int, _ rules: CallRules, _ budget: SharedBudget?
    ) throws {
        (self.configuration, self.endpoint, self.tools) = (configuration, endpoint, [:])
        (self.transport, self.capacity) = (transport, capacity)
        (self.rules, self.budget) = (rules, budget)
        try set(tools)
    }

    /// The same with other tools.
    func with(_ tools: [Tool]) throws -> Settings {
        var other = self
        try other.set(tools)
        return other
    }

    private mutating func set(_ tools: [Tool]) throws {
        configuration.tools = tools.map(\.spec)
        self.tools = Dictionary(
            tools.map { ($0.spec.name, $0) }, uniquingKeysWith: { first, _ in first })
        guard self.tools.count == tools.count else {
            throw ZerostackError.badArguments("two tools have the same name")
        }
    }
}

extension Session {
    /// Takes this configuration, if it has another one.
    func configure(_ wanted: Configuration) throws {
        if shared.configuration != wanted { try setConfiguration(wanted) }
    }
}
