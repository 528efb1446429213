import Foundation
import XCTest
import Zerostack

/// Many conversations on one agent, what they take together, and events as JSON.
final class ConversationTests: XCTestCase {
    func agent(
        _ provider: ScriptedProvider, tools: [Tool] = [], budget: SharedBudget? = nil,
        prices: Prices = Prices()
    ) throws -> Agent {
        var configuration = Configuration(.openAIChat, model: "m")
        configuration.limits.prices = prices
        let endpoint = try Endpoint(.openAIChat, baseURL: provider.address + "/v1", key: "k")
        return try Agent(configuration, at: endpoint, tools: tools, budget: budget)
    }

    func testManyConversationsAtTheSameTime() async throws {
        let count = 20
        // Each calls the tool once, and no call returns before all are there.
        let replies =
            Array(repeating: Script.calls("meet", "{}"), count: count)
            + Array(repeating: Script.text("Done."), count: count)
        let provider = try ScriptedProvider(replies.joined(separator: ","))
        let meeting = Meeting(of: count)
        let meet = Tool("meet", "Waits for the others.") {
            await meeting.arrive()
            return ""
        }
        let agent = try agent(provider, tools: [meet])
        let sessions = try (0..<count).map { _ in try agent.newSession() }
        try await withThrowingTaskGroup(of: String.self) { group in
            for (number, session) in sessions.enumerated() {
                group.addTask { try await agent.run("I am \(number).", in: session).text }
            }
            for try await text in group { XCTAssertEqual(text, "Done.") }
        }
        for (number, session) in sessions.enumerated() {
            XCTAssertEqual(session.transcript.first?.part, .text("I am \(number)."))
            XCTAssertEqual(session.transcript.count, 4)
            XCTAssertEqual(session.totals.requests, 2)
        }
        XCTAssertEqual(agent.transcript, [])
    }

    func testOneConversationHasOneTurnAtATime() async throws {
        let provider = try ScriptedProvider(Script.calls("hang", "{}"))
        let started = expectation(description: "the tool runs")
        let hang = Tool("hang", "Hangs.") { () async throws -> String in
            started.fulfill()
            try await Task.sleep(for: .seconds(600))
            return ""
        }
        let agent = try agent(provider, tools: [hang])
        let other = try self.agent(provider)
        let session = try agent.newSession()
        let task = Task { try await agent.run("Go", in: session) }
        await fulfillment(of: [started], timeout: 30)
        do {
            // Whoever runs it.
            try await other.run("Me too", in: session)
            XCTFail("it went well")
        } catch {
            XCTAssertEqual(error as? ZerostackError, .busy)
        }
        task.cancel()
        _ = await task.result
    }

    func testToolsOfOneTurn() async throws {
        let provider = try ScriptedProvider(
            [Script.text("a"), Script.text("b"), Script.text("c")].joined(separator: ","))
        let one = Tool("one", "The first.") { "1" }
        let two = Tool("two", "The second.") { "2" }
        let agent = try agent(provider, tools: [one])
        try await agent.run("1")
        try await agent.run("2", tools: [one, two])
        try await agent.run("3")
        let counts = try provider.bodies().map { ($0["tools"] as? [Any])?.count ?? 0 }
        XCTAssertEqual(counts, [1, 2, 1])
    }

    func testTheArgumentsOfCallsWhileTheyComeIn() async throws {
        for deltas in [true, false] {
            let provider = try ScriptedProvider(
                Script.calls("look", #"{"at":"a"}"#, #"{"at":"b"}"#) + "," + Script.text("Done."))
            var configuration = Configuration(.openAIChat, model: "m")
            configuration.callDeltas = deltas
            let look = Tool("look", "Looks.") { "seen" }
            let agent = try Agent(
                configuration, at: Endpoint(.openAIChat, baseURL: provider.address + "/v1"),
                tools: [look])
            var (pieces, calls) = ("", "")
            for try await event in agent.stream("Go") {
                if case .reply(.toolCallDelta(let call)) = event { pieces += call.arguments }
                if case .reply(.toolCall(let call)) = event { calls += call.arguments }
            }
            XCTAssertEqual(calls, #"{"at":"a"}{"at":"b"}"#)
            XCTAssertEqual(pieces, deltas ? calls : "")
        }
    }

    func testTotalsAndABudgetOfSeveralConversations() async throws {
        let replies = Array(repeating: Script.text("four words of text"), count: 8)
        let provider = try ScriptedProvider(replies.joined(separator: ","))
        let prices = Prices(input: 1_000_000, output: 2_000_000)
        let budget = SharedBudget(maxCostMicros: 1)
        let agent = try agent(provider, budget: budget, prices: prices)
        let (one, other) = (try agent.newSession(), try agent.newSession())
        let reply = try await agent.run("1", in: one)
        XCTAssertEqual(one.totals.turns, 1)
        XCTAssertEqual(one.totals.usage, reply.usage)
        let cost = reply.usage.inputTokens + 2 * reply.usage.outputTokens
        XCTAssertEqual(one.totals.costMicros, cost)
        XCTAssertEqual(try reply.usage.costMicros(prices), cost)
        XCTAssertEqual(budget.totals, one.totals)
        do {
            try await agent.run("2", in: other)
            XCTFail("it went well")
        } catch ZerostackError.budgetUsedUp(let why) {
            XCTAssertTrue(why.hasPrefix("\(cost) millionths of a budget of 1 are used"), why)
        }
        XCTAssertEqual(try provider.requests().count, 1)
        XCTAssertEqual(other.step, .idle)
        // By tokens, and over two turns of one conversation.
        let tokens = SharedBudget(maxTokens: 1_000_000)
        let second = try self.agent(provider, budget: tokens, prices: prices)
        let first = try await second.run("1").usage
        let next = try await second.run("2").usage
        XCTAssertEqual(second.session.totals.turns, 2)
        XCTAssertEqual(
            second.session.totals.usage.inputTokens, first.inputTokens + next.inputTokens)
        XCTAssertEqual(tokens.totals, second.session.totals)
    }

    func testEventsHaveTheBytesOfEveryOtherLanguage() throws {
        let fixture = repository.appendingPathComponent("tests/fixtures/events.jsonl")
        let lines = try String(contentsOf: fixture, encoding: .utf8)
            .components(separatedBy: "\n").filter { !$0.isEmpty }
        let body = """
            data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_1","function":\
            {"name":"read","arguments":"{\\"path\\": \\"a\\"}"}}]},"finish_reason":"tool_calls"}]}

            data: [DONE]


            """
        let decoded = try Decoded(Data(body.utf8), from: .openAIChat)
        let call = try XCTUnwrap(
            decoded.events.first { if case .toolCall = $0 { true } else { false } })
        guard case .toolCall(let made) = call else { return XCTFail("\(call)") }
        let delta = Event.toolCallDelta(made)
        let text = "a \"word\"\\ \n\t\r\u{8}\u{c}\u{1}\u{1f} / é \u{7f}🦀"
        var events: [Event] = [
            .text(text), .thinking("Let me look"), .refusal("No."), delta, call,
            .truncated(.reply, bytes: 7), .truncated(.toolResult, bytes: 8),
            .truncated(.oldResults, bytes: 9), .truncated(.oldExchanges, bytes: 10),
            .truncated(.summarised, bytes: 11), .compacting,
            .repeating(name: "bash", count: 3), .recovered(calls: 2), .end(.toolUse), .restart,
        ]
        // Counts cannot be made by a program; those of a reply have the same form.
        let usage = try XCTUnwrap(lines.firstIndex { $0.contains("usage") })
        let counts = """
            data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":\
            {"prompt_tokens":4294967295,"completion_tokens":2,"prompt_tokens_details":\
            {"cached_tokens":3}}}

            data: [DONE]


            """
        let counted = try Decoded(Data(counts.utf8), from: .openAIChat).events.compactMap {
            if case .usage = $0 { $0 } else { nil }
        }
        events.insert(try XCTUnwrap(counted.last), at: usage)
        let expected = lines.map {
            $0.replacingOccurrences(
                of: "\"cache_write_tokens\":4", with: "\"cache_write_tokens\":0")
        }
        XCTAssertEqual(events.map(\.json), expected)
    }
}
