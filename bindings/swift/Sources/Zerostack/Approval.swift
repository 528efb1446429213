internal import ZerostackGenerated

/// What becomes of a call that waits for approval, see ``Reply/deferred``.
public enum Decision: Sendable, Hashable {
    /// It runs.
    case approve
    /// It does not run, and the model gets the reason, which may be empty.
    case deny(String = "")
    /// It does not run here: this is its result.
    case answer(String, isError: Bool = false)
}

/// What becomes of a call of an unknown tool, and of arguments that do not fit the schema of their
/// tool.
public enum BadCallPolicy: String, Sendable, Hashable, CaseIterable {
    /// It is not run, and the model gets the reason.
    case tell
    /// Arguments that were plainly meant otherwise are repaired (`"7"` where a number is wanted), and the
    /// call runs; any other call is reported to the model.
    case `repair`
    /// The turn fails by ``ZerostackError/badCall(_:)``.
    case fail
}

/// The calls of a turn that cannot run, counted.
struct CallRules: Sendable {
    let policy: BadCallPolicy
    let most: Int
    private var bad = 0

    init(_ policy: BadCallPolicy, most: Int) {
        (self.policy, self.most) = (policy, most)
    }

    /// One more of them.
    ///
    /// - Throws: ``ZerostackError/badCall(_:)`` where the turn fails by it.
    mutating func count(_ name: String, _ why: String) throws {
        bad += 1
        if policy == .fail { throw ZerostackError.badCall("the model called \(name): \(why)") }
        if bad > most {
            throw ZerostackError.badCall(
                "the model made more than \(most) calls that cannot run, the last of \(name): \(why)"
            )
        }
    }

    /// The arguments for the tool, repaired if allowed; or the error for the model.
    func checked(_ arguments: String, for tool: Tool) -> Result<String, Tool.CallError> {
        let found = checkArguments(
            parameters: tool.spec.parameters, arguments: arguments, repair: policy == .repair)
        switch found {
        case .fit(let arguments): return .success(arguments)
        case .unfit(let sentence): return .failure(Tool.CallError(sentence))
        }
    }
}

/// The open calls of a reply, by the next action.
struct CallPlan: Sendable {
    /// Those that run, with their arguments.
    var running: [(call: ToolCall, tool: Tool, arguments: String)] = []
    /// Those that are answered without being run.
    var answered: [(call: ToolCall, output: ToolOutput)] = []
    /// Those that wait.
    var waiting: [ToolCall] = []

    /// - Throws: ``ZerostackError/badCall(_:)`` where the turn fails by one.
    init(
        _ calls: [ToolCall], _ tools: [String: Tool], _ decisions: inout [CallID: Decision],
        _ rules: inout CallRules
    ) throws {
        for call in calls {
            let decision = decisions.removeValue(forKey: call.id)
            switch decision {
            case .deny(let reason):
                let why = reason.allSatisfy(\.isWhitespace) ? "" : ": \(reason)"
                answered.append((call, ToolOutput("the call was denied\(why)", isError: true)))
                continue
            case .answer(let content, let isError):
                answered.append((call, ToolOutput(content, isError: isError)))
                continue
            case .approve, nil:
                break
            }
            guard let tool = tools[call.name] else {
                let names = tools.keys.sorted().joined(separator: ", ")
                let why = "there is no tool \"\(call.name)\"; the tools are: \(names)"
                try rules.count(call.name, why)
                answered.append((call, ToolOutput(why, isError: true)))
                continue
            }
            switch rules.checked(call.arguments, for: tool) {
            case .failure(let error):
                try rules.count(call.name, error.description)
                answered.append((call, ToolOutput(error.description, isError: true)))
            case .success(let arguments) where decision == nil && tool.asks(arguments):
                _ = arguments
                waiting.append(call)
            case .success(let arguments):
                running.append((call, tool, arguments))
            }
        }
    }
}
