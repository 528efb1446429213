import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension Turn {
    /// Sends the request and feeds the response.
    func exchange() async throws {
        text = ""
        network = nil
        replyCalls = 0
        var hasBegun = false
        let request = try settings.endpoint.request(for: try session.request())
        do {
            let response = try await settings.transport.send(request)
            try session.beginResponse(status: response.status, retryAfter: response.retryAfter())
            hasBegun = true
            if response.status >= 300 {
                try await feed(await refusal(response.body))
            } else {
                for try await bytes in response.body {
                    try await feed(bytes)
                    if session.step != .receive || session.isReplyComplete { break }
                }
            }
        } catch let error as ZerostackError {
            throw error
        } catch let error where isFinal(error) {
            throw ZerostackError.untrusted(sentence(error))
        } catch {
            network = sentence(error)
        }
        try Task.checkCancellation()
        // Calls that are found in the text come before the end.
        while session.step == .receive || (session.step == .send && !hasBegun) {
            let event = try session.endResponse()
            await see(event)
            if case .restart = event, let field = session.switchedOff {
                let why = session.failure.map(reason) ?? "the request was refused"
                let reason = "\(why); what follows goes without it (\(field) of its profile)"
                await show(.retry(after: .zero, reason: reason))
            }
            guard case .recovered = event else { break }
        }
        try countMalformed()
    }

    /// The body of a refusal, as far as it arrives within a second: waiting for the rest is not
    /// worthwhile.
    private func refusal(_ body: AsyncThrowingStream<Data, any Error>) async -> Data {
        let reading = Task {
            var text = Data()
            do {
                for try await bytes in body {
                    text += bytes
                    if text.count >= Self.pieceBytes { break }
                }
            } catch {
                // The status says enough.
            }
            return text
        }
        let limit = Task {
            try await Task.sleep(for: Self.refusalLimit)
            reading.cancel()
        }
        defer { limit.cancel() }
        return await withTaskCancellationHandler {
            await reading.value
        } onCancel: {
            reading.cancel()
        }
    }

    private func feed(_ bytes: Data) async throws {
        // A piece at a time, so that few events wait to be shown.
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: Self.pieceBytes) {
            guard session.step == .receive else { return }
            var events: [Event] = []
            var failure: (any Error)?
            do {
                let end = min(start + Self.pieceBytes, bytes.endIndex)
                try session.feed(bytes[start..<end]) { events.append($0) }
            } catch {
                failure = error
            }
            for event in events { await see(event) }
            guard let failure else { continue }
            // Room can be made, and the request sent again.
            guard failure is ZerostackError, case .makeRoom = session.step else { throw failure }
            await see(.restart)
        }
    }

    private static let pieceBytes = 16 * 1024
    private static let refusalLimit = Duration.seconds(1)

    /// Counts the calls of the reply whose arguments are no JSON: the session has answered them.
    private func countMalformed() throws {
        guard session.step == .runTools || session.step == .send else { return }
        let malformed = replyCalls - session.pendingCalls.count
        replyCalls = 0
        for _ in 0..<max(malformed, 0) {
            try rules.count("a tool", "the arguments are not one JSON value")
        }
    }
}

/// Whether another attempt would fail in the same way: the server is not to be trusted.
private func isFinal(_ error: any Error) -> Bool {
    let final: [URLError.Code] = [
        .serverCertificateUntrusted, .serverCertificateHasBadDate,
        .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid,
        .clientCertificateRejected, .clientCertificateRequired,
        .appTransportSecurityRequiresSecureConnection,
    ]
    guard let error = error as? URLError else { return false }
    // On Linux only curl's words tell.
    let isUnknown = error.code == .unknown && sentence(error).contains("certificate")
    return isUnknown || final.contains(error.code)
}
