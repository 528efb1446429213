/// What the open calls of a reply come to.
extension Turn {
    /// Answers the open calls that need no approval, and returns those that wait where all others were
    /// answered before.
    func runTools() async throws -> [ToolCall] {
        let plan = try CallPlan(session.pendingCalls, settings.tools, &decisions, &rules)
        if plan.running.isEmpty && plan.answered.isEmpty { return plan.waiting }
        for (call, output) in plan.answered { try await answer(call, output) }
        if !plan.running.isEmpty { try await run(plan) }
        return []
    }

    /// Runs calls at the same time, and takes their results as they come.
    ///
    /// The tasks are not children of this one: a tool that ignores its cancellation is abandoned,
    /// and does not hold the turn.
    private func run(_ plan: CallPlan) async throws {
        let (outputs, output) = AsyncStream<(ToolCall, ToolOutput)>.makeStream()
        var tasks: [Task<Void, Never>] = []
        defer {
            for task in tasks { task.cancel() }
        }
        for (call, tool, arguments) in plan.running {
            let context = ToolContext(call: call, usage: session.usage) { [show] text in
                await show(.toolProgress(call, text))
            }
            tasks.append(
                Task { output.yield((call, await tool.output(for: arguments, context))) })
            if let timeout = tool.timeout {
                tasks.append(
                    Task {
                        guard (try? await Task.sleep(for: timeout)) != nil else { return }
                        let late = ToolOutput(
                            "the tool gave no result within \(timeout)", isError: true)
                        output.yield((call, late))
                    })
            }
        }
        var open = Set(plan.running.map(\.call.id))
        for await (call, result) in outputs where open.remove(call.id) != nil {
            try await answer(call, result)
            if open.isEmpty { break }
        }
        // The stream also ends when this task is cancelled.
        try Task.checkCancellation()
    }

    /// Answers a call; files that cannot be sent are described to the model.
    private func answer(_ call: ToolCall, _ output: ToolOutput) async throws {
        var output = output
        // Providers refuse U+0000, or end a text there.
        output.content = output.content.replacing("\0", with: "\u{2400}")
        var leftOut = 0
        do {
            leftOut = try session.toolResult(
                call.id, output.content, isError: output.isError, attachments: output.files)
        } catch ZerostackError.refused(let fault)
            where fault.kind == .unsupportedAttachment || fault.kind == .badAttachment
        {
            let names = output.files.map { $0.name.isEmpty ? $0.mediaType : $0.name }
            let told = "[\(names.joined(separator: ", ")): \(fault.message)]"
            output = ToolOutput(
                output.content.isEmpty ? told : "\(output.content)\n\(told)", isError: true)
            leftOut = try session.toolResult(call.id, output.content, isError: true)
        }
        await show(
            .toolResult(
                call, content: output.content, isError: output.isError, leftOutBytes: leftOut))
    }
}
