/* Makes every call of the library with values that no optimiser knows. The image is linked and
 * its symbols are looked at; it is not run. */
#include "zerostack.h"

/* The structs are as long as the library says, on 32 bits too and with short enums. */
#define SAME(name, words, pointers) \
    typedef char name##_is_as_long[sizeof(name) == (words) * 4 + (pointers) * sizeof(size_t) ? 1 : -1]
SAME(zs_config, 28, 12);
SAME(zs_options, 12, 15);
SAME(zs_event, 18, 6);
SAME(zs_entry, 8, 8);
SAME(zs_attachment, 4, 8);

static volatile size_t outside;
static unsigned char memory[4096];
static zs_tool tools[1];

static zs_str text(void) {
    zs_str result = {memory, outside};
    return result;
}

/* The calls that need no session. */
static void texts(void) {
    static unsigned char room[2048];
    static uint32_t ids[64];
    zs_prompt prompt;
    zs_prompt_fault fault;
    zs_placeholder placeholder;
    zs_json json;
    zs_str name;
    zs_pair pair;
    zs_counter *counter;
    zs_http *http;
    zs_http_event event;
    uint32_t detail;
    uint64_t tokens, most;
    int64_t integer;
    size_t count;
    pair.name = pair.value = text();
    switch (outside) {
    case 31: outside += zs_prompt_built_in(outside, &name, &name); break;
    case 53: outside += zs_prompt_find(text(), &name); break;
    case 32: outside += zs_prompt_parse(text(), &prompt, &fault); break;
    case 33: outside += zs_prompt_field(text(), text(), room, outside, &count, &detail); break;
    case 34: outside += zs_prompt_item(text(), text(), outside, room, outside, &count, &detail); break;
    case 35: outside += zs_prompt_placeholder(text(), outside, &placeholder, &detail); break;
    case 36: outside += zs_prompt_render(text(), &pair, outside, room, outside, &count, &detail); break;
    case 37: outside += zs_vocabulary_check(text(), &detail); break;
    case 38: outside += zs_tokens_count(text(), text(), &tokens, &detail); break;
    case 39: outside += zs_tokens_fit(text(), text(), outside, &count, &tokens, &detail); break;
    case 40: outside += zs_tokens_encode(text(), text(), outside > 1, ids, outside, &count, &detail); break;
    case 41: outside += zs_tokens_decode(text(), ids, outside, room, outside, &count, &detail); break;
    case 42: outside += zs_tokens_estimate(text(), &tokens, &most); break;
    case 43: outside += zs_counter_overhead(); break;
    case 44:
        outside += zs_counter_init(room, outside, text(), &counter, &detail);
        outside += zs_counter_push(counter, text());
        outside += (size_t)zs_counter_count(counter);
        outside += zs_counter_clear(counter);
        break;
    case 45: outside += zs_json_parse(text(), &json, &detail); break;
    case 46: outside += zs_json_member(text(), text(), &json); break;
    case 47: outside += zs_json_element(text(), outside, &json); break;
    case 48: outside += zs_json_string(text(), room, outside, &count); break;
    case 49: outside += zs_json_integer(text(), &integer); break;
    case 50: outside += zs_schema_check(text(), text(), room, outside, &count, &detail); break;
    case 69: outside += zs_schema_repair(text(), text(), room, outside, &count, &detail); break;
    case 51:
        outside += zs_http_write_head(text(), text(), text(), outside, &pair, outside, room, outside, &count, &detail);
        break;
    case 52: outside += zs_http_overhead(); break;
    default:
        outside += zs_http_init(room, outside, &http, &detail);
        outside += zs_http_feed(http, memory, outside, &count, &event, &detail);
        outside += zs_http_end(http, &detail);
        outside += zs_http_is_done(http) + zs_http_keeps_open(http);
        break;
    }
}

int main(void) {
    zs_config config;
    zs_session *session;
    uint32_t number = 0;
    outside += zs_config_init(&config, sizeof config);
    config.tools = tools;
    config.tool_count = outside;
    outside += zs_session_overhead();
    if (outside == 1) {
        outside += zs_session_resume(memory, outside, text(), &config, &session, &number);
    } else {
        outside += zs_session_init(memory, sizeof memory, &config, &session, &number);
    }
    if (outside == 2) {
        outside += zs_decoder_init(memory, outside, number, 200, &session, &number);
    }
    for (;;) {
        zs_event event;
        zs_entry entry;
        zs_failure failure;
        zs_request request;
        zs_options options;
        zs_attachment attachment = {text(), text(), text(), text(), number, number, number, 0};
        zs_wanted wanted;
        zs_str name, value;
        size_t count;
        outside += zs_session_step(session, &number);
        switch (outside) {
        case 0: outside += zs_session_user(session, text()); break;
        case 1: outside += zs_session_request(session, &request); break;
        case 2: outside += zs_session_request_header(session, outside, &name, &value); break;
        case 3: outside += zs_session_request_len(session, &count); break;
        case 4: outside += zs_session_read_request(session, outside, memory, outside, &count); break;
        case 5: outside += zs_session_begin_response(session, (uint16_t)outside, number); break;
        case 6: outside += zs_session_feed(session, memory, outside, &count, &event); break;
        case 7: outside += zs_session_end_response(session, &event); break;
        case 8: outside += zs_session_pending_call(session, outside, &event); break;
        case 9: outside += zs_session_tool_result(session, number, text(), false, &number); break;
        case 10: outside += zs_session_retry(session); break;
        case 11: outside += zs_session_abort(session); break;
        case 12: outside += zs_session_compact(session, text(), outside); break;
        case 13: outside += zs_session_drop_oldest(session, &count); break;
        case 14: outside += zs_session_failure(session, &failure); break;
        case 69: outside += zs_event_json(&event, memory, outside, &count); break;
        case 15: outside += zs_session_usage(session).input_tokens; break;
        case 16: outside += zs_session_raw_stop_reason(session).len; break;
        case 17: outside += zs_session_is_reply_complete(session); break;
        case 18: outside += zs_session_snapshot(session).len; break;
        case 19: outside += zs_session_entry(session, outside, &entry); break;
        case 20: outside += zs_session_error_detail(session); break;
        case 21: outside += (size_t)zs_status_name(number); break;
        case 22: outside += (size_t)zs_status_message(number); break;
        case 23: outside += (size_t)zs_version(); break;
        case 24: outside += zs_session_make_room(session, &event); break;
        case 25: outside += (size_t)zs_session_checkpoint(session); break;
        case 26: outside += zs_session_rollback(session, outside); break;
        case 27: outside += zs_session_set_turn_elapsed_ms(session, number); break;
        case 28: outside += zs_session_window_tokens(session, &number, &number); break;
        case 29: outside += zs_session_is_compacting(session); break;
        case 30: outside += zs_session_fork(session, memory, outside, &config, &session, &number); break;
        case 54: outside += zs_session_instruct(session, text()); break;
        case 55: outside += zs_session_json_lines(session, outside, memory, outside, &count); break;
        case 56:
            outside += zs_session_from_json_lines(memory, outside, text(), &config, &session, &name, &number);
            break;
        case 57: outside += zs_options_init(&options, sizeof options); break;
        case 58: outside += zs_session_set_options(session, &options); break;
        case 59: outside += zs_session_answer_json(session).len; break;
        case 60: outside += zs_session_switched_off(session).len; break;
        case 68: outside += zs_session_user_with(session, text(), &attachment, 1); break;
        case 61:
            outside += zs_session_tool_result_with(session, number, text(), false, &attachment, 1, &number);
            break;
        case 62: outside += zs_session_takes_attachment(session, &attachment); break;
        case 63: outside += zs_session_leave_out_attachments(session, &count); break;
        case 64: outside += zs_session_request_with_attachments(session, &request); break;
        case 65: outside += zs_session_wanted(session, &wanted); break;
        case 66: outside += zs_session_supply(session, memory, outside, memory, outside, &count); break;
        case 67: outside += zs_media_type(memory, outside, text()).len; break;
        default: texts(); break;
        }
    }
}
