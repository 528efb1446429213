import Foundation
internal import ZerostackGenerated

/// What this package throws.
public enum ZerostackError: Error, Sendable, Hashable {
    /// The core refused the call, and nothing changed; or the turn failed at it.
    case refused(Fault)
    /// The turn failed, after the last attempt. The network's error is in `network`.
    case turnFailed(Failure, network: String?)
    /// The server's certificate is not trusted, and why. It is not tried again.
    case untrusted(String)
    /// The conversation is in the middle of a turn; run another one, or wait for it.
    case busy
    /// An address that no request can be sent to, and why.
    case badURL(String)
    /// The answer fits its schema and not the type that was asked for, or is not whole; and why.
    case badAnswer(String)
    /// No schema can be made of the type of a tool's arguments, and why.
    case badArguments(String)
    /// A file that cannot be sent, and why.
    case badFile(String)
    /// The turn failed by a call that cannot run, see ``BadCallPolicy``.
    case badCall(String)
    /// These calls wait for approval, where a value was asked for. The turn is open:
    /// ``Agent/resume(_:in:onEvent:)`` continues it.
    case deferred([ToolCall])
    /// The ``SharedBudget`` of the agent is used up, and how.
    case budgetUsedUp(String)
}

/// Why a call was refused or a reply could not be used.
public struct Fault: Sendable, Hashable {
    /// The class.
    public let kind: ErrorKind
    /// Its number, the same in every language.
    public let code: UInt8
    /// A number whose meaning depends on the kind.
    public let detail: UInt32
    /// One sentence for a person: what, where, what to do.
    public let message: String
}

/// Why the last turn failed, or the last attempt of this one.
public struct Failure: Sendable, Hashable {
    /// The error that the call threw.
    public let fault: Fault
    /// The provider's code or type of the error, if it sent one.
    public let code: String
    /// The provider's message, if it sent one.
    public let message: String
    /// The HTTP status, 0 if there was no response.
    public let status: Int
}

/// The class of an error.
public enum ErrorKind: String, Sendable, Hashable, CaseIterable {
    /// The storage has no room for it; `detail` is the bytes missing.
    case full
    /// The call does not fit the step; `detail` is the number of the current step.
    case wrongStep
    /// The response breaks a rule of the dialect; `detail` is the byte offset in the body.
    case badResponse
    /// The response ended before the reply was complete; `detail` is the number of received bytes.
    case cut
    /// The provider answered with an error; `detail` is the HTTP status.
    case status
    /// The provider could not be reached, or broke off before the head.
    case unreachable
    /// The reply hit the token limit in a tool call; `detail` is the number of whole calls.
    case truncated
    /// A limit is used up; `detail` is 1 for ``Limits/maxRounds``, 2 for ``Limits/maxTurnTokens``,
    /// 3 for ``Limits/maxTurnCostMicros``, 4 for ``Limits/maxTurnTime``, 5 for
    /// ``Limits/maxRepeats``, 6 for ``Limits/maxCalls``, else its value.
    case limit
    /// No open call has this id; `detail` is the id.
    case unknownCall
    /// A saved transcript is damaged; `detail` is the offset of the first bad byte.
    case badTranscript
    /// The configuration cannot be used; `detail` is the index of the bad tool, or 2^32 - 1.
    case badConfig
    /// JSON text is not valid; `detail` is the byte offset.
    case badJSON
    /// The dialect is not compiled in.
    case unsupported
    /// A text is longer than its format allows; `detail` is the longest length in bytes.
    case tooLong
    /// A prompt's front matter is not understood.
    case badPrompt
    /// A required placeholder of a prompt has no value; `detail` is its offset in the prompt's text.
    case missingPlaceholder
    /// No prompt of that name.
    case unknownPrompt
    /// Prompts include one another too deeply; `detail` is the depth that is allowed.
    case includeDepth
    /// A packed vocabulary is refused; `detail` is the reason.
    case badVocabulary
    /// A token id is not of this vocabulary; `detail` is its index.
    case unknownToken
    /// The request does not fit the context of the model; `detail` is the tokens too many.
    case windowTooLong
    /// The transcript was rewritten since the checkpoint was made. Nothing changed.
    case staleCheckpoint
    /// A line of a transcript as JSON Lines is refused; `detail` is its number, from 1 on.
    case badLine
    /// A request option is out of range or malformed, or replaces a member that the session writes;
    /// the message has its name.
    case badOption
    /// The dialect has no field for a request option, or not for this value of it; the message has
    /// its name.
    case unsupportedOption
    /// An attachment cannot be used as described: its media type, name, length or address.
    case badAttachment
    /// The dialect has no place for an attachment of this kind or media type, or not from this
    /// source.
    case unsupportedAttachment
    /// The bytes of an attachment are needed and were not given.
    case missingAttachment
    /// The bytes of an attachment are fewer or more than declared.
    case attachmentLength
    /// The answer does not fit the response schema, and was asked for again as often as it may be;
    /// `detail` is where in its JSON. The answer is in the transcript.
    case badAnswer
    /// The reply holds only images, sound or other media, which are not kept; `detail` is their
    /// length in bytes, as they were sent.
    case mediaOnly
    /// A class that this version does not name; ``Fault/code`` has its number.
    case other
}

extension ZerostackError: CustomStringConvertible, LocalizedError {
    /// One line for a person.
    public var description: String {
        switch self {
        case .refused(let fault):
            return fault.message
        case .turnFailed(let failure, let network):
            if failure.fault.kind == .status {
                let said = [failure.message, failure.code].filter { !$0.isEmpty }
                let reason = said.isEmpty ? "no reason" : said.joined(separator: ", ")
                return "the provider answered \(failure.fault.detail): \(reason)"
            }
            if failure.fault.kind == .badResponse, !failure.message.isEmpty {
                let page = failure.message
                return "the provider answered with \(page); check the base URL and the dialect"
            }
            if failure.fault.kind == .badAnswer, !failure.message.isEmpty {
                return "\(failure.fault.message): \(failure.message)"
            }
            return network.map { "\(failure.fault.message): \($0)" } ?? failure.fault.message
        case .busy:
            return "the conversation is in the middle of a turn"
        case .untrusted(let reason), .badURL(let reason), .badArguments(let reason),
            .badAnswer(let reason), .badFile(let reason), .badCall(let reason),
            .budgetUsedUp(let reason):
            return reason
        case .deferred(let calls):
            let names = calls.map(\.name).joined(separator: ", ")
            return "the turn waits for the approval of calls (\(names)): resume(_:) goes on with it"
        }
    }

    /// The same line.
    public var errorDescription: String? { description }
}

// From the core.

extension Fault {
    init(_ core: ZerostackGenerated.Fault) {
        kind = ErrorKind(core.kind)
        code = core.code
        detail = core.detail
        message = core.message
    }
}

extension Failure {
    init(_ core: ZerostackGenerated.Failure) {
        fault = Fault(core.fault)
        code = core.code
        message = core.message
        status = Int(core.status)
    }
}

extension ErrorKind {
    fileprivate init(_ core: ZerostackGenerated.ErrorKind) {
        switch core {
        case .full: self = .full
        case .wrongStep: self = .wrongStep
        case .badResponse: self = .badResponse
        case .cut: self = .cut
        case .status: self = .status
        case .unreachable: self = .unreachable
        case .truncated: self = .truncated
        case .limit: self = .limit
        case .unknownCall: self = .unknownCall
        case .badTranscript: self = .badTranscript
        case .badConfig: self = .badConfig
        case .badJson: self = .badJSON
        case .unsupported: self = .unsupported
        case .tooLong: self = .tooLong
        case .badPrompt: self = .badPrompt
        case .missingPlaceholder: self = .missingPlaceholder
        case .unknownPrompt: self = .unknownPrompt
        case .includeDepth: self = .includeDepth
        case .badVocabulary: self = .badVocabulary
        case .unknownToken: self = .unknownToken
        case .windowTooLong: self = .windowTooLong
        case .staleCheckpoint: self = .staleCheckpoint
        case .badLine: self = .badLine
        case .badOption: self = .badOption
        case .unsupportedOption: self = .unsupportedOption
        case .badAttachment: self = .badAttachment
        case .unsupportedAttachment: self = .unsupportedAttachment
        case .missingAttachment: self = .missingAttachment
        case .attachmentLength: self = .attachmentLength
        case .badAnswer: self = .badAnswer
        case .mediaOnly: self = .mediaOnly
        // Of parts of the core that have no call in this package.
        case .writeFailed, .badRequest, .badHttp, .httpTooLong, .httpEncoding, .httpCut,
            .badArguments, .badSchema, .tooDeep, .tooMuchWork, .unknown:
            self = .other
        }
    }
}

/// Runs a call of the core, and converts its error.
func translated<Value>(_ call: () throws -> Value) throws -> Value {
    do {
        return try call()
    } catch ZerostackGenerated.ZerostackError.Core(let fault) {
        throw ZerostackError.refused(Fault(fault))
    }
}
