import Foundation

/// One turn of a conversation: does what the session wants done, until it is over or waits for
/// approval.
actor Turn {
    let session: Session
    let settings: Settings
    let show: @Sendable (AgentEvent) async -> Void
    private let began = ContinuousClock.now
    /// The text since the last request.
    var text = ""
    var stop = StopReason.other
    /// Why the last attempt got no response, or half of one.
    var network: String?
    /// Calls of the reply; the session answers those whose arguments are no JSON itself.
    var replyCalls = 0
    var rules: CallRules
    var decisions: [CallID: Decision] = [:]
    /// The calls that wait, where nothing else is to be done.
    private var deferred: [ToolCall] = []
    private var requests = 0

    init(
        _ session: Session, _ settings: Settings,
        _ show: @escaping @Sendable (AgentEvent) async -> Void
    ) {
        (self.session, self.settings, self.show) = (session, settings, show)
        rules = settings.rules
    }

    /// Drives the turn that `begin` begins to its end.
    func run(_ begin: @Sendable (Turn) async throws -> Void) async throws -> Reply {
        try await begin(self)
        let work = Task { try await self.finish() }
        let limit = settings.configuration.limits.maxTurnTime
        let clock = limit > .zero ? Task { await cancel(work, after: limit) } : nil
        defer { clock?.cancel() }
        defer { count() }
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
        return Reply(text: text, stop: stop, usage: session.usage, deferred: deferred)
    }

    /// Adds the user's `text`. The oldest turns are removed as long as it does not fit; a text that
    /// never fits changes nothing.
    func say(_ text: String, _ files: [File]) async throws {
        if try !says(text, files, session) {
            let trial = try session.fork(settings.configuration, capacity: settings.capacity)
            var drops = 0
            repeat {
                try trial.dropOldest()
                drops += 1
            } while try !says(text, files, trial)
            for _ in 0..<drops {
                await show(.dropped(bytes: try session.dropOldest()))
            }
            guard try says(text, files, session) else { return }
        }
        settings.budget?.add(session.shared.beginTurn())
    }

    /// Goes on with the turn that is open.
    func goOn(_ decisions: [CallID: Decision]) throws {
        guard session.step != .idle else {
            throw ZerostackError.refused(
                Fault(
                    kind: .wrongStep, code: 2, detail: 0,
                    message: "no turn is open: run(_:) begins one"))
        }
        let open = session.pendingCalls.map(\.id)
        if let unknown = decisions.keys.first(where: { !open.contains($0) }) {
            let ids = open.map { "\($0.number)" }.joined(separator: ", ")
            throw ZerostackError.refused(
                Fault(
                    kind: .unknownCall, code: 9, detail: unknown.number,
                    message: "no call with the id \(unknown.number) is open; the open ones are: "
                        + ids)
            )
        }
        self.decisions = decisions
    }

    /// Adds the text, if there is room.
    private func says(_ text: String, _ files: [File], _ session: Session) throws -> Bool {
        do {
            try session.user(text, attachments: files)
            return true
        } catch ZerostackError.refused(let fault) where fault.kind == .full {
            return false
        }
    }

    /// Tells the session the time; the error when that was all of it.
    private func timeIsUp() -> ZerostackError? {
        do {
            try session.setTurnElapsed(ContinuousClock.now - began)
        } catch ZerostackError.refused(let fault) {
            return failed(fault)
        } catch {
            return nil
        }
        return nil
    }

    /// Follows the session's steps until the turn is over.
    private func finish() async throws {
        while session.step != .idle, deferred.isEmpty {
            try Task.checkCancellation()
            do {
                try await advance()
            } catch ZerostackError.refused(let fault) {
                throw failed(fault)
            }
        }
    }

    /// Does the session's next step.
    private func advance() async throws {
        switch session.step {
        case .idle:
            break
        case .send, .receive:
            try settings.budget?.check()
            requests += 1
            try await exchange()
            count()
        case .runTools:
            deferred = try await runTools()
            if !deferred.isEmpty { await show(.deferred(deferred)) }
        case .wait(let duration):
            let reason = network ?? session.failure.map(reason) ?? "no reason"
            await show(.retry(after: duration, reason: reason))
            try await Task.sleep(for: duration)
            try session.retry()
        case .makeRoom where settings.configuration.limits.room == .ask:
            await show(.dropped(bytes: try session.dropOldest()))
        case .makeRoom:
            await see(try session.makeRoom())
        case .unknown:
            throw ZerostackError.refused(
                Fault(
                    kind: .unsupported, code: 13, detail: 0,
                    message: "the library is newer than this package: build both from one source"))
        }
    }

    /// Counts the usage since the last time.
    private func count() {
        let prices = settings.configuration.limits.prices
        let more = session.shared.count(session.usage, requests: requests, prices)
        requests = 0
        settings.budget?.add(more)
    }

    func see(_ event: Event) async {
        switch event {
        case .text(let more): text += more
        case .restart: text = ""
        case .recovered: text = session.answer
        case .toolCall: replyCalls += 1
        case .end(let reason): stop = reason
        default: break
        }
        await show(.reply(event))
    }

    func failed(_ fault: Fault) -> ZerostackError {
        session.failure.map { .turnFailed($0, network: network) } ?? .refused(fault)
    }

    func reason(_ failure: Failure) -> String {
        ZerostackError.turnFailed(failure, network: nil).description
    }
}

/// Cancels `work` when its time is up.
private func cancel(_ work: Task<Void, any Error>, after limit: Duration) async {
    if (try? await Task.sleep(for: limit)) != nil { work.cancel() }
}
