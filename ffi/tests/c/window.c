/* The window and its budgets, marks and forks, and calls that are found in text. Its argument is a
 * packed vocabulary, cl100k_base.zsv. */
#include "check.h"

#define SAYS(text, stop)                                                                     \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"finish_reason\":\"" stop "\"}]}\n\n" \
    "data: [DONE]\n\n"

static const char ANSWER[] = SAYS("An answer that is a little longer than its question was.", "stop");
static const char SUMMARY[] = SAYS("SUMMARY: they spoke of answers.", "stop");
static const char CALL[] =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
    "{\"name\":\"read\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";

static unsigned char memory[16384], other[16384];
static zs_config config;
static zs_tool tool;

/* Events that were seen since the last look, by their kind. */
static unsigned seen[16], kept[16];
static zs_event last;

static void see(const zs_event *event) {
    CHECK(event->kind < 16);
    seen[event->kind]++;
    if (event->kind == ZS_EVENT_TRUNCATED) {
        CHECK(event->dropped < 16);
        kept[event->dropped]++;
    }
    last = *event;
}

/* Sends, and receives a body to its end. */
static zs_status round_trip(zs_session *session, const char *body) {
    size_t left = strlen(body), used;
    zs_status status;
    zs_event event;
    CHECK_OK(zs_session_begin_response(session, 200, ZS_NO_RETRY_AFTER));
    while (left > 0) {
        CHECK_OK(zs_session_feed(session, (const uint8_t *)body, left, &used, &event));
        see(&event);
        body += used;
        left -= used;
    }
    do {
        status = zs_session_end_response(session, &event);
        if (status == ZS_OK) {
            see(&event);
        }
    } while (status == ZS_OK && zs_session_step(session, NULL) == ZS_STEP_RECEIVE);
    return status;
}

static zs_session *begin(void) {
    zs_session *session;
    memset(seen, 0, sizeof seen);
    memset(kept, 0, sizeof kept);
    CHECK_OK(zs_session_init(memory, sizeof memory, &config, &session, NULL));
    return session;
}

/* A conversation in a window of 500 tokens, by each policy. */
static void policies(void) {
    uint32_t room;
    for (room = ZS_ROOM_ASK; room <= ZS_ROOM_SUMMARISE; room++) {
        const zs_config before = config;
        zs_session *session;
        uint32_t measured, estimated;
        int turn;
        config.room = room;
        config.context_tokens = 2000;
        config.high_water_tokens = 500;
        config.max_output_tokens = 100;
        session = begin();
        for (turn = 0; turn < 40; turn++) {
            zs_step step;
            CHECK_OK(zs_session_user(session, str("A question of some length, about an answer.")));
            while ((step = zs_session_step(session, NULL)) != ZS_STEP_IDLE) {
                if (step == ZS_STEP_MAKE_ROOM) {
                    zs_event event;
                    if (room == ZS_ROOM_ASK) {
                        CHECK_STATUS(zs_session_make_room(session, &event), ZS_WRONG_STEP);
                        CHECK_OK(zs_session_drop_oldest(session, NULL));
                    } else {
                        CHECK_OK(zs_session_make_room(session, &event));
                        see(&event);
                    }
                } else {
                    CHECK_OK(round_trip(session, zs_session_is_compacting(session) ? SUMMARY : ANSWER));
                }
            }
            CHECK(zs_session_window_tokens(session, &measured, &estimated));
            CHECK(measured + estimated > 0 && measured + estimated < 600);
        }
        CHECK((seen[ZS_EVENT_COMPACTING] > 0) == (room == ZS_ROOM_SUMMARISE));
        CHECK((kept[ZS_DROPPED_SUMMARISED] > 0) == (room == ZS_ROOM_SUMMARISE));
        CHECK((kept[ZS_DROPPED_OLD_EXCHANGES] > 0) == (room == ZS_ROOM_DROP_OLDEST || room == ZS_ROOM_ELIDE_RESULTS));
        config = before;
    }
}

/* What a turn may use up, and the call that is made again and again. */
static void budgets(void) {
    const zs_config before = config;
    zs_session *session;
    zs_event call;
    zs_status status = ZS_OK;
    config.max_repeats = 4;
    session = begin();
    CHECK_OK(zs_session_user(session, str("Read")));
    while (status == ZS_OK && zs_session_step(session, NULL) != ZS_STEP_IDLE) {
        status = round_trip(session, CALL);
        if (status == ZS_OK && zs_session_pending_call(session, 0, &call)) {
            status = zs_session_tool_result(session, call.call, str("nothing"), false, NULL);
        }
    }
    CHECK(status == ZS_LIMIT && zs_session_error_detail(session) == 5);
    CHECK(seen[ZS_EVENT_REPEATING] > 0);
    config = before;
    config.max_turn_ms = 1000;
    session = begin();
    CHECK_OK(zs_session_user(session, str("Read")));
    CHECK_OK(zs_session_set_turn_elapsed_ms(session, 999));
    CHECK(zs_session_step(session, NULL) == ZS_STEP_SEND);
    CHECK_STATUS(zs_session_set_turn_elapsed_ms(session, 1000), ZS_LIMIT);
    CHECK(zs_session_error_detail(session) == 4 && zs_session_step(session, NULL) == ZS_STEP_IDLE);
    config = before;
}

static void marks_and_forks(void) {
    zs_session *session = begin(), *fork;
    zs_entry entry;
    uint64_t checkpoint;
    CHECK_OK(zs_session_user(session, str("One")));
    CHECK_OK(round_trip(session, ANSWER));
    checkpoint = zs_session_checkpoint(session);
    CHECK_OK(zs_session_user(session, str("Two")));
    CHECK_OK(zs_session_fork(session, other, sizeof other, &config, &fork, NULL));
    CHECK_OK(round_trip(session, CALL));
    CHECK_OK(zs_session_rollback(session, checkpoint));
    CHECK(zs_session_step(session, NULL) == ZS_STEP_IDLE);
    CHECK_STATUS(zs_session_entry(session, 2, &entry), ZS_NOT_FOUND);
    CHECK_STATUS(zs_session_rollback(session, checkpoint + 3), ZS_STALE_CHECKPOINT);
    CHECK_STATUS(zs_session_rollback(session, UINT64_MAX), ZS_STALE_CHECKPOINT);
    CHECK(zs_session_step(fork, NULL) == ZS_STEP_SEND);
    CHECK_OK(round_trip(fork, ANSWER));
    CHECK_OK(zs_session_entry(fork, 2, &entry));
    CHECK(is_text(entry.text, "Two"));
    CHECK_STATUS(zs_session_fork(session, other, zs_session_overhead() + 8, &config, &fork, NULL), ZS_FULL);
    CHECK(fork == NULL);
}

/* A conversation as JSON Lines, read again into memory of every size. */
static void json_lines(void) {
    static unsigned char lines[2][4096];
    zs_session *session = begin(), *again;
    zs_str text, fault;
    size_t written, at, size;
    uint32_t detail;
    zs_event call;
    unsigned resumed = 0;
    CHECK_OK(zs_session_instruct(session, str("Be \"brief\"")));
    CHECK_OK(zs_session_user(session, str("Read")));
    CHECK_OK(round_trip(session, CALL));
    CHECK(zs_session_pending_call(session, 0, &call));
    CHECK_OK(zs_session_tool_result(session, call.call, str("The text"), true, NULL));
    CHECK_OK(zs_session_json_lines(session, 0, lines[0], sizeof lines[0], &written));
    text.ptr = lines[0];
    text.len = written;
    for (at = 0; at <= text.len; at += 7) {
        CHECK_OK(zs_session_json_lines(session, at, lines[1], 9, &written));
        CHECK(written == (text.len - at < 9 ? text.len - at : 9));
        CHECK(memcmp(lines[0] + at, lines[1], written) == 0);
    }
    for (size = 0; size < zs_session_overhead() + 200; size++) {
        unsigned char *room = malloc(size + 1);
        zs_status status = zs_session_from_json_lines(room, size, text, &config, &again, &fault, &detail);
        CHECK(status == ZS_OK || (status == ZS_FULL && again == NULL && detail > 0));
        if (status == ZS_OK) {
            CHECK(zs_session_step(again, NULL) == ZS_STEP_SEND || zs_session_step(again, NULL) == ZS_STEP_MAKE_ROOM);
            CHECK(fault.len == 0);
            CHECK(zs_session_snapshot(again).len == zs_session_snapshot(session).len);
            CHECK(memcmp(zs_session_snapshot(again).ptr, zs_session_snapshot(session).ptr,
                         zs_session_snapshot(again).len) == 0);
            resumed++;
        }
        free(room);
    }
    CHECK(resumed > 0);
    text = str("{\"role\":\"user\",\"text\":\"Hi\"}\n{\"role\":\"nobody\",\"text\":\"Hi\"}\n");
    CHECK_STATUS(zs_session_from_json_lines(memory, sizeof memory, text, &config, &again, &fault, &detail), ZS_BAD_LINE);
    CHECK(detail == 2 && fault.len > 10 && again == NULL);
    memcpy(memory + 100, text.ptr, text.len);
    text.ptr = memory + 100;
    CHECK_STATUS(zs_session_from_json_lines(memory, sizeof memory, text, &config, &again, NULL, NULL), ZS_OVERLAP);
}

/* A model that writes its call into the text. */
static void recovered(void) {
    const zs_config before = config;
    zs_session *session;
    zs_event call;
    config.tool_mode = ZS_TOOLS_LENIENT;
    session = begin();
    CHECK_OK(zs_session_user(session, str("Read")));
    CHECK_OK(round_trip(session, SAYS("<tool_call>{\\\"name\\\": \\\"read\\\", \\\"arguments\\\": {}}</tool_call>", "stop")));
    CHECK(seen[ZS_EVENT_RECOVERED] == 1 && last.kind == ZS_EVENT_END);
    CHECK(zs_session_step(session, NULL) == ZS_STEP_RUN_TOOLS);
    CHECK(zs_session_pending_call(session, 0, &call) && is_text(call.name, "read"));
    config = before;
}

/* The window counted by a vocabulary, the estimate, and the rule of thumb. */
static void counting(const char *path) {
    const zs_config before = config;
    static const char TEXT[] = "Tokenization of antidisestablishmentarianism, 1234567890 times!";
    unsigned char *bytes = malloc(1 << 20);
    FILE *file = fopen(path, "rb");
    uint32_t measured, estimated[3], with_text[3], way;
    uint64_t exact;
    CHECK(file && bytes);
    config.vocabulary.ptr = bytes;
    config.vocabulary.len = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    for (way = ZS_COUNT_ROUGH; way <= ZS_COUNT_VOCABULARY; way++) {
        zs_session *session;
        config.counting = way;
        session = begin();
        CHECK(zs_session_window_tokens(session, &measured, &estimated[way]));
        CHECK_OK(zs_session_user(session, str(TEXT)));
        CHECK(zs_session_window_tokens(session, &measured, &with_text[way]));
        CHECK(with_text[way] > estimated[way]);
    }
    CHECK_OK(zs_tokens_count(config.vocabulary, str(TEXT), &exact, NULL));
    CHECK(with_text[ZS_COUNT_VOCABULARY] - estimated[ZS_COUNT_VOCABULARY] >= exact);
    CHECK(with_text[ZS_COUNT_VOCABULARY] - estimated[ZS_COUNT_VOCABULARY] < exact + 10);
    CHECK(with_text[ZS_COUNT_ROUGH] != with_text[ZS_COUNT_VOCABULARY]);
    free(bytes);
    config = before;
}

/* What a session remembers of the last place in the request and the transcript is void once these
 * change: a session that remembers nothing says the same. */
static void places(void) {
    static unsigned char bytes[2][4096];
    int change;
    for (change = 0; change < 4; change++) {
        zs_session *session = begin(), *fresh;
        zs_entry entry, wanted;
        uint64_t checkpoint;
        size_t written[2], index, at;
        CHECK_OK(zs_session_user(session, str("One")));
        CHECK_OK(round_trip(session, ANSWER));
        CHECK_OK(zs_session_user(session, str("Two and more than one")));
        CHECK_OK(round_trip(session, ANSWER));
        checkpoint = zs_session_checkpoint(session);
        CHECK_OK(zs_session_user(session, str("Three")));
        /* Into the last message but one, so that every change comes before it. */
        CHECK_OK(zs_session_read_request(session, 0, bytes[0], sizeof bytes[0], &written[0]));
        at = (size_t)(strstr((char *)bytes[0], "Two") - (char *)bytes[0]);
        CHECK_OK(zs_session_read_request(session, 0, bytes[0], at, &written[0]));
        CHECK_OK(zs_session_entry(session, 1, &entry));
        switch (change) {
        case 0: CHECK_OK(zs_session_compact(session, str("S"), 2)); break;
        case 1: CHECK_OK(zs_session_drop_oldest(session, NULL)); break;
        case 2:
            CHECK_OK(zs_session_rollback(session, checkpoint));
            CHECK_OK(zs_session_user(session, str("Another third question, longer")));
            break;
        default:
            CHECK_OK(zs_session_abort(session));
            CHECK_OK(zs_session_user(session, str("Fourth")));
        }
        CHECK_OK(zs_session_fork(session, other, sizeof other, &config, &fresh, NULL));
        CHECK_OK(zs_session_read_request(session, at, bytes[0], sizeof bytes[0], &written[0]));
        CHECK_OK(zs_session_read_request(fresh, at, bytes[1], sizeof bytes[1], &written[1]));
        CHECK(written[0] == written[1] && memcmp(bytes[0], bytes[1], written[0]) == 0);
        for (index = 2; index < 9; index++) {
            zs_status status = zs_session_entry(fresh, index, &wanted);
            CHECK_STATUS(zs_session_entry(session, index, &entry), status);
            CHECK(status != ZS_OK
                  || (entry.text.len == wanted.text.len
                      && memcmp(entry.text.ptr, wanted.text.ptr, entry.text.len) == 0));
        }
    }
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    tool.name = str("read");
    tool.description = str("Reads");
    tool.parameters = str("{\"type\":\"object\"}");
    CHECK_OK(zs_config_init(&config, sizeof config));
    config.dialect = ZS_OPENAI_CHAT;
    config.model = str("m");
    config.tools = &tool;
    config.tool_count = 1;
    policies();
    budgets();
    marks_and_forks();
    recovered();
    places();
    json_lines();
    counting(arguments[1]);
    printf("window: policies, budgets, marks, forks, recovered calls, places, JSON Lines, counts\n");
    return 0;
}
