import Foundation
import XCTest
import Zerostack

/// `zerostack-scripted` with a script: a provider on a real loopback socket.
final class ScriptedProvider {
    private let process = Process()
    private let folder: URL
    /// Where it listens: `http://127.0.0.1:PORT`.
    let address: String

    /// Starts it with these replies, in its own JSON form.
    ///
    /// - Throws: `XCTSkip` when `ZEROSTACK_SCRIPTED` does not name the program; `test.sh` does.
    init(_ replies: String) throws {
        guard let program = ProcessInfo.processInfo.environment["ZEROSTACK_SCRIPTED"] else {
            throw XCTSkip("ZEROSTACK_SCRIPTED is not set: run bindings/swift/test.sh")
        }
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("zerostack-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let script = folder.appendingPathComponent("script.json")
        try Data("{\"replies\":[\(replies)]}".utf8).write(to: script)
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["--script", script.path, "--record", folder.path + "/record.jsonl"]
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw XCTSkip("\(program) does not start") }
            line += more
        }
        address = String(decoding: line.dropLast(), as: UTF8.self)
    }

    deinit {
        // It may have been started on a thread that blocks the milder signals, and so does it.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The bodies that were sent, in order.
    func bodies() throws -> [[String: Any]] {
        try requests().map { request in
            switch request["body"] {
            case let body as [String: Any]: return body
            case let text as String:
                let body = try JSONSerialization.jsonObject(with: Data(text.utf8))
                return try XCTUnwrap(body as? [String: Any])
            default: throw XCTSkip("a request without a body")
            }
        }
    }

    /// What was sent, in order.
    func requests() throws -> [[String: Any]] {
        let record = try Data(contentsOf: folder.appendingPathComponent("record.jsonl"))
        return try record.split(separator: UInt8(ascii: "\n")).map {
            try XCTUnwrap(JSONSerialization.jsonObject(with: $0) as? [String: Any])
        }
    }
}

/// Replies of a script.
enum Script {
    /// Says the texts, one event each.
    static func text(_ texts: String..., and more: String = "") -> String {
        let parts = texts.map { "{\"text\":\"\($0)\"}" }.joined(separator: ",")
        return "{\"parts\":[\(parts)]\(more)}"
    }

    /// Calls `name` once with each of `arguments`, which are JSON.
    static func calls(_ name: String, _ arguments: String...) -> String {
        let parts = arguments.map { "{\"call\":{\"name\":\"\(name)\",\"arguments\":\($0)}}" }
        return "{\"parts\":[\(parts.joined(separator: ","))]}"
    }
}

/// Keeps events that come from anywhere.
final class Log: @unchecked Sendable {
    private let lock = NSLock()
    /// Only touched under the lock.
    private var kept: [AgentEvent] = []

    var events: [AgentEvent] { lock.withLock { kept } }

    func take(_ event: AgentEvent) {
        lock.withLock { kept.append(event) }
    }
}
