import Foundation
import XCTest
import Zerostack

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Turns over `URLSession` against servers that misbehave.
final class WireTests: XCTestCase {
    static let hello =
        "data: {\"choices\":[{\"delta\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}]}\n\n"
        + "data: [DONE]\n\n"

    func agent(_ server: Server, limits change: (inout Limits) -> Void = { _ in }) throws -> Agent {
        var configuration = Configuration(.openAIChat, model: "m")
        configuration.limits.retryBase = .milliseconds(1)
        change(&configuration.limits)
        return try Agent(
            configuration, at: Endpoint(.openAIChat, baseURL: server.address, key: "k"))
    }

    func testInterimHeadsAreNotTheAnswer() async throws {
        let early = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
        for interim in ["HTTP/1.1 100 Continue\r\n\r\n", early + early] {
            let server = try Server { connection in connection.send(interim + head + Self.hello) }
            let reply = try await agent(server).run("Hi")
            XCTAssertEqual(reply.text, "hello")
        }
    }

    func testAReplyWhoseBodyDoesNotEnd() async throws {
        let server = try Server { connection in
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n" + Self.hello)
            connection.wait()
        }
        let reply = try await agent(server).run("Hi")
        XCTAssertEqual(reply.text, "hello")
    }

    func testARefusalWhoseBodyDoesNotEnd() async throws {
        let reason = "{\"error\":{\"message\":\"no such model\"}}"
        for body in [reason, reason + "\n"] {
            let server = try Server { connection in
                connection.send("HTTP/1.1 404 Not Found\r\ncontent-length: 9999\r\n\r\n" + body)
                connection.wait()
            }
            let began = ContinuousClock.now
            do {
                try await agent(server).run("Hi")
                XCTFail("it was refused")
            } catch ZerostackError.turnFailed(let failure, network: _) {
                XCTAssertEqual(failure.message, "no such model")
            }
            // The bound is a second; the server would wait for minutes.
            XCTAssertLessThan(ContinuousClock.now - began, .seconds(60))
        }
    }

    func testAFloodWaitsAtTheServer() async throws {
        let server = try Server { connection in
            connection.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
            let event = "data: {\"choices\":[{\"delta\":{\"content\":\"abcdefgh\"}}]}\n\n"
            let many = String(repeating: event, count: 1000)
            while connection.send(many) {}
        }
        let before = residentBytes()
        var read = 0
        // Nobody takes the events as fast as they come.
        for try await event in try agent(server).stream("Hi") {
            guard case .reply(.text) = event else { continue }
            read += 1
            if read == 400 { break }
            await Task.yield()
        }
        XCTAssertEqual(read, 400)
        XCTAssertLessThan(residentBytes() - before, 48 << 20)
    }

    func testATextThatNeverFitsChangesNothing() async throws {
        let server = try Server { connection in
            connection.send(
                "HTTP/1.1 200 OK\r\ncontent-length: \(Self.hello.utf8.count)\r\n\r\n" + Self.hello)
        }
        let agent = try Agent(
            Configuration(.openAIChat, model: "m"),
            at: Endpoint(.openAIChat, baseURL: server.address, key: "k"), capacity: 4096)
        for number in 0..<3 { try await agent.run("remember number \(number)") }
        let before = agent.transcript
        do {
            try await agent.run(String(repeating: "x", count: 20_000))
            XCTFail("it fits")
        } catch ZerostackError.refused(let fault) {
            XCTAssertEqual(fault.kind, .full)
        }
        XCTAssertEqual(agent.transcript, before)
        // One that fits when the oldest turns go makes them go.
        try await agent.run(String(repeating: "x", count: 3_850))
        XCTAssertLessThan(agent.transcript.count, before.count + 2)
    }
}

/// Memory that this process has now; 0 where the system does not say.
private func residentBytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = status.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4096
}

/// A loopback server that treats each connection as the test asks.
final class Server: @unchecked Sendable {
    private let listener: Int32
    /// Where it listens.
    let address: String

    init(_ treat: @escaping @Sendable (Connection) -> Void) throws {
        #if canImport(Glibc)
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let bound = withUnsafeMutablePointer(to: &place) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                bind(listener, place, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, place, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
        address = "http://127.0.0.1:\(UInt16(bigEndian: place.sin_port))"
        signal(SIGPIPE, SIG_IGN)
        Thread.detachNewThread {
            while true {
                let socket = accept(listener, nil, nil)
                guard socket >= 0 else { return }
                Thread.detachNewThread {
                    let connection = Connection(socket)
                    connection.readRequest()
                    treat(connection)
                    close(socket)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// A connection whose request was read.
    struct Connection: Sendable {
        private let socket: Int32

        fileprivate init(_ socket: Int32) { self.socket = socket }

        /// Sends; false when nobody listens any more.
        @discardableResult
        func send(_ text: String) -> Bool {
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let sent = bytes.withUnsafeBytes { write(socket, $0.baseAddress, $0.count) }
                guard sent > 0 else { return false }
                bytes = bytes.dropFirst(sent)
            }
            return true
        }

        /// Waits until the other side hangs up.
        func wait() {
            var byte: UInt8 = 0
            while read(socket, &byte, 1) > 0 {}
        }

        fileprivate func readRequest() {
            var text = ""
            var bytes = [UInt8](repeating: 0, count: 4096)
            while !text.contains("]}") {
                let count = read(socket, &bytes, bytes.count)
                guard count > 0 else { return }
                text += String(decoding: bytes[..<count], as: UTF8.self)
            }
        }
    }
}
