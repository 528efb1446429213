import Foundation

/// The JSON Schema of a type, derived from what the type decodes.
///
/// Structs with synthesized or hand-written `Decodable` work, with strings, numbers, booleans,
/// arrays, nested structs, optionals (which need not be given), dictionaries (as objects of
/// anything), `Date` (ISO 8601), `URL`, `UUID`, `Data` (base64) and enums whose raw value is a
/// string and that are `CaseIterable`.
public enum Schema {
    /// The schema of `type`, which must decode from an object. `describing` tells the model what
    /// the properties mean, by their names.
    ///
    /// - Throws: ``ZerostackError/badArguments(_:)`` when the type cannot be asked, or has no
    ///   property that `describing` names.
    public static func of<Arguments: Decodable>(
        _ type: Arguments.Type, describing: [String: String] = [:]
    ) throws -> String {
        let probe = Probe(depth: 0)
        _ = try probe.sample(type)
        guard case .object(let properties) = probe.shape else {
            throw ZerostackError.badArguments("\(type) is no object with named properties")
        }
        let names = Set(properties.map(\.name))
        if let unknown = describing.keys.sorted().first(where: { !names.contains($0) }) {
            throw ZerostackError.badArguments("\(type) has no property \"\(unknown)\" to describe")
        }
        return probe.shape.text(describing: describing)
    }
}

/// What a type decodes from.
indirect enum Shape {
    case anything
    case plain(String, format: String?)
    case choice([String])
    case array(Shape)
    case object([Property])

    struct Property {
        let name: String
        var shape: Shape
        var isRequired: Bool
    }

    /// As JSON Schema, the properties in the order of the type.
    func text(describing: [String: String] = [:], description: String? = nil) -> String {
        var members: [String] = []
        switch self {
        case .anything:
            break
        case .plain(let type, let format):
            members.append("\"type\":\"\(type)\"")
            if let format { members.append("\"format\":\"\(format)\"") }
        case .choice(let values):
            members.append("\"type\":\"string\"")
            members.append("\"enum\":[\(values.map(quoted).joined(separator: ","))]")
        case .array(let items):
            members.append("\"type\":\"array\"")
            members.append("\"items\":\(items.text())")
        case .object(let properties):
            let all = properties.map {
                "\(quoted($0.name)):\($0.shape.text(description: describing[$0.name]))"
            }
            members.append("\"type\":\"object\"")
            members.append("\"properties\":{\(all.joined(separator: ","))}")
            let required = properties.filter(\.isRequired).map { quoted($0.name) }
            if !required.isEmpty {
                members.append("\"required\":[\(required.joined(separator: ","))]")
            }
        }
        if let description { members.append("\"description\":\(quoted(description))") }
        return "{\(members.joined(separator: ","))}"
    }
}

/// A JSON string.
private func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    // A string alone always encodes.
    let data = (try? encoder.encode(text)) ?? Data("\"\"".utf8)
    return String(decoding: data, as: UTF8.self)
}

/// A decoder without data: it records the requests and returns samples.
private final class Probe: Decoder {
    var shape = Shape.anything
    let depth: Int
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    init(depth: Int) {
        self.depth = depth
    }

    /// Notes the shape of `type` and makes a value of it.
    func sample<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let known = known(type) { return known }
        if let cases = (type as? any CaseIterable.Type).flatMap(texts(of:)) {
            shape = .choice(cases.map(\.raw))
            if let first = cases.first?.value as? Value { return first }
        }
        do {
            return try Value(from: self)
        } catch let error as ZerostackError {
            throw error
        } catch {
            throw ZerostackError.badArguments(
                "\(type) cannot be asked for its schema; write it by hand with ToolSpec. "
                    + "An enum must be CaseIterable and have strings as raw values (\(error))")
        }
    }

    /// Types whose form in JSON `JSONDecoder` decides.
    private func known<Value>(_ type: Value.Type) -> Value? {
        let samples: [(any Sendable, Shape)] = [
            (Date(timeIntervalSince1970: 0), .plain("string", format: "date-time")),
            (URL(fileURLWithPath: "/"), .plain("string", format: "uri")),
            (UUID(), .plain("string", format: "uuid")),
            (Data(), .plain("string", format: nil)),
            (Decimal(0), .plain("number", format: nil)),
        ]
        for (sample, shape) in samples {
            if let value = sample as? Value {
                self.shape = shape
                return value
            }
        }
        return nil
    }

    /// The cases of an enum whose raw value is a string.
    private func texts(of type: any CaseIterable.Type) -> [(value: Any, raw: String)]? {
        func all<Cases: CaseIterable>(_ type: Cases.Type) -> [Any] { type.allCases.map { $0 } }
        let values = all(type)
        let texts = values.compactMap { value -> (value: Any, raw: String)? in
            guard let raw = (value as? any RawRepresentable)?.rawValue as? String else {
                return nil
            }
            return (value, raw)
        }
        return texts.count == values.count && !texts.isEmpty ? texts : nil
    }

    /// A probe for nested values.
    func child() throws -> Probe {
        guard depth < Probe.maxDepth else {
            throw ZerostackError.badArguments(
                "the arguments are nested more than \(Probe.maxDepth) deep")
        }
        return Probe(depth: depth + 1)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        shape = .object([])
        return KeyedDecodingContainer(KeyedProbe(probe: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        shape = .array(.anything)
        return UnkeyedProbe(probe: self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        ValueProbe(probe: self)
    }

    func note(_ name: String, _ shape: Shape, isRequired: Bool) {
        guard case .object(var properties) = self.shape else { return }
        if let index = properties.firstIndex(where: { $0.name == name }) {
            properties[index].shape = shape
        } else {
            properties.append(Shape.Property(name: name, shape: shape, isRequired: isRequired))
        }
        self.shape = .object(properties)
    }

    static let maxDepth = 16
}

private struct KeyedProbe<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let probe: Probe
    let codingPath: [any CodingKey] = []
    let allKeys: [Key] = []

    func contains(_ key: Key) -> Bool { true }

    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let child = try probe.child()
        let value = try child.sample(type)
        probe.note(key.stringValue, child.shape, isRequired: true)
        return value
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        let child = try probe.child()
        let value = try child.sample(type)
        probe.note(key.stringValue, child.shape, isRequired: false)
        return value
    }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try optional(key)
    }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try optional(key)
    }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try optional(key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(key) }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try optional(key) }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try optional(key) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try optional(key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(key) }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try optional(key) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try optional(key) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? {
        try optional(key)
    }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? {
        try optional(key)
    }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
        try optional(key)
    }

    private func optional<Value: Decodable>(_ key: Key) throws -> Value? {
        let child = try probe.child()
        let value = try child.sample(Value.self)
        probe.note(key.stringValue, child.shape, isRequired: false)
        return value
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        throw ZerostackError.badArguments("nested containers have no schema")
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw ZerostackError.badArguments("nested containers have no schema")
    }

    func superDecoder() throws -> any Decoder {
        throw ZerostackError.badArguments("classes that inherit have no schema")
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        try superDecoder()
    }
}

/// One element, then the end.
private struct UnkeyedProbe: UnkeyedDecodingContainer {
    let probe: Probe
    let codingPath: [any CodingKey] = []
    let count: Int? = nil
    var currentIndex = 0
    var isAtEnd: Bool { currentIndex > 0 }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let child = try probe.child()
        let value = try child.sample(type)
        probe.shape = .array(child.shape)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        throw ZerostackError.badArguments("nested containers have no schema")
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw ZerostackError.badArguments("nested containers have no schema")
    }

    mutating func superDecoder() throws -> any Decoder {
        throw ZerostackError.badArguments("classes that inherit have no schema")
    }
}

private struct ValueProbe: SingleValueDecodingContainer {
    let probe: Probe
    let codingPath: [any CodingKey] = []

    func decodeNil() -> Bool { false }

    func decode(_ type: Bool.Type) throws -> Bool { plain("boolean", false) }
    func decode(_ type: String.Type) throws -> String { plain("string", "") }
    func decode(_ type: Double.Type) throws -> Double { plain("number", 0) }
    func decode(_ type: Float.Type) throws -> Float { plain("number", 0) }
    func decode(_ type: Int.Type) throws -> Int { plain("integer", 0) }
    func decode(_ type: Int8.Type) throws -> Int8 { plain("integer", 0) }
    func decode(_ type: Int16.Type) throws -> Int16 { plain("integer", 0) }
    func decode(_ type: Int32.Type) throws -> Int32 { plain("integer", 0) }
    func decode(_ type: Int64.Type) throws -> Int64 { plain("integer", 0) }
    func decode(_ type: UInt.Type) throws -> UInt { plain("integer", 0) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { plain("integer", 0) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { plain("integer", 0) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { plain("integer", 0) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { plain("integer", 0) }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try probe.sample(type) }

    private func plain<Value>(_ name: String, _ sample: Value) -> Value {
        probe.shape = .plain(name, format: nil)
        return sample
    }
}
