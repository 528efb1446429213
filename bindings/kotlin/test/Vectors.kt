// The runs that every language plays, in the form of tests/vectors/README.md.

import java.io.File
import java.nio.ByteBuffer
import zerostack.*

/** Words, and the texts that they announce: their bytes, one a character. */
data class Line(val words: List<String>, val texts: List<String> = listOf()) {
    val name get() = words[0]
    val isOutput get() = name.startsWith("=")

    fun bytes(index: Int) = texts[index].toByteArray(Charsets.ISO_8859_1)

    fun text(index: Int) = String(bytes(index))

    override fun toString() =
        (listOf(words.joinToString(" ")) + texts.indices.map(::text)).joinToString("\n  ")
}

fun line(words: String, vararg texts: String) = Line(words.split(" "), texts.map { latin(it.toByteArray()) })

fun latin(bytes: ByteArray) = String(bytes, Charsets.ISO_8859_1)

/** Reads a vector. */
fun vector(file: File): List<Line> {
    val all = latin(file.readBytes())
    var at = 0
    fun take(length: Int): String {
        val taken = all.substring(at, at + length)
        check(all[at + length] == '\n') { "$file is malformed at $at" }
        at += length + 1
        return taken
    }
    val lines = mutableListOf<Line>()
    while (at < all.length) {
        val (lengths, words) = take(all.indexOf('\n', at) - at).split(" ").partition { it.startsWith("+") }
        lines += Line(words, lengths.map { take(it.drop(1).toInt()) })
    }
    return lines
}

/** Gives the inputs of a vector to a session and writes down its outputs. */
class Player(private val piece: Int) : AutoCloseable {
    private var config = config().copy(system = "", tools = listOf(), limits = defaultLimits())
    private var capacity = UInt.MAX_VALUE.toULong()
    private var session: Session? = null
    private val running get() = session!!
    /** The files of the text or result that follows. */
    private var attached = listOf<Attachment>()
    private val files = mutableMapOf<UInt, ByteArray>()
    private val played = mutableListOf<Line>()

    override fun close() { session?.close() }

    /** Plays the inputs with bodies in pieces, and returns them with the outputs after each. */
    fun play(vector: List<Line>): List<Line> {
        for (line in vector.filter { !it.isOutput }) {
            played += line
            if (session == null && line.name != "start") { set(line); continue }
            try {
                input(line)
            } catch (refused: ZerostackException.Core) {
                put("=error ${refused.fault.code} ${refused.fault.detail}")
            }
            val step = session?.step() ?: continue
            put("=step " + when (step) {
                is Step.Idle -> "idle 0"
                is Step.Send -> "send 0"
                is Step.Receive -> "receive 0"
                is Step.RunTools -> "run_tools 0"
                is Step.Wait -> "wait ${step.millis}"
                is Step.MakeRoom -> "make_room ${step.bytes}"
                is Step.Unknown -> error("a step without a name")
            })
        }
        return played
    }

    private fun put(words: String, vararg texts: String) { played += line(words, *texts) }

    private fun set(line: Line) {
        val limits = config.limits
        config = when (line.name) {
            "zerostack-vector" -> config.also { check(line.words[1] == "1") }
            "dialect" -> config.copy(dialect = dialect(line.words[1]))
            "model" -> config.copy(model = line.text(0))
            "system" -> config.copy(system = line.text(0))
            "tool" -> config.copy(tools = config.tools + ToolSpec(line.text(0), line.text(1), line.text(2)))
            "arena" -> config.also { capacity = line.words[1].toULong() }
            "limit" -> config.copy(limits = limited(limits, line.words[1], line.words[2].toUInt()))
            else -> error("${line.name} is not a setting")
        }
    }

    private fun dialect(name: String) = when (name) {
        "openai-chat" -> Dialect.OPEN_AI_CHAT
        "openai-responses" -> Dialect.OPEN_AI_RESPONSES
        else -> Dialect.valueOf(name.uppercase())
    }

    private fun limited(limits: Limits, name: String, value: UInt) = when (name) {
        "max_output_tokens" -> limits.copy(maxOutputTokens = value)
        "context_tokens" -> limits.copy(contextTokens = value)
        "high_water_tokens" -> limits.copy(highWaterTokens = value)
        "low_water_tokens" -> limits.copy(lowWaterTokens = value)
        "room" -> limits.copy(room = RoomPolicy.entries[value.toInt()])
        "max_turn_tokens" -> limits.copy(maxTurnTokens = value)
        "max_repeats" -> limits.copy(maxRepeats = value.toUShort())
        "max_calls" -> limits.copy(maxCalls = value.toUShort())
        "max_result_bytes" -> limits.copy(maxResultBytes = value)
        "max_response_bytes" -> limits.copy(maxResponseBytes = value)
        "reply_bytes" -> limits.copy(replyBytes = value)
        "max_rounds" -> limits.copy(maxRounds = value.toUShort())
        "max_attempts" -> limits.copy(maxAttempts = value.toUByte())
        "retry_base_ms" -> limits.copy(retryBaseMs = value)
        "retry_max_ms" -> limits.copy(retryMaxMs = value)
        "seed" -> limits.copy(seed = value)
        "keep_failed_turn" ->
            limits.copy(failedTurn = if (value == 1u) FailedTurn.KEEP else FailedTurn.TAKE_OUT)
        else -> error("$name is not a limit")
    }

    private fun input(line: Line) {
        when (line.name) {
            "start" -> session = Session(config, capacity)
            "attach" -> {
                val (number, bytes) = Pair(line.words[1].toUInt(), line.bytes(1))
                files[number] = bytes
                attached += Attachment(
                    line.words[2], line.text(0), bytes.size.toUInt(), 0u, AttachmentSource.Number(number))
            }
            "user" -> running.userWith(line.text(0), taken())
            "request" -> request()
            "respond" -> running.beginResponse(line.words[1].toUShort(), line.words.getOrNull(2)?.toUInt())
            "feed" -> feed(line.bytes(0))
            "end" -> show(running.endResponse())
            "calls" -> running.pendingCalls().forEach { called("=call", it) }
            "result" -> {
                val call = running.pendingCalls().getOrNull(line.words[1].toInt())
                val isError = line.words[2] == "error"
                val leftOut =
                    running.toolResultWith(call?.id ?: UInt.MAX_VALUE, line.text(0), isError, taken())
                put("=left_out $leftOut")
            }
            "retry" -> running.retry()
            "abort" -> running.abort()
            "compact" -> running.compact(line.text(0), line.words[1].toUInt())
            "make_room" -> show(running.makeRoom())
            "drop_oldest" -> put("=freed ${running.dropOldest()}")
            "usage" -> counts("=usage", running.usage())
            "failure" -> failure()
            "snapshot" -> put("=snapshot", running.snapshot().joinToString("") { "%02x".format(it) })
            "resume" -> {
                val resumed = Session.resume(running.snapshot(), config, UInt.MAX_VALUE.toULong())
                running.close()
                session = resumed
            }
            else -> error("${line.name} is not an input")
        }
    }

    private fun taken() = attached.also { attached = listOf() }

    private fun request() {
        val (head, body) = running.beginRequest()
        val whole = java.io.ByteArrayOutputStream()
        body.use {
            while (true) {
                val read = body.read(4096u)
                if (read.isNotEmpty()) { whole.write(read); continue }
                val wanted = body.wanted() ?: break
                val file = files.getValue(wanted.number)
                whole.write(body.supply(direct(file.copyOfRange(wanted.offset.toInt(), file.size))))
            }
            check(whole.size().toULong() == body.length())
        }
        put("=request ${head.method}", head.path)
        head.headers.forEach { put("=header", it.name, it.value) }
        played += Line(listOf("=body"), listOf(latin(whole.toByteArray())))
    }

    private fun feed(body: ByteArray) {
        var at = 0
        val bytes = ByteBuffer.allocateDirect(minOf(piece, body.size))
        while (at < body.size && running.step() is Step.Receive) {
            val count = minOf(piece, body.size - at)
            bytes.clear().put(body, at, count).flip()
            at += count
            val fed = running.feed(bytes)
            fed.events.forEach(::show)
            fed.fault?.let { throw ZerostackException.Core(it) }
        }
    }

    private fun failure() {
        val failure = running.failure() ?: return put("=no_failure")
        val (fault, status) = Pair(failure.fault, failure.status)
        put("=failure ${fault.code} ${fault.detail} $status", failure.code, failure.message)
    }

    private fun called(word: String, call: ToolCall) =
        put("$word ${call.id}", call.providerId, call.name, call.arguments)

    private fun counts(word: String, usage: Usage) = with(usage) {
        put("$word $inputTokens $outputTokens $cacheReadTokens $cacheWriteTokens $reasoningTokens")
    }

    /** Writes an event down. Pieces of the same text are one. */
    private fun show(event: Event) = when (event) {
        is Event.TextDelta -> delta("=text", event.text)
        is Event.RefusalDelta -> delta("=refusal", event.text)
        is Event.ThinkingDelta -> delta("=thinking", event.text)
        is Event.ToolCall -> called("=tool_call", event.call)
        is Event.Usage -> counts("=counts", event.usage)
        is Event.Truncated -> {
            val what = if (event.what == Dropped.TOOL_RESULT) "result" else event.what.name.lowercase()
            put("=truncated $what ${event.bytes}")
        }
        is Event.Compacting -> put("=compacting")
        is Event.SummaryFailed -> put("=summary_failed ${event.fault.code} ${event.fault.detail}")
        is Event.Repeating -> put("=repeating ${event.count}", event.name)
        is Event.End -> put("=end ${event.reason.name.lowercase()}")
        is Event.Restart -> put("=restart")
        else -> error("no vector has a place for $event")
    }

    private fun delta(word: String, text: String) {
        val last = played.last()
        if (last.words != listOf(word)) return put(word, text)
        played[played.lastIndex] = Line(last.words, listOf(last.texts[0] + latin(text.toByteArray())))
    }
}

fun main() {
    val files = File("tests/vectors").listFiles { file -> file.extension == "vector" }!!.sorted()
    check(files.size >= 48)
    for (file in files) {
        val vector = vector(file)
        for (piece in listOf(Int.MAX_VALUE, 64, 7, 2, 1)) {
            val played = Player(piece).use { it.play(vector) }
            val place = played.zip(vector).indexOfFirst { (ours, theirs) -> ours != theirs }
            check(place < 0) {
                "$file in pieces of $piece, entry $place:\n${vector[place]}\nbut came\n${played[place]}"
            }
            check(played.size == vector.size) { "$file in pieces of $piece" }
        }
    }
    // A vector that is changed fails.
    val vector = vector(File("tests/vectors/openai_chat_text.vector")).toMutableList()
    val text = vector.indexOfFirst { it.name == "=text" }
    vector[text] = Line(vector[text].words, listOf(vector[text].texts[0] + "!"))
    check(Player(7).use { it.play(vector) } != vector)
    println("ok ${files.size} vectors, each in 5 chunkings")
}
