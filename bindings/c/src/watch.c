/* The clock of a run, and what ends it from outside: the flag that cancels, and the limit of time. */
#include <time.h>

#include "internal.h"

/* Milliseconds between two looks at the flag that cancels. */
#define CANCEL_CHECK_MS 100

bool run_is_cancelled(const struct run *run) {
    return run->options->cancel && *run->options->cancel;
}

void show(const struct run *run, const zs_event *event) {
    if (run->options->show) {
        run->options->show(run->options->context, event);
    }
}

int64_t run_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000 + 1;
}

bool run_is_over_time(struct run *run) {
    int64_t millis;
    if (run->options->config->max_turn_ms == 0) {
        return false;
    }
    millis = run_now_ms() - run->start_ms;
    run->status = zs_session_set_turn_elapsed_ms(run->session, millis < UINT32_MAX ? (uint32_t)millis : UINT32_MAX);
    return run->status != ZS_OK;
}

void run_wait(struct run *run, uint32_t millis) {
    while (millis > 0 && !run_is_cancelled(run) && !run_is_over_time(run)) {
        uint32_t now = millis < CANCEL_CHECK_MS ? millis : CANCEL_CHECK_MS;
        struct timespec pause;
        pause.tv_sec = 0;
        pause.tv_nsec = (long)now * 1000000;
        nanosleep(&pause, NULL);
        millis -= now;
    }
}
