/* Plays the vectors that all languages share, see tests/vectors/README.md: gives the inputs of each
 * file to a session, writes down its outputs, and compares them with the file. */
#include "check.h"

#include <stdarg.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Transcript where the vector does not say how much there is: enough for each of them. */
#define PLENTY 262144

/* By the numbers of the header. */
static const char *const DIALECTS[] = {"", "openai-chat", "anthropic", "openai-responses", "gemini", "ollama"};
static const char *const STEPS[] = {"idle", "send", "receive", "run_tools", "wait", "make_room"};
static const char *const DROPPED[] = {"", "reply", "result", "old_results", "old_exchanges", "summarised"};
static const char *const STOPS[] = {"",        "end_turn",       "tool_use", "max_tokens", "stop_sequence",
                                    "refusal", "content_filter", "pause"};

static zs_config config;

/* Words of a vector, and what they stand for here. */
#define NAME(name) #name,
#define NUMBER(name) IS_##name,
#define FIELD(name) &config.name,
#define SETTINGS(X) X(dialect) X(model) X(system) X(tool) X(limit) X(arena)
#define INPUTS(X) X(attach) X(user) X(request) X(respond) X(feed) X(end) X(calls) X(result) X(retry) X(abort) X(compact) \
    X(make_room) X(drop_oldest) X(usage) X(failure) X(snapshot) X(resume)
#define LIMITS(X) X(max_output_tokens) X(context_tokens) X(high_water_tokens) X(low_water_tokens) X(room) \
    X(max_turn_tokens) X(max_repeats) X(max_calls) X(max_response_bytes) X(max_result_bytes) X(reply_bytes) X(max_rounds) \
    X(max_attempts) X(retry_base_ms) X(retry_max_ms) X(seed)
enum { SETTINGS(NUMBER) SETTING_COUNT };
enum { INPUTS(NUMBER) INPUT_COUNT };
static const char *const SETTING_NAMES[] = {SETTINGS(NAME)};
static const char *const INPUT_NAMES[] = {INPUTS(NAME)};
static const char *const LIMIT_NAMES[] = {LIMITS(NAME) "keep_failed_turn"};
static uint32_t *const LIMIT_FIELDS[] = {LIMITS(FIELD) &config.failed_turn};

/* One entry of a vector. All of it lies in the file. */
struct entry {
    zs_str all, words[6], texts[3];
    size_t word_count, text_count;
};

struct bytes {
    uint8_t *ptr;
    size_t len, room;
};

/* What is played, in pieces of how many bytes; 0 is whole. */
static const char *path;
static size_t piece;

static zs_tool tools[8];
static size_t arena;
static unsigned char *memory;
static zs_session *session;

/* The files of the text or result that follows, and the bytes of all, by number. */
static zs_attachment attached[4];
static size_t attached_count;
static zs_str files[4];

/* The file as it came out; what is put together for one entry; and text that is coming, with the
 * word for it, because adjacent texts are one entry. */
static struct bytes came, scratch, said;
static const char *delta;

/* Every failure ends the program: it says here what was played. */
static void say_where(void) {
    if (path != NULL) {
        fprintf(stderr, "this was %s in pieces of %lu bytes (0: whole)\n", path, (unsigned long)piece);
    }
}

static size_t piece_of(size_t left) {
    return piece == 0 || piece > left ? left : piece;
}

static void append(struct bytes *to, const void *from, size_t len) {
    if (to->room - to->len < len) {
        to->room = 2 * to->room + len;
        to->ptr = realloc(to->ptr, to->room);
        CHECK(to->ptr != NULL);
    }
    if (len > 0) {
        memcpy(to->ptr + to->len, from, len);
        to->len += len;
    }
}

/* All of `bytes`, which are empty then and stay where they are until something is appended. */
static zs_str taken_from(struct bytes *bytes) {
    zs_str taken = {bytes->ptr, bytes->len};
    bytes->len = 0;
    return taken;
}

static uint32_t number(zs_str word) {
    char *end;
    unsigned long long value = strtoull((const char *)word.ptr, &end, 10);
    CHECK(word.len > 0 && end == (const char *)word.ptr + word.len && value <= UINT32_MAX);
    return (uint32_t)value;
}

/* Which one of `names` it is. */
static size_t index_of(zs_str word, const char *const *names, size_t count) {
    size_t index = 0;
    while (!is_text(word, names[index])) {
        CHECK(++index < count);
    }
    return index;
}

/* Takes `len` bytes and the one after them. */
static zs_str take(zs_str *rest, size_t len, char behind) {
    zs_str taken = {rest->ptr, len};
    CHECK(len < rest->len && rest->ptr[len] == (uint8_t)behind);
    rest->ptr += len + 1;
    rest->len -= len + 1;
    return taken;
}

static struct entry next(zs_str *rest) {
    struct entry entry = {.all = *rest};
    const uint8_t *end = memchr(rest->ptr, '\n', rest->len);
    size_t index;
    CHECK(end != NULL);
    while (rest->ptr <= end) {
        const uint8_t *space = memchr(rest->ptr, ' ', (size_t)(end - rest->ptr));
        const uint8_t *stop = space == NULL ? end : space;
        zs_str word = take(rest, (size_t)(stop - rest->ptr), (char)*stop);
        CHECK(word.len > 0);
        if (word.ptr[0] == '+') {
            zs_str digits = {word.ptr + 1, word.len - 1};
            CHECK(entry.text_count < COUNT(entry.texts));
            entry.texts[entry.text_count++].len = number(digits);
        } else {
            CHECK(entry.word_count < COUNT(entry.words));
            entry.words[entry.word_count++] = word;
        }
    }
    CHECK(entry.word_count > 0);
    for (index = 0; index < entry.text_count; index++) {
        entry.texts[index] = take(rest, entry.texts[index].len, '\n');
    }
    entry.all.len = (size_t)(rest->ptr - entry.all.ptr);
    return entry;
}

static void write_entry(const char *words, const zs_str *texts, size_t count) {
    char length[24];
    size_t index;
    append(&came, words, strlen(words));
    for (index = 0; index < count; index++) {
        snprintf(length, sizeof length, " +%lu", (unsigned long)texts[index].len);
        append(&came, length, strlen(length));
    }
    append(&came, "\n", 1);
    for (index = 0; index < count; index++) {
        append(&came, texts[index].ptr, texts[index].len);
        append(&came, "\n", 1);
    }
}

static void end_delta(void) {
    if (delta != NULL) {
        zs_str text = taken_from(&said);
        write_entry(delta, &text, 1);
        delta = NULL;
    }
}

static void put_delta(const char *word, zs_str text) {
    if (delta == NULL || strcmp(delta, word) != 0) {
        end_delta();
        delta = word;
    }
    append(&said, text.ptr, text.len);
}

/* Writes an entry of texts and, before them, words. */
static void put(const zs_str *texts, size_t count, const char *words, ...) {
    char line[256];
    va_list list;
    int len;
    end_delta();
    va_start(list, words);
    len = vsnprintf(line, sizeof line, words, list);
    va_end(list);
    CHECK(len > 0 && (size_t)len < sizeof line);
    write_entry(line, texts, count);
}

static void put_call(const char *word, const zs_event *call) {
    zs_str texts[3] = {call->provider_id, call->name, call->text};
    put(texts, 3, "%s %u", word, (unsigned)call->call);
}

static void put_usage(const char *word, zs_usage usage) {
    put(NULL, 0, "%s %u %u %u %u %u", word, (unsigned)usage.input_tokens, (unsigned)usage.output_tokens,
        (unsigned)usage.cache_read_tokens, (unsigned)usage.cache_write_tokens, (unsigned)usage.reasoning_tokens);
}

/* Whether the call went well; writes down that it did not. */
static bool is_ok(zs_status status) {
    if (status != ZS_OK) {
        put(NULL, 0, "=error %u %u", (unsigned)status, (unsigned)zs_session_error_detail(session));
    }
    return status == ZS_OK;
}

/* Writes down the result of a call that gives an event, and returns whether it succeeded. */
static bool put_event(zs_status status, const zs_event *event) {
    if (!is_ok(status)) {
        return false;
    }
    switch (event->kind) {
    case ZS_EVENT_NONE: break;
    case ZS_EVENT_TEXT: put_delta("=text", event->text); break;
    case ZS_EVENT_REFUSAL: put_delta("=refusal", event->text); break;
    case ZS_EVENT_THINKING: put_delta("=thinking", event->text); break;
    case ZS_EVENT_TOOL_CALL: put_call("=tool_call", event); break;
    case ZS_EVENT_USAGE: put_usage("=counts", event->usage); break;
    case ZS_EVENT_TRUNCATED:
        CHECK(event->dropped < COUNT(DROPPED));
        put(NULL, 0, "=truncated %s %u", DROPPED[event->dropped], (unsigned)event->bytes);
        break;
    case ZS_EVENT_END:
        CHECK(event->stop < COUNT(STOPS) || event->stop == ZS_STOP_OTHER);
        put(NULL, 0, "=end %s", event->stop == ZS_STOP_OTHER ? "other" : STOPS[event->stop]);
        break;
    case ZS_EVENT_RESTART: put(NULL, 0, "=restart"); break;
    case ZS_EVENT_COMPACTING: put(NULL, 0, "=compacting"); break;
    case ZS_EVENT_SUMMARY_FAILED:
        put(NULL, 0, "=summary_failed %u %u", (unsigned)event->status, (unsigned)event->detail);
        break;
    case ZS_EVENT_REPEATING: put(&event->name, 1, "=repeating %u", (unsigned)event->count); break;
    default: CHECK(!"an event that has no place in a vector yet");
    }
    return true;
}

/* Begins a session, or goes on with a new one from the snapshot of this. Its memory begins at an
 * odd address, so that all of the overhead is used, and ends where it has to end. */
static void begin(size_t storage) {
    size_t len = zs_session_overhead() + storage;
    unsigned char *lent = malloc(1 + len);
    zs_str saved = zs_session_snapshot(session);
    CHECK(lent != NULL);
    CHECK_OK(session == NULL ? zs_session_init(lent + 1, len, &config, &session, NULL)
                             : zs_session_resume(lent + 1, len, saved, &config, &session, NULL));
    free(memory);
    memory = lent;
}

/* The next bytes of the body, with those of files; 0 at its end. */
static size_t pull(uint8_t *bytes, size_t len) {
    size_t written;
    zs_wanted wanted;
    CHECK_OK(zs_session_read_request(session, scratch.len, bytes, len, &written));
    if (written > 0) {
        return written;
    }
    CHECK_OK(zs_session_wanted(session, &wanted));
    if (wanted.bytes == 0) {
        return 0;
    }
    CHECK(wanted.number < COUNT(files) && wanted.offset + wanted.bytes == files[wanted.number].len);
    CHECK_OK(zs_session_supply(session, files[wanted.number].ptr + wanted.offset, wanted.bytes, bytes, len, &written));
    return written;
}

static void attach(const struct entry *entry) {
    uint32_t file = number(entry->words[1]);
    zs_attachment *next = &attached[attached_count];
    CHECK(attached_count < COUNT(attached) && file < COUNT(files));
    memset(next, 0, sizeof *next);
    next->media_type = entry->words[2];
    next->name = entry->texts[0];
    next->number = file;
    next->bytes = (uint32_t)entry->texts[1].len;
    files[file] = entry->texts[1];
    attached_count++;
}

/* The number of files of this text or result; there are none for the next. */
static size_t taken_files(void) {
    size_t count = attached_count;
    attached_count = 0;
    return count;
}

static void request(void) {
    zs_request head;
    zs_str text, header[2];
    size_t index, read;
    static uint8_t bytes[8192];
    if (!is_ok(zs_session_request_with_attachments(session, &head))) {
        return;
    }
    for (index = 0; index < COUNT(head.path); index++) {
        append(&scratch, head.path[index].ptr, head.path[index].len);
    }
    text = taken_from(&scratch);
    put(&text, 1, "=request %.*s", (int)head.method.len, (const char *)head.method.ptr);
    for (index = 0; index < head.header_count; index++) {
        CHECK_OK(zs_session_request_header(session, index, &header[0], &header[1]));
        put(header, 2, "=header");
    }
    do {
        read = pull(bytes, piece_of(sizeof bytes));
        append(&scratch, bytes, read);
    } while (read > 0);
    CHECK(scratch.len == head.body_len);
    text = taken_from(&scratch);
    put(&text, 1, "=body");
}

/* Gives a body, each piece in memory of its own that ends where the piece does. */
static void feed(zs_str body) {
    bool is_taken = true;
    size_t at, len, taken, used;
    for (at = 0; at < body.len && is_taken; at += len) {
        uint8_t *bytes = malloc(len = piece_of(body.len - at));
        CHECK(bytes != NULL);
        memcpy(bytes, body.ptr + at, len);
        for (taken = 0; is_taken && taken < len && zs_session_step(session, NULL) == ZS_STEP_RECEIVE; taken += used) {
            zs_event event;
            zs_status status = zs_session_feed(session, bytes + taken, len - taken, &used, &event);
            is_taken = put_event(status, &event);
        }
        free(bytes);
    }
}

static void result(const struct entry *entry) {
    zs_event call;
    uint32_t left_out;
    bool is_error = is_text(entry->words[2], "error");
    CHECK(is_error || is_text(entry->words[2], "ok"));
    if (!zs_session_pending_call(session, number(entry->words[1]), &call)) {
        call.call = UINT32_MAX;
    }
    if (is_ok(zs_session_tool_result_with(session, call.call, entry->texts[0], is_error, attached, taken_files(),
                                          &left_out))) {
        put(NULL, 0, "=left_out %u", (unsigned)left_out);
    }
}

static void failure(void) {
    zs_failure why;
    if (zs_session_failure(session, &why)) {
        zs_str texts[2] = {why.code, why.message};
        put(texts, 2, "=failure %u %u %u", (unsigned)why.status, (unsigned)why.detail, (unsigned)why.http_status);
    } else {
        put(NULL, 0, "=no_failure");
    }
}

static void snapshot(void) {
    zs_str saved = zs_session_snapshot(session), text;
    char digits[3];
    size_t at;
    for (at = 0; at < saved.len; at++) {
        snprintf(digits, sizeof digits, "%02x", (unsigned)saved.ptr[at]);
        append(&scratch, digits, 2);
    }
    text = taken_from(&scratch);
    put(&text, 1, "=snapshot");
}

static void setting(const struct entry *entry) {
    switch (index_of(entry->words[0], SETTING_NAMES, SETTING_COUNT)) {
    case IS_dialect: config.dialect = (uint32_t)index_of(entry->words[1], DIALECTS, COUNT(DIALECTS)); break;
    case IS_model: config.model = entry->texts[0]; break;
    case IS_system: config.system = entry->texts[0]; break;
    case IS_arena: arena = number(entry->words[1]); break;
    case IS_tool:
        CHECK(config.tool_count < COUNT(tools));
        tools[config.tool_count++] = (zs_tool){entry->texts[0], entry->texts[1], entry->texts[2]};
        break;
    case IS_limit:
        *LIMIT_FIELDS[index_of(entry->words[1], LIMIT_NAMES, COUNT(LIMIT_NAMES))] = number(entry->words[2]);
        break;
    }
}

static void input(const struct entry *entry) {
    zs_event event;
    size_t count;
    switch (index_of(entry->words[0], INPUT_NAMES, INPUT_COUNT)) {
    case IS_attach: attach(entry); break;
    case IS_user: is_ok(zs_session_user_with(session, entry->texts[0], attached, taken_files())); break;
    case IS_request: request(); break;
    case IS_respond:
        is_ok(zs_session_begin_response(session, (uint16_t)number(entry->words[1]),
                                        entry->word_count > 2 ? number(entry->words[2]) : ZS_NO_RETRY_AFTER));
        break;
    case IS_feed: feed(entry->texts[0]); break;
    case IS_end: put_event(zs_session_end_response(session, &event), &event); break;
    case IS_calls:
        for (count = 0; zs_session_pending_call(session, count, &event); count++) {
            put_call("=call", &event);
        }
        break;
    case IS_result: result(entry); break;
    case IS_retry: is_ok(zs_session_retry(session)); break;
    case IS_abort: is_ok(zs_session_abort(session)); break;
    case IS_make_room: put_event(zs_session_make_room(session, &event), &event); break;
    case IS_drop_oldest:
        if (is_ok(zs_session_drop_oldest(session, &count))) {
            put(NULL, 0, "=freed %lu", (unsigned long)count);
        }
        break;
    case IS_compact: is_ok(zs_session_compact(session, entry->texts[0], number(entry->words[1]))); break;
    case IS_usage: put_usage("=usage", zs_session_usage(session)); break;
    case IS_failure: failure(); break;
    case IS_snapshot: snapshot(); break;
    case IS_resume: begin(PLENTY); break;
    }
}

/* Plays the inputs of a vector; the output is the file again. */
static void play(zs_str file) {
    zs_str rest = file;
    struct entry entry = next(&rest);
    CHECK(is_text(entry.all, "zerostack-vector 1\n"));
    append(&came, entry.all.ptr, entry.all.len);
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.tools = tools;
    arena = PLENTY;
    session = NULL;
    while (rest.len > 0) {
        uint32_t detail;
        zs_step step;
        entry = next(&rest);
        if (entry.words[0].ptr[0] == '=') {
            continue;
        }
        append(&came, entry.all.ptr, entry.all.len);
        if (session != NULL) {
            input(&entry);
        } else if (is_text(entry.words[0], "start")) {
            begin(arena);
        } else {
            setting(&entry);
            continue;
        }
        step = zs_session_step(session, &detail);
        CHECK(step < COUNT(STEPS));
        put(NULL, 0, "=step %s %u", STEPS[step], (unsigned)detail);
    }
}

static void compare(zs_str played, zs_str file) {
    size_t at, line = 0;
    for (at = 0; at < played.len && at < file.len && played.ptr[at] == file.ptr[at]; at++) {
        line = file.ptr[at] == '\n' ? at + 1 : line;
    }
    if (at < played.len || at < file.len) {
        fwrite(played.ptr, 1, played.len, stdout);
        fprintf(stderr, "what came is on standard output; byte %lu is another one, behind \"%.*s\"\n",
                (unsigned long)at, (int)(at - line), (const char *)file.ptr + line);
        exit(1);
    }
}

int main(int count, char **paths) {
    static const size_t PIECES[] = {0, 1, 2, 7, 64};
    static uint8_t bytes[65536];
    int index;
    size_t size;
    atexit(say_where);
    CHECK(count > 1);
    for (index = 1; index < count; index++) {
        zs_str whole = {bytes, 0};
        FILE *file = fopen(path = paths[index], "rb");
        CHECK(file != NULL);
        whole.len = fread(bytes, 1, sizeof bytes, file);
        CHECK(whole.len > 0 && whole.len < sizeof bytes && !ferror(file));
        fclose(file);
        for (size = 0; size < COUNT(PIECES); size++) {
            piece = PIECES[size];
            play(whole);
            compare(taken_from(&came), whole);
        }
    }
    path = NULL;
    printf("vectors: %d played, each whole and in pieces of 1, 2, 7 and 64 bytes\n", count - 1);
    return 0;
}
