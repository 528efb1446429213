import Foundation
import XCTest
import Zerostack

/// A run as inputs and expected outputs, in the form of `tests/vectors/README.md`.
struct Vector {
    var entries: [Entry] = []

    /// Words, and the texts that they announce.
    struct Entry: Equatable, CustomStringConvertible {
        var words: [String]
        var texts: [Data] = []

        init(_ words: String) {
            self.words = words.components(separatedBy: " ")
        }

        func with(_ text: String) -> Entry { with(Data(text.utf8)) }

        func with(_ text: Data) -> Entry {
            var entry = self
            entry.texts.append(text)
            return entry
        }

        var name: String { words[0] }
        var isOutput: Bool { name.hasPrefix("=") }

        func text(_ index: Int) -> String { String(decoding: texts[index], as: UTF8.self) }

        var description: String {
            ([words.joined(separator: " ")] + texts.map { String(decoding: $0, as: UTF8.self) })
                .joined(separator: "\n  ")
        }
    }

    /// Reads a vector.
    init(_ bytes: Data) throws {
        var rest = bytes[...]
        func take(_ length: Int) throws -> Data {
            let taken = rest.prefix(length)
            rest = rest.dropFirst(length)
            guard taken.count == length, rest.popFirst() == UInt8(ascii: "\n") else {
                throw Malformed(at: rest.startIndex)
            }
            return Data(taken)
        }
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: try take(end - rest.startIndex), as: UTF8.self)
            var entry = Entry("")
            entry.words = []
            var lengths: [Int] = []
            for word in line.components(separatedBy: " ") {
                if word.hasPrefix("+"), let length = Int(word.dropFirst()) {
                    lengths.append(length)
                } else {
                    entry.words.append(word)
                }
            }
            entry.texts = try lengths.map(take)
            entries.append(entry)
        }
        guard rest.isEmpty else { throw Malformed(at: rest.startIndex) }
    }

    struct Malformed: Error {
        let at: Int
    }
}

/// Gives the inputs of a vector to a session and writes down its outputs.
final class Player {
    private let piece: Int
    private var configuration = Configuration(.openAIChat, model: "")
    private var capacity = Int(UInt32.max)
    private var session: Session!
    /// The files of the text or result that follows.
    private var attached: [File] = []
    /// All files, by number.
    private var files: [UInt32: File] = [:]
    private(set) var played: [Vector.Entry] = []

    init(piece: Int) {
        self.piece = piece
    }

    /// Plays the inputs with bodies in pieces, and gives them back with the outputs that came
    /// after each.
    func play(_ vector: Vector) throws -> [Vector.Entry] {
        for entry in vector.entries where !entry.isOutput {
            played.append(entry)
            if session == nil, entry.name != "start" {
                try set(entry)
                continue
            }
            do {
                try input(entry)
            } catch ZerostackError.refused(let fault) {
                put("=error \(fault.code) \(fault.detail)")
            }
            switch session.step {
            case .idle: put("=step idle 0")
            case .send: put("=step send 0")
            case .receive: put("=step receive 0")
            case .runTools: put("=step run_tools 0")
            case .wait(let duration): put("=step wait \(duration / .milliseconds(1))", whole: true)
            case .makeRoom(let bytes): put("=step make_room \(bytes)")
            case .unknown: put("=step unknown 0")
            }
        }
        return played
    }

    private func put(_ words: String, whole: Bool = false) {
        let words = whole && words.hasSuffix(".0") ? String(words.dropLast(2)) : words
        played.append(Vector.Entry(words))
    }

    private func set(_ entry: Vector.Entry) throws {
        switch entry.name {
        case "zerostack-vector": XCTAssertEqual(entry.words, ["zerostack-vector", "1"])
        case "dialect":
            configuration.dialect = try XCTUnwrap(Dialect(rawValue: entry.words[1]))
        case "model": configuration.model = entry.text(0)
        case "system": configuration.system = entry.text(0)
        case "tool":
            configuration.tools.append(
                ToolSpec(
                    name: entry.text(0), description: entry.text(1), parameters: entry.text(2)))
        case "arena": capacity = try XCTUnwrap(Int(entry.words[1]))
        case "limit": try limit(entry.words[1], XCTUnwrap(Int(entry.words[2])))
        default: XCTFail("\(entry.name) is not a setting")
        }
    }

    private func limit(_ name: String, _ value: Int) throws {
        switch name {
        case "max_output_tokens": configuration.limits.maxOutputTokens = value
        case "context_tokens": configuration.limits.contextTokens = value
        case "high_water_tokens": configuration.limits.highWaterTokens = value
        case "low_water_tokens": configuration.limits.lowWaterTokens = value
        case "room": configuration.limits.room = RoomPolicy.allCases[value]
        case "max_turn_tokens": configuration.limits.maxTurnTokens = value
        case "max_repeats": configuration.limits.maxRepeats = value
        case "max_calls": configuration.limits.maxCalls = value
        case "max_result_bytes": configuration.limits.maxResultBytes = value
        case "max_response_bytes": configuration.limits.maxResponseBytes = value
        case "reply_bytes": configuration.limits.replyBytes = value
        case "max_rounds": configuration.limits.maxRounds = value
        case "max_attempts": configuration.limits.maxAttempts = value
        case "retry_base_ms": configuration.limits.retryBase = .milliseconds(value)
        case "retry_max_ms": configuration.limits.retryMax = .milliseconds(value)
        case "seed": configuration.limits.seed = UInt32(value)
        case "keep_failed_turn": configuration.limits.failedTurn = value == 1 ? .keep : .takeOut
        default: XCTFail("\(name) is not a limit")
        }
    }

    private func input(_ entry: Vector.Entry) throws {
        switch entry.name {
        case "start": session = try Session(configuration, capacity: capacity)
        case "attach":
            let file = try File(entry.texts[1], mediaType: entry.words[2], name: entry.text(0))
            attached.append(file)
            files[try XCTUnwrap(UInt32(entry.words[1]))] = file
        case "user": try session.user(entry.text(0), attachments: takenFiles())
        case "request": try request()
        case "respond":
            let wish = entry.words.count > 2 ? Int(entry.words[2]) : nil
            try session.beginResponse(
                status: XCTUnwrap(Int(entry.words[1])),
                retryAfter: wish.map { .milliseconds($0) })
        case "feed": try feed(entry.texts[0])
        case "end": show(try session.endResponse())
        case "calls":
            for call in session.pendingCalls { played.append(described("=call", call)) }
        case "result":
            let calls = session.pendingCalls
            let index = try XCTUnwrap(Int(entry.words[1]))
            let id = index < calls.count ? calls[index].id : CallID(number: .max)
            let leftOut = try session.toolResult(
                id, entry.text(0), isError: entry.words[2] == "error", attachments: takenFiles())
            put("=left_out \(leftOut)")
        case "retry": try session.retry()
        case "abort": session.abort()
        case "compact":
            try session.compact(entry.text(0), keepTurns: XCTUnwrap(Int(entry.words[1])))
        case "make_room": show(try session.makeRoom())
        case "drop_oldest": put("=freed \(try session.dropOldest())")
        case "usage": counts("=usage", session.usage)
        case "failure": failure()
        case "snapshot":
            let hex = session.snapshot.map { String(format: "%02x", $0) }.joined()
            played.append(Vector.Entry("=snapshot").with(hex))
        case "resume":
            session = try Session(
                resuming: session.snapshot, configuration, capacity: Int(UInt32.max))
            for (number, file) in files { session.attach(file, number: number) }
        default: XCTFail("\(entry.name) is not an input")
        }
    }

    private func takenFiles() -> [File] {
        defer { attached = [] }
        return attached
    }

    private func request() throws {
        let request = try session.request()
        played.append(Vector.Entry("=request \(request.method)").with(request.path))
        // A dictionary has no order: that of the core is the one of the vectors.
        let order = ["content-type", "accept", "anthropic-version"]
        let place = { (name: String) in order.firstIndex(of: name) ?? order.count }
        for (name, value) in request.headers.sorted(by: { place($0.key) < place($1.key) }) {
            played.append(Vector.Entry("=header").with(name).with(value))
        }
        played.append(Vector.Entry("=body").with(request.body))
    }

    private func feed(_ body: Data) throws {
        var rest = body[...]
        while !rest.isEmpty, session.step == .receive {
            try session.feed(Data(rest.prefix(piece))) { show($0) }
            rest = rest.dropFirst(piece)
        }
    }

    private func failure() {
        guard let failure = session.failure else { return put("=no_failure") }
        let (fault, status) = (failure.fault, failure.status)
        played.append(
            Vector.Entry("=failure \(fault.code) \(fault.detail) \(status)")
                .with(failure.code).with(failure.message))
    }

    private func described(_ word: String, _ call: ToolCall) -> Vector.Entry {
        Vector.Entry("\(word) \(call.id.number)")
            .with(call.providerID).with(call.name).with(call.arguments)
    }

    private func counts(_ word: String, _ usage: Usage) {
        put(
            "\(word) \(usage.inputTokens) \(usage.outputTokens) \(usage.cacheReadTokens) "
                + "\(usage.cacheWriteTokens) \(usage.reasoningTokens)")
    }

    /// Writes an event down. Pieces of the same text are one.
    private func show(_ event: Event) {
        switch event {
        case .text(let text): delta("=text", text)
        case .refusal(let text): delta("=refusal", text)
        case .thinking(let text): delta("=thinking", text)
        case .toolCallDelta: XCTFail("no vector asks for it")
        case .toolCall(let call): played.append(described("=tool_call", call))
        case .usage(let usage): counts("=counts", usage)
        case .truncated(let what, let bytes):
            put("=truncated \(what == .toolResult ? "result" : what.rawValue) \(bytes)")
        case .compacting: put("=compacting")
        case .summaryFailed(let fault): put("=summary_failed \(fault.code) \(fault.detail)")
        case .repeating(let name, let count):
            played.append(Vector.Entry("=repeating \(count)").with(name))
        case .recovered(let calls):
            XCTFail("\(calls) recovered calls have no place in a vector yet")
        case .end(let reason): put("=end \(reason.rawValue)")
        case .restart: put("=restart")
        case .unknown: XCTFail("an event without a name")
        }
    }

    private func delta(_ word: String, _ text: String) {
        if let last = played.indices.last, played[last].words == [word] {
            played[last].texts[0].append(contentsOf: text.utf8)
        } else {
            played.append(Vector.Entry(word).with(text))
        }
    }
}
