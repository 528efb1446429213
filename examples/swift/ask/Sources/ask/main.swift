import Foundation
import Zerostack

struct Place: Decodable {
    let room: String
}

do {
    let environment = ProcessInfo.processInfo.environment
    let temperature = try Tool("temperature", "The temperature of a room in degrees Celsius") {
        (place: Place) in
        "\(place.room): 21 degrees"
    }
    let agent = try Agent(
        Configuration(.openAIChat, model: environment["MODEL"] ?? "gpt-5-mini"),
        at: Endpoint(
            .openAIChat, baseURL: environment["OPENAI_BASE_URL"],
            key: environment["OPENAI_API_KEY"]),
        tools: [temperature])

    for try await event in agent.stream("How warm is it in the kitchen?") {
        switch event {
        case .reply(.text(let text)): print(text, terminator: "")
        case .reply(.restart): print("\n[the reply broke off; again]")
        default: break
        }
    }
    print()
} catch {
    print("ask: \(error)")
    exit(1)
}
