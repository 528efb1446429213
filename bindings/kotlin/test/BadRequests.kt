// Requests that cannot be made: each is an error with its place, and nothing of it is sent.

import java.nio.ByteBuffer
import zerostack.*

/** Fails unless `work` ends with this error. */
fun refused(kind: ErrorKind, detail: UInt, words: String, work: () -> Unit) {
    val thrown = runCatching(work).exceptionOrNull()
    val fault = (thrown as? ZerostackException.Core)?.fault
    check(fault != null && fault.kind == kind && fault.detail == detail) { "$kind $detail: $thrown" }
    check(fault.message.contains(words)) { fault.message }
}

/** No session of these options can be. */
fun refusedOptions(kind: ErrorKind, detail: UInt, words: String, options: RequestOptions, dialect: Dialect) =
    refused(kind, detail, words) {
        Session(config().copy(dialect = dialect, options = options), 65536u).close()
    }

fun badSchemas() {
    val deep = """{"items":""".repeat(60) + "{}" + "}".repeat(60)
    val large = """{"description":"${"x".repeat(65536)}"}"""
    for (schema in listOf(deep, large, "{", "[]")) {
        val options = RequestOptions(responseSchema = ResponseSchema(schema))
        refusedOptions(ErrorKind.BAD_OPTION, 14u, "response_schema", options, Dialect.OPEN_AI_CHAT)
    }
    // What the server would refuse or ignore: the byte of it.
    val constant = """{"type":"object","properties":{"a":{"const":1}}}"""
    val strict = RequestOptions(responseSchema = ResponseSchema(constant, isStrict = true))
    refusedOptions(ErrorKind.BAD_SCHEMA, 0u, "JSON Schema", strict, Dialect.OPEN_AI_CHAT)
    val native = RequestOptions(responseSchema = ResponseSchema(constant, mode = SchemaMode.NATIVE))
    val bare = config().copy(dialect = Dialect.GEMINI, options = native, tools = listOf())
    refused(ErrorKind.BAD_SCHEMA, 37u, "JSON Schema") { Session(bare, 65536u).close() }
}

fun badValues() {
    val hot = RequestOptions(temperature = 2001)
    refusedOptions(ErrorKind.BAD_OPTION, 1u, "temperature", hot, Dialect.OPEN_AI_CHAT)
    val empty = RequestOptions(stop = listOf("END", ""))
    refusedOptions(ErrorKind.BAD_OPTION, 7u, "stop", empty, Dialect.OPEN_AI_CHAT)
    val noField = RequestOptions(topK = 40u)
    refusedOptions(ErrorKind.UNSUPPORTED_OPTION, 3u, "top_k; leave it out", noField, Dialect.OPEN_AI_CHAT)
}

/** The request up to the byte at which it wants a file. */
fun head(body: RequestBody): Int {
    var bytes = 0
    while (true) {
        val read = body.read(256u)
        if (read.isEmpty()) return bytes
        bytes += read.size
    }
}

fun badFiles() {
    val settings = config().copy(dialect = Dialect.ANTHROPIC)
    fun file(type: String) = Attachment(type, "cat.png", 8u, 0u, AttachmentSource.Number(7u))
    Session(settings, 65536u).use { session ->
        refused(ErrorKind.UNSUPPORTED_ATTACHMENT, 0u, "") {
            session.userWith("Listen.", listOf(file("audio/mpeg")))
        }
        check(session.step() is Step.Idle && session.transcript().isEmpty())
        // It ends early, and is longer than it was said to be: no byte of it is written.
        session.userWith("Look.", listOf(file("image/png")))
        for (bytes in listOf(2, 9)) {
            session.beginRequest().body.use { body ->
                val before = head(body)
                refused(ErrorKind.ATTACHMENT_LENGTH, 7u, "") { body.supply(direct(ByteArray(bytes))) }
                check(before > 0 && body.read(256u).isEmpty() && body.wanted()!!.offset == 0u)
            }
        }
        // Resumed by a program that has no files: the session names the file, or goes on without.
        Session.resume(session.snapshot(), settings, 65536u).use {
            refused(ErrorKind.MISSING_ATTACHMENT, 7u, "") { it.request() }
            check(it.leaveOutAttachments() == 1u)
            check(String(it.request().body).contains("Look."))
        }
    }
}

fun badAnswers() {
    val wrong = """{"choices":[{"message":{"content":"no"},"finish_reason":"stop"}]}""".toByteArray()
    val schema = ResponseSchema("""{"type":"object"}""", maxRepairs = 2u)
    val settings = config().copy(options = RequestOptions(responseSchema = schema), tools = listOf())
    Session(settings, 65536u).use { session ->
        session.user("City?")
        for (attempt in 0..2) {
            check(session.step() is Step.Send)
            session.beginResponse(200u, null)
            check(session.feed(direct(wrong)).fault == null)
            // Asked for again twice, which is the bound.
            if (attempt < 2) check(session.endResponse() is Event.Restart)
            else refused(ErrorKind.BAD_ANSWER, 1u, "") { session.endResponse() }
        }
        check(session.step() is Step.Idle && session.answerJson() == "no")
    }
}

fun main() {
    badSchemas()
    badValues()
    badFiles()
    badAnswers()
    println("ok bad requests")
}
