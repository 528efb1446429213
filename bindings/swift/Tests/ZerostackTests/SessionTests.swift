import Foundation
import XCTest
import Zerostack

@testable import struct Zerostack.HTTPResponse

/// The session without a network, texts, endpoints: what the vectors do not say.
final class SessionTests: XCTestCase {
    func fault(_ call: () throws -> Void) -> Fault? {
        do {
            try call()
        } catch ZerostackError.refused(let fault) {
            return fault
        } catch {
            XCTFail("\(error)")
        }
        return nil
    }

    func testACallThatDoesNotFitTheStep() throws {
        let session = try Session(Configuration(.anthropic, model: "m"))
        let before = session.snapshot
        let calls: [() throws -> Void] = [
            { _ = try session.request() }, { try session.retry() },
            { _ = try session.endResponse() }, { try session.feed(Data("x".utf8)) { _ in } },
            { try session.beginResponse(status: 200) },
            { try session.toolResult(CallID(number: 0), "") },
        ]
        for call in calls {
            let fault = try XCTUnwrap(fault(call))
            XCTAssertEqual(fault.kind, .wrongStep)
            XCTAssertTrue(fault.message.hasSuffix("the step is Idle: call user"), fault.message)
        }
        XCTAssertEqual(session.snapshot, before)
    }

    func testNumbersThatAreOutOfRange() throws {
        func made(_ change: (inout Limits) -> Void) -> Fault? {
            var configuration = Configuration(.openAIChat, model: "m")
            change(&configuration.limits)
            return fault { _ = try Session(configuration) }
        }
        XCTAssertEqual(
            made { $0.maxRounds = -1 }?.message,
            "limits.maxRounds is -1, but must be from 0 to 65535")
        XCTAssertEqual(made { $0.retryMax = .seconds(1 << 40) }?.kind, .badConfig)
        XCTAssertEqual(made { $0.maxAttempts = 0 }?.kind, .badConfig)
        let small = fault { _ = try Session(Configuration(.openAIChat, model: "m"), capacity: -1) }
        XCTAssertEqual(small?.message, "capacity is -1, but must be from 0 to \(UInt64.max)")
    }

    func testADamagedSnapshot() throws {
        let configuration = Configuration(.openAIChat, model: "m")
        let session = try Session(configuration)
        try session.user("hello")
        for damaged in [Data(), session.snapshot.dropLast(), Data([0]) + session.snapshot] {
            let fault = fault { _ = try Session(resuming: damaged, configuration) }
            XCTAssertEqual(fault?.kind, .badTranscript)
        }
        let resumed = try Session(resuming: session.snapshot, configuration)
        XCTAssertEqual(resumed.step, .send)
    }

    func testJSONLinesThereAndBack() throws {
        let configuration = Configuration(.openAIChat, model: "m")
        let session = try Session(configuration)
        try session.instruct("Be brief.")
        try session.user("hello ü")
        let lines = String(decoding: session.jsonLines, as: UTF8.self)
        XCTAssertTrue(lines.hasSuffix(#"{"role":"user","text":"hello ü"}"# + "\n"), lines)
        let again = try Session(jsonLines: session.jsonLines, configuration)
        XCTAssertEqual(again.transcript, session.transcript)
        XCTAssertEqual(again.transcript.first?.part, .instruction("Be brief."))
        XCTAssertEqual(again.snapshot, session.snapshot)
        for (text, message) in [
            ("{\"role\":\"user\",\"text\":\"a\"}\nnonsense", "line 2: it is not one JSON object"),
            ("{\"role\":\"king\",\"text\":\"a\"}", "line 1: the role is not user"),
        ] {
            let fault = fault { _ = try Session(jsonLines: Data(text.utf8), configuration) }
            XCTAssertEqual(fault?.kind, .badLine)
            XCTAssertTrue(try XCTUnwrap(fault).message.hasPrefix(message), fault?.message ?? "")
        }
    }

    func testAnInstructionStartsNoTurn() throws {
        let session = try Session(Configuration(.anthropic, model: "m"))
        try session.instruct("Be brief.")
        XCTAssertEqual(session.step, .idle)
        XCTAssertEqual(session.transcript.map(\.part), [.instruction("Be brief.")])
        try session.user("hello")
        XCTAssertEqual(fault { try session.instruct("Be long.") }?.kind, .wrongStep)
        let body = String(decoding: try session.request().body, as: UTF8.self)
        XCTAssertTrue(body.contains("Be brief."), body)
    }

    func testAWebPageInPlaceOfAReplyIsNamed() throws {
        var configuration = Configuration(.openAIChat, model: "m")
        configuration.limits.maxAttempts = 1
        for (status, words) in [
            (200, "with a web page: Sign in; check the base URL"),
            (502, "502: a web page: Sign in"),
        ] {
            let session = try Session(configuration)
            try session.user("hello")
            try session.beginResponse(status: status)
            try session.feed(Data("<title>Sign in</title>".utf8)) { _ in }
            XCTAssertNotNil(fault { _ = try session.endResponse() })
            let failure = try XCTUnwrap(session.failure)
            let text = ZerostackError.turnFailed(failure, network: nil).description
            XCTAssertTrue(text.contains(words), text)
        }
    }

    func testEventsBeforeAnErrorAndErrorsOfTheHandler() throws {
        var configuration = Configuration(.openAIChat, model: "m")
        configuration.limits.maxAttempts = 1
        let session = try Session(configuration)
        let hi = #"data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}"# + "\n\n"
        try session.user("hello")
        try session.beginResponse(status: 200)
        var events: [Event] = []
        let broken = fault {
            try session.feed(Data((hi + "data: {nonsense\n\n").utf8)) { events.append($0) }
        }
        XCTAssertEqual(broken?.kind, .badResponse)
        XCTAssertEqual(events, [.text("hi")])

        struct Mine: Error {}
        try session.user("hello")
        try session.beginResponse(status: 200)
        // Bytes of other types than `Data` too.
        XCTAssertThrowsError(try session.feed(Array(hi.utf8)) { _ in throw Mine() }) {
            XCTAssertTrue($0 is Mine)
        }
        XCTAssertEqual(session.step, .receive)
        session.abort()
        XCTAssertEqual(session.step, .idle)
    }

    func testPrompts() throws {
        let prompt = try Prompt(
            name: "fix-it",
            text: "---\noutput: patch\ntools: Read\n---\nFix {{what}} in {{in|main}}.")
        XCTAssertEqual(prompt.output, .patch)
        XCTAssertEqual(prompt.tools, ["Read"])
        XCTAssertEqual(prompt.placeholders, ["what", "in"])
        XCTAssertEqual(try prompt.rendered(["what": "#7"]), "Fix #7 in main.")
        let missing = fault { _ = try prompt.rendered() }
        XCTAssertEqual(missing?.message, #"prompt "fix-it" needs a value for "what""#)
        let bad = fault { _ = try Prompt(name: "p", text: "---\nname: a\nname: b\n---\n") }
        XCTAssertTrue(try XCTUnwrap(bad).message.contains("line 3, column 1"))
        for name in Prompt.builtInNames {
            XCTAssertNotNil(try Prompt(builtIn: name).description)
        }
        XCTAssertEqual(fault { _ = try Prompt(builtIn: "nope") }?.kind, .unknownPrompt)
        XCTAssertTrue(prompt.skillProblems(folder: "fix-it").contains("the name is missing"))
    }

    func testTokens() throws {
        for (vocabulary, ids) in [
            (Tokenizer.Vocabulary.o200k, [24912, 2375] as [UInt32]), (.cl100k, [15339, 1917]),
        ] {
            let tokenizer = try Tokenizer(vocabulary)
            XCTAssertEqual(try tokenizer.name, vocabulary.rawValue)
            XCTAssertEqual(try tokenizer.encode("hello world"), ids)
            XCTAssertEqual(try tokenizer.count("hello world"), 2)
            XCTAssertEqual(try tokenizer.decode(ids), Data("hello world".utf8))
        }
        let end = "<|endoftext|>"
        XCTAssertEqual(try Tokenizer(.cl100k).encode(end, specials: [end]), [100257])
        XCTAssertGreaterThan(try Tokenizer(.cl100k).encode(end).count, 1)
        XCTAssertEqual(fault { _ = try Tokenizer(packed: Data()) }?.kind, .badVocabulary)
        let unknown = fault { _ = try Tokenizer(.o200k).decode([1, .max]) }
        XCTAssertEqual(unknown?.detail, 1)
        XCTAssertEqual(Tokenizer.estimate("hello world").atMost, 11)
    }

    func testABodyAlone() throws {
        let file = repository.appendingPathComponent(
            "tests/fixtures/anthropic/thinking_and_calls.sse")
        let decoded = try Decoded(try Data(contentsOf: file), from: .anthropic)
        XCTAssertNil(decoded.failure)
        XCTAssertEqual(decoded.rawStopReason, "tool_use")
        XCTAssertEqual(decoded.events.last, .end(.toolUse))
        XCTAssertNotNil(try Decoded(Data("<html>".utf8), from: .anthropic).failure)
    }

    func testEndpointsThatAreRefused() throws {
        for (url, key, words) in [
            ("", nil, "looks like https://host/v1"), ("localhost:8080", nil, "looks like"),
            ("ftp://host", nil, "looks like"), ("https://u:p@host/v1", nil, "no user"),
            ("https://host/v1?key=k", nil, "no user, ? or #"),
            ("http://host/v1", "hunter2", "over plain http"),
            ("https://host/v1", "hunter2\r\nx: y", "no header takes"),
        ] as [(String, String?, String)] {
            XCTAssertThrowsError(try Endpoint(.openAIChat, baseURL: url, key: key)) { error in
                XCTAssertTrue("\(error)".contains(words), "\(url): \(error)")
                XCTAssertFalse("\(error)".contains("hunter2"))
            }
        }
        let endpoint = try Endpoint(.openAIChat, baseURL: " https://host/v1/ ", key: "hunter2")
        XCTAssertEqual(endpoint.baseURL, "https://host/v1")
        var dumped = ""
        dump(endpoint, to: &dumped)
        XCTAssertFalse("\(endpoint)\(String(reflecting: endpoint))\(dumped)".contains("hunter2"))
        XCTAssertNoThrow(try Endpoint(.ollama, baseURL: "http://localhost:11434", key: "k"))
    }

    func testTheServersWish() {
        let ten = "Sat, 21 Nov 2026 10:00:00 GMT"
        for (headers, wait) in [
            ([:], nil), (["Retry-After": "2"], 2000), (["retry-after": " 1.5 "], 1500),
            (["retry-after-ms": "250", "retry-after": "1"], 250),
            (["retry-after-ms": "soon", "retry-after": "1"], 1000),
            (["retry-after": "-1"], nil), (["retry-after": "nan"], nil),
            (["retry-after": "1e300"], 86_400_000),
            (["retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": ten], 30_000),
            (["retry-after": ten, "date": "Sat, 21 Nov 2026 10:00:30 GMT"], 0),
            (["retry-after": "tomorrow"], nil),
        ] as [([String: String], Int?)] {
            let body = AsyncThrowingStream<Data, any Error> { $0.finish() }
            let response = HTTPResponse(status: 429, headers: headers, body: body)
            XCTAssertEqual(response.retryAfter(), wait.map { .milliseconds($0) }, "\(headers)")
        }
    }
}
