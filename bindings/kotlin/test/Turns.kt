// Whole turns against the scripted provider, over the generated Kotlin as it is.

import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.ByteBuffer
import zerostack.*

/** The scripted provider, for the length of a test. */
class Scripted(replies: String) : AutoCloseable {
    private val script = File.createTempFile("zerostack", ".json")
    private val process: Process
    val address: String

    init {
        script.writeText("""{"replies":[$replies]}""")
        val program = System.getenv("ZEROSTACK_SCRIPTED")
        process = ProcessBuilder(program, "--script", script.path).start()
        address = process.inputStream.bufferedReader().readLine()
    }

    override fun close() {
        process.destroyForcibly().waitFor()
        script.delete()
    }
}

fun config(): Config {
    val schema = """{"type":"object","properties":{"path":{"type":"string"}}}"""
    return Config(
        Dialect.OPEN_AI_CHAT, "m", "Be terse.", listOf(ToolSpec("read", "Reads a file.", schema)),
        defaultLimits().copy(retryBaseMs = 1u, retryMaxMs = 5u), OutputLimitKey.MAX_TOKENS,
        Counting.ESTIMATE, ToolMode.NATIVE,
    )
}

/** The file of these turns; a larger one would be read from its place. */
val PICTURE = byteArrayOf(-119, 80, 78, 71, 13, 10, 26, 10) + ByteArray(70_000) { (it * 31).toByte() }

fun direct(bytes: ByteArray): ByteBuffer = ByteBuffer.allocateDirect(bytes.size).put(bytes).flip()

/** The request, with the bytes of the file where it needs them, a piece at a time. */
fun request(session: Session): Request {
    val (head, body) = session.beginRequest()
    val whole = java.io.ByteArrayOutputStream(body.length().toInt())
    while (true) {
        val read = body.read(4096u)
        if (read.isNotEmpty()) { whole.write(read); continue }
        val wanted = body.wanted() ?: break
        val offset = wanted.offset.toInt()
        val piece = PICTURE.copyOfRange(offset, offset + minOf(3000, wanted.bytes.toInt()))
        whole.write(body.supply(direct(piece)))
    }
    body.destroy()
    return head.copy(body = whole.toByteArray())
}

/** Calls are open that somebody has to decide about. */
class Waiting : Exception()

/** Drives the turn to its end and returns what a person sees then. */
fun drive(session: Session, address: String, runTools: Boolean = true): String {
    val client = HttpClient.newHttpClient()
    var text = ""
    fun see(event: Event) {
        when (event) {
            is Event.TextDelta -> text += event.text
            is Event.Restart -> text = ""
            else -> {}
        }
    }
    while (true) {
        when (val step = session.step()) {
            is Step.Idle -> return text
            is Step.Send -> {
                text = ""
                val request = request(session)
                val post = HttpRequest.newBuilder(URI("$address/v1${request.path}"))
                    .method(request.method, HttpRequest.BodyPublishers.ofByteArray(request.body))
                request.headers.forEach { post.header(it.name, it.value) }
                val response = client.send(post.build(), HttpResponse.BodyHandlers.ofInputStream())
                session.beginResponse(response.statusCode().toUShort(), null)
                response.body().use { body ->
                    val piece = ByteArray(7)
                    val bytes = ByteBuffer.allocateDirect(piece.size)
                    while (session.step() is Step.Receive) {
                        val count = try { body.read(piece) } catch (_: java.io.IOException) { -1 }
                        if (count < 0) { see(session.endResponse()); break }
                        bytes.clear().put(piece, 0, count).flip()
                        val fed = session.feed(bytes)
                        fed.events.forEach(::see)
                        fed.fault?.let { throw ZerostackException.Core(it) }
                    }
                }
            }
            is Step.RunTools -> if (!runTools) throw Waiting() else session.pendingCalls().asReversed().forEach {
                session.toolResult(it.id, "content of ${it.arguments}", false)
            }
            is Step.Wait -> { Thread.sleep(step.millis.toLong()); session.retry() }
            else -> error("no script leads to $step")
        }
    }
}

fun test(name: String, replies: String, check: (Session, String) -> Unit) {
    Scripted(replies).use { provider ->
        Session(config(), 262144u).use { session ->
            session.user("Grüße 🦀")
            check(session, provider.address)
        }
    }
    println("ok $name")
}

fun main() {
    val done = """{"parts":[{"text":"Done "},{"text":"ü🦀"}]}"""
    val call = """{"call":{"name":"read","arguments":{"path":"a"}}}"""
    test("a text", done) { session, address ->
        check(drive(session, address) == "Done ü🦀")
        check(session.usage().outputTokens > 0u)
    }
    test("parallel tools", """{"parts":[$call,$call]},$done""") { session, address ->
        check(drive(session, address) == "Done ü🦀")
        check(session.transcript().count { it.part is Part.ToolResult } == 2)
    }
    test("a cut stream and a busy provider",
        """{"parts":[{"text":"wrong"}],"cut":150},{"status":529},$done""") { session, address ->
        check(drive(session, address) == "Done ü🦀")
    }
    test("a final error",
        """{"status":429,"error":{"code":"insufficient_quota","message":"no money"}}""") {
        session, address ->
        val thrown = runCatching { drive(session, address) }.exceptionOrNull()
        check((thrown as ZerostackException.Core).fault.kind == ErrorKind.STATUS)
        check(session.failure()!!.message == "no money")
    }
    test("a wrong step", "") { session, _ ->
        val thrown = runCatching { session.retry() }.exceptionOrNull()
        check((thrown as ZerostackException.Core).fault.kind == ErrorKind.WRONG_STEP)
    }
    test("a snapshot", done) { session, address ->
        drive(session, address)
        Session.resume(session.snapshot(), config(), 262144u).use {
            check(it.transcript() == session.transcript())
        }
    }
    test("a file beside a text", "$done,$done") { session, address ->
        drive(session, address)
        val type = mediaTypeOf(direct(PICTURE.copyOf(16)), "cat")!!
        val cat = Attachment(type, "cat", PICTURE.size.toUInt(), 0u, AttachmentSource.Number(5u))
        check(session.takesAttachment(cat))
        session.userWith("What is this?", listOf(cat))
        val letters = java.util.Base64.getEncoder().encodeToString(PICTURE)
        check(String(request(session).body).contains("data:image/png;base64,$letters"))
        val thrown = runCatching { session.request() }.exceptionOrNull()
        check((thrown as ZerostackException.Core).fault.kind == ErrorKind.MISSING_ATTACHMENT)
        check(drive(session, address) == "Done ü🦀")
        check(session.transcript().any { (it.part as? Part.Attachment)?.attachment == cat })
    }
    test("a call that waits, saved and gone on with", "{\"parts\":[$call]},$done") { session, address ->
        // Until calls are open.
        val waits = runCatching { drive(session, address, runTools = false) }.exceptionOrNull()
        check(waits is Waiting && session.step() is Step.RunTools)
        Session.resume(session.snapshot(), config(), 262144u).use {
            val open = it.pendingCalls().single()
            check(open == session.pendingCalls().single())
            it.toolResult(open.id, "the call was denied", true)
            check(drive(it, address) == "Done ü🦀")
        }
    }
    test("arguments that are repaired, and events as JSON", "") { _, _ ->
        val schema = """{"properties":{"line":{"type":"integer"}}}"""
        val fit = checkArguments(schema, """{"line":"7"}""", true)
        check((fit as CheckedArguments.Fit).arguments == """{"line":7}""")
        check(checkArguments(schema, """{"line":"x"}""", true) is CheckedArguments.Unfit)
        check(eventJson(Event.TextDelta("a\n")) == """{"type":"text","text":"a\n"}""")
    }
    test("tokens", "") { _, _ ->
        Tokenizer(BuiltInVocabulary.O200K).use { check(it.count("hello world") == 2uL) }
    }
}
