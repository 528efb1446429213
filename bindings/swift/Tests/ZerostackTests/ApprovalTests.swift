import Foundation
import XCTest
import Zerostack

/// Calls that wait for approval, calls that cannot run, and what a call knows.
final class ApprovalTests: XCTestCase {
    struct Remove: Decodable, Sendable {
        let line: Int
    }

    let tools: [Tool] = {
        let remove = try? Tool("remove", "Removes a line.") { (arguments: Remove) in
            "removed \(arguments.line)"
        }
        let look = Tool("look", "Looks.") { "seen" }
        return [remove?.needingApproval() ?? look, look]
    }()

    func agent(
        _ provider: ScriptedProvider, resuming: Data? = nil, tools: [Tool]? = nil,
        badCalls: BadCallPolicy = .repair, maxBadCalls: Int = 32
    ) throws -> Agent {
        let endpoint = try Endpoint(.openAIChat, baseURL: provider.address + "/v1", key: "k")
        let configuration = Configuration(.openAIChat, model: "m")
        if let resuming {
            return try Agent(
                resuming: resuming, configuration, at: endpoint, tools: tools ?? self.tools)
        }
        return try Agent(
            configuration, at: endpoint, tools: tools ?? self.tools, badCalls: badCalls,
            maxBadCalls: maxBadCalls)
    }

    static let waiting =
        "{\"parts\":["
        + [("remove", "{\"line\":1}"), ("look", "{}"), ("remove", "{\"line\":2}")].map {
            "{\"call\":{\"name\":\"\($0)\",\"arguments\":\($1)}}"
        }.joined(separator: ",") + "]}"

    /// What the model was told by the last request.
    func told(_ provider: ScriptedProvider) throws -> [String] {
        let messages = try XCTUnwrap(provider.bodies().last?["messages"] as? [[String: Any]])
        return messages.compactMap {
            $0["role"] as? String == "tool" ? $0["content"] as? String : nil
        }
    }

    func testCallsWaitAreSavedAndDecidedElsewhere() async throws {
        let provider = try ScriptedProvider(Self.waiting + "," + Script.text("Done."))
        let first = try agent(provider)
        let log = Log()
        let reply = try await first.run("Clean up.") { log.take($0) }
        XCTAssertEqual(reply.deferred.map(\.arguments), [#"{"line":1}"#, #"{"line":2}"#])
        XCTAssertEqual(log.events.last, .deferred(reply.deferred))
        XCTAssertEqual(first.session.step, .runTools)
        // Nothing is saved beside the transcript.
        let saved = first.snapshot
        XCTAssertLessThan(saved.count, 1024)

        let second = try agent(provider, resuming: saved)
        let again = try await second.resume()
        XCTAssertEqual(again.deferred, reply.deferred)
        do {
            try await second.resume([CallID(number: 77): .approve])
            XCTFail("there is no such call")
        } catch ZerostackError.refused(let fault) {
            XCTAssertEqual(fault.kind, .unknownCall)
            XCTAssertEqual(
                fault.message, "no call with the id 77 is open; the open ones are: 0, 2")
        }
        let ids = reply.deferred.map(\.id)
        let part = try await second.resume([ids[0]: .deny("Not that one.")])
        XCTAssertEqual(part.deferred.map(\.id), [ids[1]])
        XCTAssertEqual(try provider.requests().count, 1)
        let end = try await second.resume([ids[1]: .approve])
        XCTAssertEqual(end.text, "Done.")
        XCTAssertEqual(end.deferred, [])
        XCTAssertEqual(
            try told(provider), ["seen", "the call was denied: Not that one.", "removed 2"])
    }

    func testAnAnswerAndADenialWithoutAReason() async throws {
        let provider = try ScriptedProvider(Self.waiting + "," + Script.text("Done."))
        let agent = try agent(provider)
        let ids = try await agent.run("Clean up.").deferred.map(\.id)
        var text = ""
        for try await event in agent.stream(
            resuming: [ids[0]: .answer("it was gone"), ids[1]: .deny()])
        {
            if case .reply(.text(let more)) = event { text += more }
        }
        XCTAssertEqual(text, "Done.")
        XCTAssertEqual(try told(provider), ["seen", "it was gone", "the call was denied"])
    }

    func testWhereAValueIsWantedItIsAnError() async throws {
        let provider = try ScriptedProvider(
            Self.waiting + "," + Script.text(#"{\"line\":3}"#))
        let agent = try agent(provider)
        do {
            _ = try await agent.run("How many?", as: Remove.self)
            XCTFail("calls wait")
        } catch ZerostackError.deferred(let calls) {
            XCTAssertEqual(calls.count, 2)
            let end = try await agent.resume([calls[0].id: .approve, calls[1].id: .approve])
            XCTAssertEqual(end.text, #"{"line":3}"#)
        }
        XCTAssertEqual(agent.session.step, .idle)
    }

    func testToolsAskForSomeArguments() async throws {
        let provider = try ScriptedProvider(Self.waiting + "," + Script.text("Done."))
        let some = tools[0].needingApproval { $0.contains("2") }
        let agent = try agent(provider, tools: [some, tools[1]])
        let reply = try await agent.run("Clean up.")
        XCTAssertEqual(reply.deferred.map(\.arguments), [#"{"line":2}"#])
        agent.session.abort()
        XCTAssertEqual(agent.session.step, .idle)
    }

    func testCallsThatCannotRun() async throws {
        let bad =
            Script.calls("remove", #"{"line":"7"}"#, #"{"line":"x"}"#) + ","
            + Script.calls("nope", "{}") + "," + Script.text("Done.")
        let free = try [
            Tool("remove", "Removes a line.") { (arguments: Remove) in "\(arguments.line) is gone" }
        ]
        let found = #"the arguments do not fit: /line: type "integer", found "x""#
        for (policy, first) in [
            (BadCallPolicy.repair, "7 is gone"),
            (.tell, #"the arguments do not fit: /line: type "integer", found "7""#),
        ] {
            let provider = try ScriptedProvider(bad)
            let reply = try await agent(provider, tools: free, badCalls: policy).run("Go")
            XCTAssertEqual(reply.text, "Done.")
            XCTAssertEqual(
                Set(try told(provider)),
                [first, found, "there is no tool \"nope\"; the tools are: remove"])
        }
        for (policy, most, line) in [
            (BadCallPolicy.fail, 32, "the model called remove: \(found)"),
            (
                .repair, 1,
                "the model made more than 1 calls that cannot run, the last of nope: there is no "
                    + "tool \"nope\"; the tools are: remove"
            ),
        ] {
            let provider = try ScriptedProvider(
                Script.calls("remove", #"{"line":"x"}"#) + "," + Script.calls("nope", "{}"))
            let agent = try agent(provider, tools: free, badCalls: policy, maxBadCalls: most)
            do {
                try await agent.run("Go")
                XCTFail("it went well")
            } catch {
                XCTAssertEqual(error as? ZerostackError, .badCall(line))
            }
            XCTAssertEqual(agent.session.step, .idle)
        }
    }

    func testACallKnowsItsTurn() async throws {
        let provider = try ScriptedProvider(
            Script.calls("remove", #"{"line":7}"#) + "," + Script.text("Done."))
        let remove = try Tool("remove", "Removes a line.") {
            (arguments: Remove, context: ToolContext) in
            await context.progress("half of \(arguments.line)")
            return "\(context.call.name) \(context.usage.outputTokens > 0)"
        }
        let log = Log()
        let reply = try await agent(provider, tools: [remove]).run("Go") { log.take($0) }
        XCTAssertEqual(reply.text, "Done.")
        let shown = log.events.compactMap { event -> String? in
            guard case .toolProgress(let call, let text) = event else { return nil }
            return "\(call.name): \(text)"
        }
        XCTAssertEqual(shown, ["remove: half of 7"])
        XCTAssertEqual(try told(provider), ["remove true"])
    }
}
