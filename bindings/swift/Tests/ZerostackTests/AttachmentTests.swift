import Foundation
import XCTest
import Zerostack

/// Files beside what is said, in every dialect, and what goes wrong with them.
final class AttachmentTests: XCTestCase {
    /// As much as is not sent in one piece.
    static let picture =
        Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        + Data((0..<200_001).map { UInt8(truncatingIfNeeded: $0 &* 31) })

    func file(_ name: String, _ bytes: Data = picture) throws -> String {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("zerostack-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        addTeardownBlock { try? FileManager.default.removeItem(at: folder) }
        let place = folder.appendingPathComponent(name)
        try bytes.write(to: place)
        return place.path
    }

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

    func testEveryDialectSendsTheBytes() throws {
        let base64 = Self.picture.base64EncodedString()
        for dialect in Dialect.allCases {
            for source in ["path", "bytes", "reader"] {
                let picture = Self.picture
                let file =
                    switch source {
                    case "path": try File(path: file("cat.png"))
                    case "bytes": try File(picture, name: "cat.png")
                    default:
                        // A reader may give less than it is asked for.
                        try File(size: picture.count, name: "cat.png") { offset, count in
                            Data(picture.dropFirst(offset).prefix(min(count, 1000)))
                        }
                    }
                XCTAssertEqual(file.mediaType, "image/png")
                let session = try Session(Configuration(dialect, model: "m"))
                XCTAssertTrue(try session.takes(file))
                try session.user("What is this?", attachments: [file])
                let body = try session.request().body
                let text = String(decoding: body, as: UTF8.self)
                XCTAssertTrue(text.contains(base64), "\(dialect), \(source)")
                XCTAssertNoThrow(try JSONSerialization.jsonObject(with: body))
                XCTAssertEqual(try session.request().body, body)
                guard case .attachment(let held) = session.transcript[1].part else {
                    return XCTFail("\(session.transcript)")
                }
                XCTAssertEqual([held.mediaType, held.name], ["image/png", "cat.png"])
                XCTAssertEqual(held.size, picture.count)
                XCTAssertEqual(held.source, .number(0))
            }
        }
    }

    func testAddressesAndIds() throws {
        let session = try Session(Configuration(.anthropic, model: "m"))
        let files = [
            File(url: "https://example.org/a.png?size=1"),
            File(uploaded: "file_1", mediaType: "application/pdf"),
        ]
        try session.user("Compare.", attachments: files)
        let body = String(decoding: try session.request().body, as: UTF8.self)
        XCTAssertTrue(body.contains(#""url":"https://example.org/a.png?size=1""#), body)
        XCTAssertTrue(body.contains(#""file_id":"file_1""#), body)
        XCTAssertEqual(files[0].mediaType, "image/png")
    }

    func testWhatCannotBeSentIsSaidBefore() throws {
        let session = try Session(Configuration(.ollama, model: "m"))
        let sound = try File(Data("OggS----".utf8))
        XCTAssertEqual(sound.mediaType, "audio/ogg")
        XCTAssertFalse(try session.takes(sound))
        XCTAssertEqual(
            fault { try session.user("Listen.", attachments: [sound]) }?.kind,
            .unsupportedAttachment)
        let odd = try File(Data([1]), mediaType: "image png")
        XCTAssertEqual(
            fault { try session.user("Look.", attachments: [odd]) }?.kind, .badAttachment)
        XCTAssertEqual(session.step, .idle)
        XCTAssertEqual(session.transcript, [])
        for (make, why) in [
            ({ _ = try File(Data()) }, "the file is empty: nothing can be sent"),
            ({ _ = try File(path: "/") }, "the file / cannot be read: it is not a regular file"),
            ({ _ = try File(Data([1, 2, 3]), name: "a.bin2") }, "give its mediaType"),
            ({ _ = try File(path: "/nowhere/a.png") }, "the file /nowhere/a.png cannot be read: "),
            (
                { _ = try File(size: 1 << 31, mediaType: "image/png") { _, _ in Data() } },
                "longer than 1 GiB"
            ),
        ] as [(() throws -> Void, String)] {
            XCTAssertThrowsError(try make()) { XCTAssertTrue("\($0)".contains(why), "\($0)") }
        }
    }

    func testAFileThatChangedEndsNothingHalfSent() throws {
        for change in [Self.picture.dropLast(), Self.picture + Data([1]), Data()] {
            let path = try file("cat.png")
            let session = try Session(Configuration(.openAIChat, model: "m"))
            try session.user("Look.", attachments: [File(path: path)])
            try change.write(to: URL(fileURLWithPath: path))
            let fault = try XCTUnwrap(fault { _ = try session.request() })
            XCTAssertEqual(fault.kind, .attachmentLength)
            XCTAssertEqual(
                fault.message,
                "the file cat.png changed its length since it was attached: attach it again")
            // Whoever has the right bytes again can go on.
            XCTAssertEqual(session.step, .send)
            try Self.picture.write(to: URL(fileURLWithPath: path))
            XCTAssertNoThrow(try session.request())
        }
    }

    func testAConversationThatIsResumedWithoutItsFiles() throws {
        let configuration = Configuration(.openAIResponses, model: "m")
        let session = try Session(configuration)
        try session.user("Look.", attachments: [File(Self.picture, name: "cat.png")])
        let body = try session.request().body
        let lines = session.jsonLines
        for make in [
            { try Session(resuming: session.snapshot, configuration) },
            { try Session(jsonLines: lines, configuration) },
        ] {
            let again = try make()
            let fault = try XCTUnwrap(fault { _ = try again.request() })
            XCTAssertEqual(fault.kind, .missingAttachment)
            XCTAssertTrue(fault.message.contains("attach(_:number:)"), fault.message)
            again.attach(try File(Self.picture), number: fault.detail)
            XCTAssertEqual(try again.request().body, body)
            let without = try make()
            XCTAssertEqual(try without.leaveOutAttachments(), 1)
            let text = String(decoding: try without.request().body, as: UTF8.self)
            XCTAssertTrue(text.contains("[image cat.png, image/png, 200009 bytes: left out]"), text)
        }
        // A fork has them.
        XCTAssertEqual(try session.fork(configuration).request().body, body)
    }

    func testAnAgentSendsFilesAndToolsReturnThem() async throws {
        let provider = try ScriptedProvider(
            Script.calls("look", "{}", #"{"at":"sound"}"#) + "," + Script.text("A cat."))
        let spec = ToolSpec(
            name: "look", description: "Looks.",
            parameters: #"{"type":"object","properties":{"at":{"type":"string"}}}"#)
        let look = Tool(spec) { arguments, _ in
            let bytes = arguments == "{}" ? Self.picture : Data("OggS----".utf8)
            return ToolOutput("Here.", files: [try File(bytes, name: "it")])
        }
        let endpoint = try Endpoint(.anthropic, baseURL: provider.address, key: "k")
        let agent = try Agent(Configuration(.anthropic, model: "m"), at: endpoint, tools: [look])
        let log = Log()
        let reply = try await agent.run(
            "What is this?", attachments: [File(path: file("cat.png"))]
        ) { log.take($0) }
        XCTAssertEqual(reply.text, "A cat.")
        let sent = try provider.bodies().map { body in
            let bytes = try JSONSerialization.data(
                withJSONObject: body, options: .withoutEscapingSlashes)
            let parts = String(decoding: bytes, as: UTF8.self)
                .components(separatedBy: Self.picture.base64EncodedString())
            return parts.count - 1
        }
        XCTAssertEqual(sent, [1, 2])
        let told = log.events.compactMap { event -> String? in
            guard case .toolResult(_, let content, true, _) = event else { return nil }
            return content
        }
        XCTAssertEqual(told.count, 1)
        XCTAssertTrue(told[0].hasPrefix("Here.\n[it: "), told[0])
    }
}
