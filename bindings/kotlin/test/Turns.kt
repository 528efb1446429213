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

/** Drives the turn to its end and returns what a person sees then. */
fun drive(session: Session, address: String): String {
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
                val request = session.request()
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
            is Step.RunTools -> session.pendingCalls().asReversed().forEach {
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
    test("tokens", "") { _, _ ->
        Tokenizer(BuiltInVocabulary.O200K).use { check(it.count("hello world") == 2uL) }
    }
}
