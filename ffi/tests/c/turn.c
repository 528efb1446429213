/* A turn with two parallel calls, in every chunking: the same events, requests and transcript. */
#include "check.h"

static const char CALLS[] =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Gr\\u00fc\\u00dfe\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":"
    "\"function\",\"function\":{\"name\":\"read\",\"arguments\":\"\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"type\":"
    "\"function\",\"function\":{\"name\":\"set\",\"arguments\":\"{\\\"pin\\\":\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
    "\"arguments\":\"{\\\"sensor\\\":\\\"t\\u00e9mp\\\"}\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{"
    "\"arguments\":\"7}\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":31,\"completion_tokens\":9}}\n\n"
    "data: [DONE]\n\n";

static const char ANSWER[] =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It is \"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"21 \xc2\xb0""C.\"},\"finish_reason\":"
    "\"stop\"}]}\n\n"
    "data: [DONE]\n\n";

static zs_tool tools[2];
static zs_config config;
static unsigned char memory[8192];

/* What was heard and sent in one run. */
struct heard {
    char text[128], calls[256];
    unsigned char request[2][2048];
    size_t request_len[2];
    unsigned char transcript[2048];
    size_t transcript_len;
    unsigned ends;
    zs_usage usage;
};

static void add(char *to, size_t room, zs_str text) {
    size_t used = strlen(to);
    CHECK(used + text.len < room);
    memcpy(to + used, text.ptr, text.len);
    to[used + text.len] = 0;
}

static void hear(struct heard *heard, const zs_event *event) {
    switch (event->kind) {
    case ZS_EVENT_TEXT: add(heard->text, sizeof heard->text, event->text); break;
    case ZS_EVENT_TOOL_CALL:
        add(heard->calls, sizeof heard->calls, event->provider_id);
        add(heard->calls, sizeof heard->calls, event->name);
        add(heard->calls, sizeof heard->calls, event->text);
        break;
    case ZS_EVENT_END: heard->ends++; break;
    case ZS_EVENT_NONE:
    case ZS_EVENT_USAGE: break;
    default: CHECK(!"an event that nobody asked for");
    }
}

/* Reads the request in pieces of `piece` bytes, and once more from its middle. */
static void read_request(zs_session *session, struct heard *heard, int round, size_t piece) {
    unsigned char again[2048];
    size_t len, at = 0, written;
    CHECK_OK(zs_session_request_len(session, &len));
    CHECK(len <= sizeof again);
    do {
        size_t room = sizeof heard->request[round] - at;
        CHECK_OK(zs_session_read_request(session, at, heard->request[round] + at,
                                         piece < room ? piece : room, &written));
        at += written;
    } while (written > 0);
    CHECK(at == len);
    heard->request_len[round] = len;
    for (at = 0; at <= len + 1; at += 1 + piece / 2) {
        CHECK_OK(zs_session_read_request(session, at, again, sizeof again, &written));
        CHECK(written == (at < len ? len - at : 0));
        CHECK(memcmp(again, heard->request[round] + at, written) == 0);
    }
}

static void receive(zs_session *session, struct heard *heard, const char *body, size_t chunk) {
    size_t left = strlen(body);
    zs_event event;
    CHECK_OK(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER));
    while (left > 0) {
        size_t size = chunk < left ? chunk : left, fed = 0, used;
        while (fed < size) {
            CHECK_OK(zs_session_feed(session, (const uint8_t *)body + fed, size - fed, &used, &event));
            CHECK(used <= size - fed);
            fed += used;
            hear(heard, &event);
        }
        body += size;
        left -= size;
    }
    CHECK(zs_session_is_reply_complete(session));
    CHECK_OK(zs_session_end_response(session, &event));
    hear(heard, &event);
}

static void run(size_t chunk, struct heard *heard) {
    zs_session *session;
    zs_event call;
    zs_str bytes;
    memset(heard, 0, sizeof *heard);
    CHECK_OK(zs_session_init(memory + chunk % 16, sizeof memory - 16, &config, &session, NULL));
    CHECK_OK(zs_session_user(session, str("How warm is it?")));
    read_request(session, heard, 0, chunk);
    receive(session, heard, CALLS, chunk);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_RUN_TOOLS);
    CHECK(zs_session_pending_call(session, 1, &call));
    CHECK(is_text(call.name, "set") && is_text(call.text, "{\"pin\":7}"));
    CHECK_OK(zs_session_tool_result(session, call.call, str("no such pin"), true, NULL));
    CHECK(zs_session_pending_call(session, 0, &call));
    CHECK(is_text(call.name, "read"));
    CHECK(!zs_session_pending_call(session, 1, &call));
    CHECK_OK(zs_session_tool_result(session, call.call, str("21"), false, NULL));
    CHECK(zs_session_step(session, NULL) == ZS_STEP_SEND);
    read_request(session, heard, 1, chunk);
    receive(session, heard, ANSWER, chunk);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    heard->usage = zs_session_usage(session);
    bytes = zs_session_snapshot(session);
    CHECK(bytes.len <= sizeof heard->transcript);
    memcpy(heard->transcript, bytes.ptr, bytes.len);
    heard->transcript_len = bytes.len;
}

/* Goes through the transcript in order, and backwards. */
static void entries(void) {
    static const zs_part parts[] = {ZS_PART_TEXT, ZS_PART_TEXT, ZS_PART_TOOL_CALL, ZS_PART_TOOL_CALL,
                                    ZS_PART_TOOL_RESULT, ZS_PART_TOOL_RESULT, ZS_PART_TEXT};
    const size_t count = sizeof parts / sizeof *parts;
    struct heard heard;
    zs_session *session;
    zs_entry entry;
    size_t index;
    run(1000, &heard);
    CHECK_OK(zs_session_resume(memory, sizeof memory, (zs_str){heard.transcript, heard.transcript_len},
                               &config, &session, NULL));
    for (index = 0; index < 2 * count; index++) {
        size_t which = index < count ? index : 2 * count - 1 - index;
        CHECK_OK(zs_session_entry(session, which, &entry));
        CHECK(entry.part == parts[which]);
        if (which == 4) {
            CHECK(entry.role == ZS_ROLE_TOOL && entry.call == 1 && entry.is_error == 1);
            CHECK(is_text(entry.text, "no such pin"));
        }
    }
    CHECK_STATUS(zs_session_entry(session, count, &entry), ZS_NOT_FOUND);
}

int main(void) {
    static struct heard first, other;
    size_t chunk, runs = 0;
    tools[0].name = str("read");
    tools[0].description = str("Reads a sensor");
    tools[0].parameters = str("{\"type\":\"object\"}");
    tools[1].name = str("set");
    tools[1].description = str("Sets a pin");
    tools[1].parameters = str("{\"type\":\"object\"}");
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.dialect = ZS_OPENAI_CHAT;
    config.model = str("some-model");
    config.system = str("You run a \"room\".");
    config.tools = tools;
    config.tool_count = 2;
    run(sizeof CALLS, &first);
    CHECK(strcmp(first.text, "Gr\xc3\xbc\xc3\x9f""eIt is 21 \xc2\xb0""C.") == 0);
    CHECK(strcmp(first.calls, "aread{\"sensor\":\"t\xc3\xa9mp\"}bset{\"pin\":7}") == 0);
    CHECK(first.ends == 2 && first.usage.input_tokens == 31 && first.usage.output_tokens == 9);
    /* The law of the prompt cache: the messages of the first request begin those of the second. */
    CHECK(strstr((char *)first.request[0], "How warm is it?") != NULL);
    for (chunk = 1; chunk < sizeof CALLS; chunk++, runs++) {
        run(chunk, &other);
        CHECK(memcmp(&first, &other, sizeof first) == 0);
    }
    entries();
    printf("turn: %u chunkings\n", (unsigned)runs);
    return 0;
}
