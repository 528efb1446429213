import Foundation
import XCTest
import Zerostack

/// Whole turns over `URLSession` against the scripted provider.
final class AgentTests: XCTestCase {
    struct ReadArguments: Decodable, Sendable {
        let path: String
    }

    struct Named: Codable, Sendable {
        let name: String
    }

    func agent(
        _ provider: ScriptedProvider, dialect: Dialect = .openAIChat, tools: [Tool]? = nil,
        limits change: (inout Limits) -> Void = { _ in }, capacity: Int = 256 * 1024
    ) throws -> Agent {
        var configuration = Configuration(dialect, model: "m", system: "Be terse.")
        configuration.limits.retryBase = .milliseconds(1)
        configuration.limits.retryMax = .milliseconds(5)
        change(&configuration.limits)
        let read = try Tool("read", "Reads a file.", describing: ["path": "Where it is"]) {
            (arguments: ReadArguments) in "content of \(arguments.path)"
        }
        let path = dialect == .anthropic ? "" : "/v1"
        return try Agent(
            configuration, at: Endpoint(dialect, baseURL: provider.address + path, key: "secret"),
            tools: tools ?? [read], capacity: capacity)
    }

    func testAText() async throws {
        for dialect in [Dialect.openAIChat, .anthropic] {
            for pieces in ["", ",\"pieces\":1", ",\"framing\":\"length\""] {
                let provider = try ScriptedProvider(Script.text("Hel", "lo ü🦀", and: pieces))
                let agent = try agent(provider, dialect: dialect)
                let reply = try await agent.run("Grüße 🦀")
                XCTAssertEqual(reply.text, "Hello ü🦀")
                XCTAssertEqual(reply.stop, .endTurn)
                XCTAssertGreaterThan(reply.usage.outputTokens, 0)
                XCTAssertEqual(
                    agent.transcript.map(\.part), [.text("Grüße 🦀"), .text("Hello ü🦀")])
                // The provider writes down that the key came, not the key.
                let headers = try XCTUnwrap(provider.requests()[0]["headers"] as? [[String]])
                let name = dialect == .anthropic ? "x-api-key" : "authorization"
                XCTAssertTrue(headers.contains([name, "(key)"]), "\(headers)")
            }
        }
    }

    func testParallelToolsRunAtTheSameTime() async throws {
        let provider = try ScriptedProvider(
            Script.calls("meet", #"{"name":"a"}"#, #"{"name":"b"}"#) + "," + Script.text("Done."))
        let meeting = Meeting(of: 2)
        let meet = try Tool("meet", "Waits for the other.") { (arguments: Named) in
            // Neither returns before both are there.
            await meeting.arrive()
            return arguments
        }
        let log = Log()
        let reply = try await agent(provider, tools: [meet]).run("Go") { log.take($0) }
        XCTAssertEqual(reply.text, "Done.")
        let results = log.events.compactMap { event -> String? in
            guard case .toolResult(_, let content, false, 0) = event else { return nil }
            return content
        }
        XCTAssertEqual(results.sorted(), [#"{"name":"a"}"#, #"{"name":"b"}"#])
        let messages = try XCTUnwrap(provider.bodies()[1]["messages"] as? [[String: Any]])
        let told = messages.filter { $0["role"] as? String == "tool" }
        XCTAssertEqual(told.count, 2)
    }

    func testWhatGoesWrongInAToolIsToldToTheModel() async throws {
        let calls = [
            Script.calls("fail", #"{"path":"x"}"#), Script.calls("nope", "{}"),
            Script.calls("fail", #"{"path":7}"#), Script.calls("fail", #""[1]""#),
            Script.calls("sleep", "{}"), Script.text("I see."),
        ]
        let provider = try ScriptedProvider(calls.joined(separator: ","))
        let fail = try Tool("fail", "Fails.") { (arguments: ReadArguments) -> String in
            throw Tool.CallError("\(arguments.path) is locked")
        }
        // It ignores that it is cancelled, and returns only when the turn is over.
        let over = Meeting(of: 2)
        let sleep = Tool("sleep", "Sleeps.", timeout: .milliseconds(20)) {
            await over.arrive()
            return ""
        }
        let log = Log()
        let reply = try await agent(provider, tools: [fail, sleep]).run("Go") { log.take($0) }
        await over.arrive()
        XCTAssertEqual(reply.text, "I see.")
        let errors = log.events.compactMap { event -> String? in
            guard case .toolResult(_, let content, true, _) = event else { return nil }
            return content
        }
        XCTAssertEqual(
            errors,
            [
                "x is locked", "there is no tool \"nope\"; the tools are: fail, sleep",
                #"the arguments do not fit: /path: type "string", found 7"#,
                #"the arguments do not fit: (root): type "object", found [1]"#,
                "the tool gave no result within 0.02 seconds",
            ])
    }

    func testAnAnswerIsAValueOfItsType() async throws {
        struct City: Decodable, Equatable {
            let name: String
            let inhabitants: Int
        }
        let oslo = #"{\"name\":\"Oslo\",\"inhabitants\":717710}"#
        let provider = try ScriptedProvider(
            [Script.text("no"), Script.text(oslo), Script.text("plain"), Script.text("never")]
                .joined(separator: ","))
        let agent = try agent(provider)
        let city = try await agent.run("City?", as: City.self, maxRepairs: 1)
        XCTAssertEqual(city, City(name: "Oslo", inhabitants: 717_710))
        let plain = try await agent.run("And?")
        XCTAssertEqual(plain.text, "plain")
        do {
            _ = try await agent.run("City?", as: City.self, maxRepairs: 0)
            XCTFail("this is no city")
        } catch ZerostackError.turnFailed(let failure, _) {
            XCTAssertEqual(failure.fault.kind, .badAnswer)
            XCTAssertEqual(failure.message, "the text is not one JSON value")
        }
        XCTAssertEqual(agent.answer, "never")
        let formats = try provider.bodies().map { $0["response_format"] != nil }
        XCTAssertEqual(formats, [true, true, false, true])
    }

    func testOptionsAreSentAndBadOnesRefused() throws {
        var configuration = Configuration(.anthropic, model: "claude-sonnet-4-6")
        configuration.options.temperature = 0.25
        configuration.options.reasoningEffort = .high
        configuration.options.user = "u1"
        let session = try Session(configuration)
        try session.user("hi")
        let body = String(decoding: try session.request().body, as: UTF8.self)
        XCTAssertTrue(body.contains(#""temperature":0.25"#), body)
        XCTAssertTrue(body.contains(#""effort":"high""#), body)
        XCTAssertTrue(body.contains(#""user_id":"u1""#), body)
        configuration.options.temperature = 0.12345
        XCTAssertThrowsError(try Session(configuration))
        configuration.options.temperature = nil
        configuration.options.seed = 1
        XCTAssertThrowsError(try Session(configuration)) { error in
            guard case ZerostackError.refused(let fault) = error else { return XCTFail("\(error)") }
            XCTAssertEqual(fault.kind, .unsupportedOption)
        }
    }

    func testACutStreamIsTakenBackAndAskedForAgain() async throws {
        for break_ in ["cut", "reset"] {
            let provider = try ScriptedProvider(
                Script.text("A wrong beginning", and: ",\"\(break_)\":150") + ","
                    + Script.text("Right."))
            let log = Log()
            let reply = try await agent(provider).run("Go") { log.take($0) }
            XCTAssertEqual(reply.text, "Right.")
            XCTAssertTrue(log.events.contains(.reply(.restart)), break_)
            let bodies = try provider.bodies()
            XCTAssertEqual(bodies[0] as NSDictionary, bodies[1] as NSDictionary)
        }
    }

    func testTheServersWishIsCapped() async throws {
        let provider = try ScriptedProvider(
            #"{"status":429,"headers":{"retry-after":"7"}},"# + Script.text("Now."))
        let log = Log()
        let reply = try await agent(provider).run("Go") { log.take($0) }
        XCTAssertEqual(reply.text, "Now.")
        let waits = log.events.compactMap { event -> Duration? in
            guard case .retry(let wait, _) = event else { return nil }
            return wait
        }
        XCTAssertEqual(waits, [.milliseconds(5)])
    }

    func testFinalErrors() async throws {
        let broke = #"{"status":429,"error":{"code":"insufficient_quota","message":"no money"}}"#
        let refused = #"{"status":401,"error":{"code":"invalid_api_key","message":"bad key"}}"#
        for (reply, status, line) in [
            (broke, 429, "the provider answered 429: no money, insufficient_quota"),
            (refused, 401, "the provider answered 401: bad key, invalid_api_key"),
        ] {
            let provider = try ScriptedProvider(reply)
            let agent = try agent(provider)
            do {
                try await agent.run("Go")
                XCTFail("it went well")
            } catch let error as ZerostackError {
                guard case .turnFailed(let failure, _) = error else { return XCTFail("\(error)") }
                XCTAssertEqual(failure.status, status)
                XCTAssertEqual("\(error)", line)
            }
            XCTAssertEqual(agent.transcript, [])
            XCTAssertEqual(try provider.requests().count, 1)
        }
    }

    func testNoProvider() async throws {
        var configuration = Configuration(.openAIChat, model: "m")
        configuration.limits.maxAttempts = 2
        configuration.limits.retryBase = .milliseconds(1)
        let agent = try Agent(
            configuration, at: Endpoint(.openAIChat, baseURL: "http://127.0.0.1:1"))
        let log = Log()
        do {
            try await agent.run("Go") { log.take($0) }
            XCTFail("it went well")
        } catch ZerostackError.turnFailed(let failure, let network) {
            XCTAssertEqual(failure.fault.kind, .unreachable)
            XCTAssertFalse(try XCTUnwrap(network).isEmpty)
        }
        XCTAssertTrue(log.events.contains { if case .retry = $0 { true } else { false } })
    }

    func testCancelInTheMiddleOfAReply() async throws {
        let provider = try ScriptedProvider(
            Script.text("one ", "two", and: ",\"stall\":340") + "," + Script.text("Fine."))
        let agent = try agent(provider)
        let seen = expectation(description: "text is shown")
        let task = Task {
            try await agent.run("Go") { event in
                if case .reply(.text) = event { seen.fulfill() }
            }
        }
        await fulfillment(of: [seen], timeout: 30)
        task.cancel()
        switch await task.result {
        case .success(let reply): XCTFail("\(reply)")
        case .failure(let error): XCTAssertTrue(error is CancellationError, "\(error)")
        }
        let reply = try await agent.run("Again")
        XCTAssertEqual(reply.text, "Fine.")
    }

    func testCancelWhileToolsRun() async throws {
        let provider = try ScriptedProvider(
            Script.calls("hang", "{}", "{}") + "," + Script.text("Fine."))
        let started = expectation(description: "both run")
        started.expectedFulfillmentCount = 2
        let cancelled = expectation(description: "both are cancelled")
        cancelled.expectedFulfillmentCount = 2
        let hang = Tool("hang", "Hangs.") { () async throws -> String in
            started.fulfill()
            do {
                try await Task.sleep(for: .seconds(600))
            } catch {
                cancelled.fulfill()
            }
            return ""
        }
        let agent = try agent(provider, tools: [hang])
        let task = Task { try await agent.run("Go") }
        await fulfillment(of: [started], timeout: 30)
        task.cancel()
        await fulfillment(of: [cancelled], timeout: 30)
        switch await task.result {
        case .success(let reply): XCTFail("\(reply)")
        case .failure(let error): XCTAssertTrue(error is CancellationError, "\(error)")
        }
        // The calls were closed, so the next request is valid.
        let reply = try await agent.run("Again")
        XCTAssertEqual(reply.text, "Fine.")
        let messages = try XCTUnwrap(provider.bodies()[1]["messages"] as? [[String: Any]])
        let told = messages.filter { $0["role"] as? String == "tool" }
        XCTAssertEqual(told.compactMap { $0["content"] as? String }, ["aborted", "aborted"])
    }

    func testWhoStopsReadingEndsTheTurn() async throws {
        let provider = try ScriptedProvider(
            Script.text("one ", "two", and: ",\"stall\":340") + "," + Script.text("Fine."))
        let agent = try agent(provider)
        for try await event in agent.stream("Go") {
            if case .reply(.text) = event { break }
        }
        var text = ""
        // The turn ends a moment after its reader.
        while text.isEmpty {
            do {
                for try await event in agent.stream("Again") {
                    if case .reply(.text(let more)) = event { text += more }
                }
            } catch ZerostackError.busy {
                await Task.yield()
            }
        }
        XCTAssertEqual(text, "Fine.")
    }

    func testABusyAgentSaysSo() async throws {
        let provider = try ScriptedProvider(Script.calls("hang", "{}"))
        let started = expectation(description: "the tool runs")
        let hang = Tool("hang", "Hangs.") { () async throws -> String in
            started.fulfill()
            try await Task.sleep(for: .seconds(600))
            return ""
        }
        let agent = try agent(provider, tools: [hang])
        let task = Task { try await agent.run("Go") }
        await fulfillment(of: [started], timeout: 30)
        do {
            try await agent.run("Me too")
            XCTFail("it went well")
        } catch {
            XCTAssertEqual(error as? ZerostackError, .busy)
        }
        task.cancel()
        _ = await task.result
    }

    func testASnapshotGoesOn() async throws {
        let provider = try ScriptedProvider(Script.text("One.") + "," + Script.text("Two."))
        let first = try agent(provider)
        try await first.run("1")
        let endpoint = try Endpoint(.openAIChat, baseURL: provider.address + "/v1")
        let second = try Agent(
            resuming: first.snapshot, Configuration(.openAIChat, model: "m"), at: endpoint)
        XCTAssertEqual(second.transcript, first.transcript)
        do {
            try await second.resume()
            XCTFail("no turn is open")
        } catch ZerostackError.refused(let fault) {
            XCTAssertEqual(fault.kind, .wrongStep)
        }
        let reply = try await second.run("2")
        XCTAssertEqual(reply.text, "Two.")
        XCTAssertEqual(second.transcript.count, 4)
    }

    func testAnOpenTurnGoesOn() async throws {
        let provider = try ScriptedProvider(Script.text("One."))
        let configuration = Configuration(.openAIChat, model: "m")
        let session = try Session(configuration)
        try session.user("1")
        let endpoint = try Endpoint(.openAIChat, baseURL: provider.address + "/v1")
        let agent = try Agent(resuming: session.snapshot, configuration, at: endpoint)
        let reply = try await agent.resume()
        XCTAssertEqual(reply.text, "One.")
        // One that was ended is over in its snapshot, too.
        session.abort()
        let over = try Agent(resuming: session.snapshot, configuration, at: endpoint)
        do {
            try await over.resume()
            XCTFail("no turn is open")
        } catch ZerostackError.refused(let fault) {
            XCTAssertEqual(fault.kind, .wrongStep)
        }
    }

    func testASmallMemoryForgetsTheOldest() async throws {
        let replies = Array(repeating: Script.text("y"), count: 30).joined(separator: ",")
        let provider = try ScriptedProvider(replies)
        let agent = try agent(provider, capacity: 2048)
        let log = Log()
        for _ in 0..<30 {
            try await agent.run(String(repeating: "x", count: 100)) { log.take($0) }
        }
        XCTAssertTrue(log.events.contains { if case .dropped = $0 { true } else { false } })
        XCTAssertEqual(agent.transcript.last?.part, .text("y"))
        do {
            try await agent.run(String(repeating: "x", count: 4000))
            XCTFail("it went well")
        } catch ZerostackError.refused(let fault) {
            XCTAssertEqual(fault.kind, .full)
        }
    }

    func testBudgetsEndATurn() async throws {
        let call = Script.calls("read", #"{"path":"a"}"#)
        for (change, detail) in [
            ({ $0.maxRounds = 2 }, 1), ({ $0.maxTurnTokens = 1 }, 2), ({ $0.maxRepeats = 2 }, 5),
        ] as [((inout Limits) -> Void, UInt32)] {
            let provider = try ScriptedProvider("\(call),\(call),\(call),\(call)")
            let agent = try agent(provider, limits: change)
            do {
                try await agent.run("Go")
                XCTFail("it went well")
            } catch ZerostackError.turnFailed(let failure, _) {
                XCTAssertEqual(failure.fault.kind, .limit)
                XCTAssertEqual(failure.fault.detail, detail)
            }
        }
    }

    func testTheTimeOfATurnEnds() async throws {
        let provider = try ScriptedProvider(
            Script.text("one ", "two", and: ",\"stall\":340") + "," + Script.text("Fine."))
        let agent = try agent(provider, limits: { $0.maxTurnTime = .milliseconds(300) })
        do {
            try await agent.run("Go")
            XCTFail("it went well")
        } catch ZerostackError.turnFailed(let failure, _) {
            XCTAssertEqual(failure.fault.kind, .limit)
            XCTAssertEqual(failure.fault.message, "the turn used all of its time")
        }
        let reply = try await agent.run("Again")
        XCTAssertEqual(reply.text, "Fine.")
    }

    func testCallsThatAreFoundInTheText() async throws {
        let call = #"<tool_call>{\"name\": \"read\", \"arguments\": {\"path\": \"a\"}}</tool_call>"#
        let provider = try ScriptedProvider(Script.text(call) + "," + Script.text("Done."))
        var configuration = Configuration(.openAIChat, model: "m")
        configuration.toolMode = .lenient
        let read = try Tool("read", "Reads a file.") { (arguments: ReadArguments) in
            "content of \(arguments.path)"
        }
        let agent = try Agent(
            configuration, at: Endpoint(.openAIChat, baseURL: provider.address + "/v1"),
            tools: [read])
        let log = Log()
        let reply = try await agent.run("Go") { log.take($0) }
        XCTAssertEqual(reply.text, "Done.")
        XCTAssertTrue(log.events.contains(.reply(.recovered(calls: 1))))
        XCTAssertTrue(
            agent.transcript.contains {
                if case .toolResult(_, "content of a", false) = $0.part { true } else { false }
            })
    }

    func testARoomPolicyOfTheSession() async throws {
        let replies = Array(repeating: Script.text("y"), count: 40).joined(separator: ",")
        let provider = try ScriptedProvider(replies)
        let agent = try agent(
            provider,
            limits: {
                $0.room = .dropOldest
                $0.highWaterTokens = 400
            })
        let log = Log()
        for _ in 0..<30 {
            try await agent.run(String(repeating: "many words ", count: 10)) { log.take($0) }
        }
        let dropped = log.events.contains {
            if case .reply(.truncated(.oldExchanges, _)) = $0 { true } else { false }
        }
        XCTAssertTrue(dropped)
        XCTAssertLessThan(agent.transcript.count, 40)
    }

    func testMarksAndForks() async throws {
        let provider = try ScriptedProvider(
            ["One.", "Two.", "Three."].map { Script.text($0) }.joined(separator: ","))
        let agent = try agent(provider)
        try await agent.run("1")
        let checkpoint = agent.checkpoint()
        try await agent.run("2")
        let fork = try agent.fork()
        try agent.rollback(to: checkpoint)
        XCTAssertEqual(agent.transcript.map(\.part), [.text("1"), .text("One.")])
        let reply = try await fork.run("3")
        XCTAssertEqual(reply.text, "Three.")
        XCTAssertEqual(fork.transcript.count, 6)
        XCTAssertEqual(agent.transcript.count, 2)
        // The tools came along.
        let tools = try provider.bodies()[2]["tools"] as? [Any]
        XCTAssertEqual(tools?.count, 1)
    }

    func testARedirectIsNotFollowed() async throws {
        let provider = try ScriptedProvider(
            #"{"status":307,"headers":{"location":"http://127.0.0.1:1/"},"body":""}"#)
        do {
            try await agent(provider, limits: { $0.maxAttempts = 1 }).run("Go")
            XCTFail("it went well")
        } catch ZerostackError.turnFailed(let failure, _) {
            XCTAssertEqual(failure.status, 307)
        }
        XCTAssertEqual(try provider.requests().count, 1)
    }
}

/// Waits until all have come.
actor Meeting {
    private let size: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(of size: Int) {
        self.size = size
    }

    func arrive() async {
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            if waiting.count == size {
                for one in waiting { one.resume() }
            }
        }
    }
}
