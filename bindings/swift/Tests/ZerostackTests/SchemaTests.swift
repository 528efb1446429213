import Foundation
import XCTest
import Zerostack

/// Schemas from types.
final class SchemaTests: XCTestCase {
    enum Mode: String, Decodable, CaseIterable { case fast, slow }
    enum Unlisted: String, Decodable { case a, b }

    struct Place: Decodable {
        let file: String
        let line: Int?
    }

    struct Everything: Decodable {
        let text: String
        let count: UInt8
        let ratio: Double?
        let isOn: Bool
        let mode: Mode
        let places: [Place]
        let when: Date
        let site: URL
        let id: UUID?
        let bytes: Data
        let extra: [String: String]?
        let names: Set<String>

        enum CodingKeys: String, CodingKey {
            case text, count, ratio
            case isOn = "is_on"
            case mode, places, when, site, id, bytes, extra
            case names
        }
    }

    func testASchemaOfEverything() throws {
        let place =
            #"{"type":"object","properties":{"file":{"type":"string"},"#
            + #""line":{"type":"integer"}},"required":["file"]}"#
        let expected =
            #"{"type":"object","properties":{"text":{"type":"string","#
            + #""description":"What \"it\" says"},"count":{"type":"integer"},"#
            + #""ratio":{"type":"number"},"is_on":{"type":"boolean"},"#
            + #""mode":{"type":"string","enum":["fast","slow"]},"#
            + #""places":{"type":"array","items":\#(place)},"#
            + #""when":{"type":"string","format":"date-time"},"#
            + #""site":{"type":"string","format":"uri"},"#
            + #""id":{"type":"string","format":"uuid"},"bytes":{"type":"string"},"#
            + #""extra":{"type":"object","properties":{}},"#
            + #""names":{"type":"array","items":{"type":"string"}}},"#
            + #""required":["text","count","is_on","mode","places","when","site","bytes","names"]}"#
        XCTAssertEqual(
            try Schema.of(Everything.self, describing: ["text": #"What "it" says"#]), expected)
    }

    func testTypesWithoutASchema() {
        struct Bad: Decodable { let value: Unlisted }
        struct Tree: Decodable { let children: [Tree] }
        for (schema, words) in [
            ({ try Schema.of(String.self) }, "String is no object"),
            ({ try Schema.of(Bad.self) }, "An enum must be CaseIterable"),
            ({ try Schema.of(Tree.self) }, "nested more than 16 deep"),
            (
                { try Schema.of(Place.self, describing: ["lines": "?"]) },
                "has no property \"lines\" to describe"
            ),
        ] as [(() throws -> String, String)] {
            XCTAssertThrowsError(try schema()) { error in
                XCTAssertTrue("\(error)".contains(words), "\(error)")
            }
        }
    }
}
