/* Makes every call of the library with values that no optimiser knows. The image is linked and
 * its symbols are looked at; it is not run. */
#include "zerostack.h"

static volatile size_t outside;
static unsigned char memory[4096];
static zs_tool tools[1];

static zs_str text(void) {
    zs_str result = {memory, outside};
    return result;
}

int main(void) {
    zs_config config;
    zs_session *session;
    uint32_t number;
    outside += zs_config_init(&config, sizeof config);
    config.tools = tools;
    config.tool_count = outside;
    outside += zs_session_overhead();
    if (outside == 1) {
        outside += zs_session_resume(memory, outside, text(), &config, &session, &number);
    } else {
        outside += zs_session_init(memory, sizeof memory, &config, &session, &number);
    }
    for (;;) {
        zs_event event;
        zs_entry entry;
        zs_failure failure;
        zs_request request;
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
        case 15: outside += zs_session_usage(session).input_tokens; break;
        case 16: outside += zs_session_stop_word(session).len; break;
        case 17: outside += zs_session_is_reply_complete(session); break;
        case 18: outside += zs_session_snapshot(session).len; break;
        case 19: outside += zs_session_entry(session, outside, &entry); break;
        case 20: outside += zs_session_error_detail(session); break;
        case 21: outside += (size_t)zs_status_name(number); break;
        default: outside += (size_t)zs_status_message(number); break;
        }
    }
}
