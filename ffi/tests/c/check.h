/* What the tests share: checks that say where they failed, and texts. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zerostack.h"

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);        \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

#define CHECK_STATUS(call, wanted)                                                           \
    do {                                                                                     \
        zs_status got_ = (call);                                                             \
        if (got_ != (wanted)) {                                                              \
            fprintf(stderr, "%s:%d: %s gave %s, not %s\n", __FILE__, __LINE__, #call,        \
                    zs_status_name(got_), zs_status_name(wanted));                           \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

#define CHECK_OK(call) CHECK_STATUS(call, ZS_OK)

static inline zs_str str(const char *text) {
    zs_str result;
    result.ptr = (const uint8_t *)text;
    result.len = strlen(text);
    return result;
}

static inline bool is_text(zs_str text, const char *wanted) {
    return text.len == strlen(wanted) && memcmp(text.ptr, wanted, text.len) == 0;
}

#endif
