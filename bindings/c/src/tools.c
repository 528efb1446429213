/* The calls of a reply: decided, checked, run at the same time, and answered. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Calls of one reply that run at the same time. */
#define DEFAULT_CALLS_AT_ONCE 8
#define MAX_CALLS_AT_ONCE 64

/* Bytes of the sentence about arguments that do not fit. */
#define SENTENCE_BYTES 512

/* Values of one call that are repaired at most. */
#define MAX_REPAIRS 32

#define DEFAULT_BAD_CALLS 32

/* Checks arguments as often as one more value of them could be repaired. The text that fits is `*arguments`,
 * in memory at `*owned` if it was repaired; the sentence is about what the model wrote. */
static zs_status check_arguments(const struct run *run, const zs_tool *tool, zs_str *arguments,
                                 char **owned, uint8_t *sentence, size_t *len) {
    const zs_str written = *arguments;
    int repairs;
    for (repairs = 0; repairs < MAX_REPAIRS; repairs++) {
        size_t room = arguments->len + 2, repaired = 0;
        char *text;
        zs_status status =
            zs_schema_check(tool->parameters, *arguments, sentence, SENTENCE_BYTES, len, NULL);
        if (status != ZS_BAD_ARGUMENTS || run->options->bad_calls != ZS_BAD_CALLS_REPAIR) {
            return status;
        }
        text = malloc(room);
        if (!text
            || zs_schema_repair(tool->parameters, *arguments, (uint8_t *)text, room, &repaired, NULL)
                   != ZS_OK) {
            free(text);
            break;
        }
        free(*owned);
        *owned = text;
        *arguments = text_of(text, repaired);
    }
    return zs_schema_check(tool->parameters, written, sentence, SENTENCE_BYTES, len, NULL);
}

/* Runs the function of a call, or says to the model why it cannot. */
static void call_tool(const struct run *run, const zs_event *call, zs_tool_output *output) {
    const zs_config *config = run->options->config;
    size_t index;
    for (index = 0; index < config->tool_count; index++) {
        const zs_tool *tool = &config->tools[index];
        uint8_t sentence[SENTENCE_BYTES];
        zs_str arguments = call->text;
        char *owned = NULL;
        size_t len = 0;
        zs_status status;
        if (tool->name.len != call->name.len
            || memcmp(tool->name.ptr, call->name.ptr, call->name.len) != 0) {
            continue;
        }
        if (arguments.len == 0) {
            arguments = text_of("{}", 2);
        }
        status = check_arguments(run, tool, &arguments, &owned, sentence, &len);
        if (status == ZS_OK || status == ZS_UNSUPPORTED) {
            run->options->functions[index](run->options->context, arguments, output);
            free(owned);
            return;
        }
        free(owned);
        output->is_bad_call = true;
        zs_output_fail(output);
        zs_output_text(output, "The arguments do not fit: ");
        if (len > 0 && len <= sizeof sentence) {
            zs_output_write(output, (const char *)sentence, len);
        } else {
            zs_output_text(output, zs_status_message(status));
        }
        return;
    }
    output->is_bad_call = true;
    zs_output_fail(output);
    zs_output_text(output, "There is no tool of this name.");
}

/* One call of a reply and its result. */
struct call {
    zs_event event;
    zs_tool_output output;
    bool is_done;
    bool waits;
};

/* What was decided about a call; NULL for nothing. */
static const zs_decision *decision_about(const struct run *run, uint32_t call) {
    size_t index;
    for (index = 0; index < run->options->decision_count; index++) {
        if (run->options->decisions[index].call == call) {
            return &run->options->decisions[index];
        }
    }
    return NULL;
}

/* Whether the tool of a call asks before it runs. */
static bool asks(const struct run *run, const zs_event *event) {
    const zs_config *config = run->options->config;
    size_t index;
    for (index = 0; run->options->needs_approval && index < config->tool_count; index++) {
        const zs_str name = config->tools[index].name;
        if (name.len == event->name.len && memcmp(name.ptr, event->name.ptr, name.len) == 0) {
            return run->options->needs_approval[index];
        }
    }
    return false;
}

/* Answers a call that was denied or answered, and finds whether it waits. */
static void decide(const struct run *run, struct call *call) {
    const zs_decision *decision = decision_about(run, call->event.call);
    if (!decision) {
        call->waits = asks(run, &call->event);
    } else if (decision->kind == ZS_DENIED) {
        zs_output_fail(&call->output);
        zs_output_text(&call->output, "the call was denied");
        if (decision->text.len > 0) {
            zs_output_text(&call->output, ": ");
            zs_output_write(&call->output, (const char *)decision->text.ptr, decision->text.len);
        }
        call->is_done = true;
    } else if (decision->kind == ZS_ANSWERED) {
        zs_output_write(&call->output, (const char *)decision->text.ptr, decision->text.len);
        call->is_done = true;
    }
}

/* The open calls of a reply, taken by several threads. */
struct calls {
    const struct run *run;
    struct call *calls;
    size_t count;
    size_t next;
    pthread_mutex_t lock;
};

/* Runs calls until none is left or the run is cancelled. */
static void *work(void *shared) {
    struct calls *calls = shared;
    while (!run_is_cancelled(calls->run)) {
        struct call *call;
        size_t index;
        pthread_mutex_lock(&calls->lock);
        index = calls->next;
        calls->next += index < calls->count;
        pthread_mutex_unlock(&calls->lock);
        if (index == calls->count) {
            break;
        }
        call = &calls->calls[index];
        if (call->is_done || call->waits) {
            continue;
        }
        call_tool(calls->run, &call->event, &call->output);
        call->is_done = true;
    }
    return NULL;
}

/* Runs all calls, several at the same time. */
static void run_calls(struct calls *calls) {
    pthread_t threads[MAX_CALLS_AT_ONCE];
    size_t started = 0, wanted = calls->run->options->calls_at_once;
    if (wanted == 0 || wanted > MAX_CALLS_AT_ONCE) {
        wanted = wanted == 0 ? DEFAULT_CALLS_AT_ONCE : MAX_CALLS_AT_ONCE;
    }
    if (wanted > calls->count) {
        wanted = calls->count;
    }
    /* Where the system gives no more threads, fewer calls run at the same time. */
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, work, calls) == 0) {
        started++;
    }
    work(calls);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
}

/* Gives the session a result. */
static zs_status answer(struct run *run, const struct call *call) {
    const zs_tool_output *output = &call->output;
    zs_str text = text_of(output->bytes, output->len);
    zs_status status;
    if (output->attachment_count > 0) {
        status = zs_session_tool_result_with(run->session, call->event.call, text, output->is_error,
                                             output->attachments, output->attachment_count, NULL);
        if (status == ZS_UNSUPPORTED_ATTACHMENT || status == ZS_BAD_ATTACHMENT) {
            static const char UNSENT[] = "The tool's result is a file that this model cannot be sent.";
            status = zs_session_tool_result(run->session, call->event.call,
                                            text_of(UNSENT, sizeof UNSENT - 1), true, NULL);
        }
    } else {
        status = zs_session_tool_result(run->session, call->event.call, text, output->is_error, NULL);
    }
    if (status == ZS_NOT_UTF8) {
        static const char REASON[] = "The tool's result is not UTF-8.";
        status = zs_session_tool_result(run->session, call->event.call,
                                        text_of(REASON, sizeof REASON - 1), true, NULL);
    }
    return status;
}

/* One more call of the turn that cannot run. */
static uint32_t count_bad_call(struct run *run, const struct call *call) {
    const uint32_t most = run->options->max_bad_calls ? run->options->max_bad_calls : DEFAULT_BAD_CALLS;
    run->bad_calls++;
    if (run->options->bad_calls != ZS_BAD_CALLS_FAIL && run->bad_calls <= most) {
        return ZS_OK;
    }
    snprintf(run->report->message, sizeof run->report->message, "the model called %.*s: %.*s",
             (int)(call->event.name.len < 64 ? call->event.name.len : 64),
             (const char *)call->event.name.ptr,
             (int)(call->output.len < 150 ? call->output.len : 150),
             call->output.bytes ? call->output.bytes : "");
    return ZS_RUN_BAD_CALL;
}

uint32_t run_tools(struct run *run) {
    struct calls calls;
    zs_event event;
    size_t index, waiting = 0;
    uint32_t result = ZS_OK;
    memset(&calls, 0, sizeof calls);
    calls.run = run;
    while (zs_session_pending_call(run->session, calls.count, &event)) {
        calls.count++;
    }
    if (calls.count == 0) {
        return ZS_OK;
    }
    calls.calls = calloc(calls.count, sizeof *calls.calls);
    if (!calls.calls || pthread_mutex_init(&calls.lock, NULL) != 0) {
        free(calls.calls);
        return ZS_RUN_NO_MEMORY;
    }
    /* Names and arguments are lent by the session, which nothing changes while the calls run. */
    for (index = 0; index < calls.count; index++) {
        zs_session_pending_call(run->session, index, &calls.calls[index].event);
        decide(run, &calls.calls[index]);
        waiting += calls.calls[index].waits;
    }
    run_calls(&calls);
    if (waiting == calls.count) {
        result = ZS_RUN_DEFERRED;
    }
    for (index = 0; index < calls.count; index++) {
        struct call *call = &calls.calls[index];
        if (call->waits) {
            continue;
        }
        if (result == ZS_OK && !call->is_done) {
            result = ZS_RUN_CANCELLED;
        }
        if (result == ZS_OK && call->output.is_bad_call) {
            result = count_bad_call(run, call);
        }
        if (result == ZS_OK && call->output.is_out_of_memory) {
            result = ZS_RUN_NO_MEMORY;
        }
        if (result == ZS_OK) {
            result = answer(run, call);
        }
        output_free(&call->output);
    }
    pthread_mutex_destroy(&calls.lock);
    free(calls.calls);
    return result;
}
