import Foundation
import XCTest

/// The runs that every language plays.
final class VectorTests: XCTestCase {
    func testEveryVectorGivesWhatItSays() throws {
        let folder = repository.appendingPathComponent("tests/vectors")
        let files = try FileManager.default
            .contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "vector" }
            .sorted { $0.path < $1.path }
        XCTAssertGreaterThanOrEqual(files.count, 29)
        for file in files {
            let vector = try Vector(try Data(contentsOf: file))
            for piece in [Int.max, 64, 7, 2, 1] {
                let played = try Player(piece: piece).play(vector)
                let name = "\(file.lastPathComponent) in pieces of \(piece)"
                // The first difference says more than both of them whole.
                for (index, expected) in vector.entries.enumerated() where index < played.count {
                    guard played[index] != expected else { continue }
                    XCTFail("\(name), entry \(index):\n\(expected)\nbut came\n\(played[index])")
                    break
                }
                XCTAssertEqual(played.count, vector.entries.count, name)
            }
        }
        print("\(files.count) vectors, each in 5 chunkings")
    }

    func testAVectorThatIsChangedFails() throws {
        let file = repository.appendingPathComponent("tests/vectors/openai_chat_text.vector")
        var vector = try Vector(try Data(contentsOf: file))
        let place = try XCTUnwrap(vector.entries.firstIndex { $0.name == "=text" })
        vector.entries[place].texts[0].append(33)
        XCTAssertNotEqual(try Player(piece: 7).play(vector), vector.entries)
    }
}

/// The root of this repository.
let repository = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../..")
    .standardizedFileURL
