/* The JSON form of events: the same bytes as in the other languages. Its argument is
 * tests/fixtures/events.jsonl. */
#include "check.h"

static unsigned char out[1024];
static size_t written;

/* Writes `event` at each size of the buffer; the bytes are `wanted`. */
static void is_json(const zs_event *event, const char *wanted, size_t length) {
    size_t room;
    for (room = 0; room <= length; room++) {
        zs_status status = zs_event_json(event, out, room, &written);
        CHECK(status == (room < length ? ZS_FULL : ZS_OK) && written == length);
        CHECK(memcmp(out, wanted, room) == 0);
    }
}

static size_t count;
static zs_event events[32];

static zs_event *add(zs_event_kind kind) {
    events[count].kind = kind;
    return &events[count++];
}

static zs_event *add_call(zs_event_kind kind) {
    zs_event *event = add(kind);
    event->provider_id = str("call_1");
    event->name = str("read");
    event->text = str("{\"path\": \"a\"}");
    return event;
}

/* The events of the fixture, in its order. */
static void add_all(void) {
    static const zs_dropped dropped[] = {
        ZS_DROPPED_REPLY, ZS_DROPPED_TOOL_RESULT, ZS_DROPPED_OLD_RESULTS, ZS_DROPPED_OLD_EXCHANGES,
        ZS_DROPPED_SUMMARISED,
    };
    zs_usage usage = {UINT32_MAX, 2, 3, 4, 0, {0}};
    zs_event *event;
    uint32_t index;
    add(ZS_EVENT_TEXT)->text =
        str("a \"word\"\\ \n\t\r\b\f\001\037 / \303\251 \177\360\237\246\200");
    add(ZS_EVENT_THINKING)->text = str("Let me look");
    add(ZS_EVENT_REFUSAL)->text = str("No.");
    add_call(ZS_EVENT_TOOL_CALL_DELTA);
    add_call(ZS_EVENT_TOOL_CALL);
    add(ZS_EVENT_USAGE)->usage = usage;
    for (index = 0; index < 5; index++) {
        event = add(ZS_EVENT_TRUNCATED);
        event->dropped = dropped[index];
        event->bytes = 7 + index;
    }
    add(ZS_EVENT_COMPACTING);
    event = add(ZS_EVENT_REPEATING);
    event->name = str("bash");
    event->count = 3;
    add(ZS_EVENT_RECOVERED)->count = 2;
    add(ZS_EVENT_END)->stop = ZS_STOP_TOOL_USE;
    add(ZS_EVENT_RESTART);
}

static void failures(void) {
    static const char TEXT[] =
        "{\"type\":\"summary_failed\",\"reason\":\"the response is malformed at byte 7: the text is "
        "not JSON; check the dialect\"}";
    zs_event event;
    memset(&event, 0, sizeof event);
    CHECK_STATUS(zs_event_json(&event, out, sizeof out, &written), ZS_OUT_OF_RANGE);
    event.kind = ZS_EVENT_TRUNCATED;
    CHECK_STATUS(zs_event_json(&event, out, sizeof out, &written), ZS_OUT_OF_RANGE);
    event.kind = ZS_EVENT_END;
    CHECK_STATUS(zs_event_json(&event, out, sizeof out, &written), ZS_OUT_OF_RANGE);
    event.kind = ZS_EVENT_TEXT;
    event.text.ptr = (const uint8_t *)"\377";
    event.text.len = 1;
    CHECK_STATUS(zs_event_json(&event, out, sizeof out, &written), ZS_NOT_UTF8);
    CHECK_STATUS(zs_event_json(NULL, out, sizeof out, &written), ZS_NULL);
    CHECK_STATUS(zs_event_json(&event, out, sizeof out, NULL), ZS_NULL);
    memset(&event, 0, sizeof event);
    event.kind = ZS_EVENT_SUMMARY_FAILED;
    event.status = ZS_BAD_RESPONSE;
    event.detail = 7;
    event.broken_rule = ZS_RULE_JSON;
    is_json(&event, TEXT, sizeof TEXT - 1);
}

int main(int argc, char **argv) {
    static char line[1024];
    size_t index = 0;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    CHECK(file != NULL);
    add_all();
    while (fgets(line, sizeof line, file) != NULL) {
        CHECK(index < count);
        is_json(&events[index++], line, strcspn(line, "\n"));
    }
    CHECK(index == count);
    fclose(file);
    failures();
    puts("events");
    return 0;
}
