/* The loop: does what the session asks for. */
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* Sends the request, and judges the response. */
static uint32_t converse(struct run *run) {
    zs_event event;
    zs_status status;
    uint32_t result = transfer_request(run);
    if (result != ZS_OK) {
        return result;
    }
    if (run->is_cancelled) {
        return ZS_RUN_CANCELLED;
    }
    switch (zs_session_step(run->session, NULL)) {
    case ZS_STEP_SEND:
    case ZS_STEP_RECEIVE: break;
    case ZS_STEP_IDLE: return run->status;
    default:
        /* The reply was broken and is asked for again, or wants room. */
        return ZS_OK;
    }
    do {
        status = zs_session_end_response(run->session, &event);
        if (status == ZS_OK) {
            show(run, &event);
            run->report->message[0] = 0;
        }
        /* Calls that were found in the text are told before the end. */
    } while (status == ZS_OK && zs_session_step(run->session, NULL) == ZS_STEP_RECEIVE);
    return zs_session_step(run->session, NULL) == ZS_STEP_MAKE_ROOM ? ZS_OK : status;
}

static uint32_t make_room(struct run *run) {
    size_t freed = 0;
    zs_event event;
    zs_status status;
    if (run->options->config->room == ZS_ROOM_ASK) {
        status = zs_session_drop_oldest(run->session, &freed);
        run->report->dropped_bytes += freed;
        return status;
    }
    status = zs_session_make_room(run->session, &event);
    if (status == ZS_OK) {
        run->report->dropped_bytes += event.bytes;
        show(run, &event);
    }
    return status;
}

/* One step; the turn is over at ZS_STEP_IDLE, or when it is not ZS_OK. */
static uint32_t do_step(struct run *run, zs_step step, uint32_t number) {
    switch (step) {
    case ZS_STEP_SEND: return converse(run);
    case ZS_STEP_RUN_TOOLS: return run_tools(run);
    case ZS_STEP_WAIT:
        run->status = ZS_OK;
        run_wait(run, number);
        if (run->status != ZS_OK || run_is_cancelled(run)) {
            return run->status != ZS_OK ? (uint32_t)run->status : ZS_RUN_CANCELLED;
        }
        run->report->retries++;
        return zs_session_retry(run->session);
    case ZS_STEP_MAKE_ROOM:
        return make_room(run);
    case ZS_STEP_RECEIVE:
        /* Somebody else began this response. */
        return ZS_WRONG_STEP;
    default: return ZS_INTERNAL;
    }
}

/* How much of a text fits into `most` bytes, cut at a character. */
static int shown_bytes(zs_str text, size_t most) {
    size_t len = text.len;
    if (len > most) {
        for (len = most; len > 0 && (text.ptr[len] & 0xc0) == 0x80; len--) {
        }
    }
    return (int)len;
}

/* Why it did not end well: what the provider said goes before what libcurl said. */
static void explain(const struct run *run, uint32_t result) {
    zs_run_report *report = run->report;
    zs_failure failure;
    report->detail = zs_session_error_detail(run->session);
    if (result == ZS_MISSING_ATTACHMENT || result == ZS_ATTACHMENT_LENGTH) {
        report->detail = run->attachment;
    }
    if ((result == ZS_RUN_BAD_OPTIONS || result == ZS_RUN_BAD_CALL) && report->message[0]) {
        return;
    }
    if (result >= ZS_RUN_CANCELLED) {
        snprintf(report->message, sizeof report->message, "%s",
                 result == ZS_RUN_CANCELLED   ? "the run was cancelled"
                 : result == ZS_RUN_NO_MEMORY ? "there is no memory left"
                 : result == ZS_RUN_DEFERRED  ? "calls wait for approval: go on by zs_run_resume"
                                              : "libcurl cannot be set up");
    } else if (result == ZS_BAD_RESPONSE && run->encoding[0]) {
        snprintf(report->message, sizeof report->message,
                 "the server answers in the content encoding %s, which was not asked for; switch it "
                 "off in the server or gateway",
                 run->encoding);
    } else if (zs_session_failure(run->session, &failure) && failure.message.len > 0) {
        snprintf(report->message, sizeof report->message, "%s (%u): %.*s",
                 zs_status_message(result), (unsigned)failure.http_status,
                 shown_bytes(failure.message, 150), (const char *)failure.message.ptr);
    } else if (result != ZS_UNREACHABLE || report->message[0] == 0) {
        snprintf(report->message, sizeof report->message, "%s (%u)", zs_status_message(result),
                 (unsigned)report->detail);
    }
}

/* The options as this version knows them; false when they cannot be used. */
static bool take_options(const zs_run *given, zs_run *options) {
    const size_t first_version = offsetof(zs_run, idle_timeout_s) + sizeof given->idle_timeout_s;
    size_t index;
    memset(options, 0, sizeof *options);
    if (!given || given->size < first_version || given->size > sizeof *given) {
        return false;
    }
    memcpy(options, given, given->size);
    for (index = 0; options->config && index < options->config->tool_count; index++) {
        if (!options->config->tools || !options->functions || !options->functions[index]) {
            return false;
        }
    }
    return options->config != NULL;
}

static uint32_t run_to_idle(struct run *run, uint32_t result) {
    while (result == ZS_OK) {
        uint32_t number = 0;
        zs_step step = zs_session_step(run->session, &number);
        if (step == ZS_STEP_IDLE) {
            break;
        }
        if (run_is_cancelled(run)) {
            result = ZS_RUN_CANCELLED;
        } else if (run_is_over_time(run)) {
            result = run->status;
        } else {
            result = do_step(run, step, number);
        }
    }
    if (result != ZS_OK) {
        explain(run, result);
    }
    if (result != ZS_OK && result != ZS_RUN_DEFERRED) {
        zs_session_abort(run->session);
    }
    return result;
}

static uint32_t begin_run(zs_session *session, const char *text, const zs_attachment *attachments,
                          size_t attachment_count, const zs_run *given, zs_run_report *report) {
    zs_run_report unread;
    zs_run options;
    struct run run;
    uint32_t result = session ? ZS_OK : ZS_NULL;
    memset(&run, 0, sizeof run);
    run.session = session;
    run.options = &options;
    run.report = report ? report : &unread;
    memset(run.report, 0, sizeof *run.report);
    run.start_ms = run_now_ms();
    if (!take_options(given, &options)) {
        snprintf(run.report->message, sizeof run.report->message, "%s",
                 "zs_run has no configuration, no function for a tool, or a wrong size");
        return ZS_RUN_BAD_OPTIONS;
    }
    if (result == ZS_OK) {
        result = transfer_open(&run);
    }
    if (result == ZS_OK && text && attachment_count > 0) {
        result = zs_session_user_with(session, text_of(text, strlen(text)), attachments,
                                      attachment_count);
    } else if (result == ZS_OK && text) {
        result = zs_session_user(session, text_of(text, strlen(text)));
    } else if (result == ZS_OK && zs_session_step(session, NULL) == ZS_STEP_IDLE) {
        result = ZS_WRONG_STEP;
    }
    if (result == ZS_OK) {
        result = run_to_idle(&run, result);
    } else if (run.report->message[0] == 0) {
        explain(&run, result);
    }
    transfer_close(&run);
    return result;
}

uint32_t zs_run_turn(zs_session *session, const char *text, const zs_run *run,
                     zs_run_report *report) {
    return begin_run(session, text ? text : "", NULL, 0, run, report);
}

uint32_t zs_run_turn_with(zs_session *session, const char *text, const zs_attachment *attachments,
                          size_t attachment_count, const zs_run *run, zs_run_report *report) {
    return begin_run(session, text ? text : "", attachments, attachment_count, run, report);
}

uint32_t zs_run_resume(zs_session *session, const zs_run *run, zs_run_report *report) {
    return begin_run(session, NULL, NULL, 0, run, report);
}
