/* The result of a tool, which grows as it is written. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Makes room for `more` bytes and a NUL. */
static bool reserve(zs_tool_output *output, size_t more) {
    size_t wanted, room = output->room ? output->room : 256;
    char *bytes;
    if (output->is_out_of_memory || more >= SIZE_MAX / 2 - output->len) {
        output->is_out_of_memory = true;
        return false;
    }
    wanted = output->len + more + 1;
    while (room < wanted) {
        room *= 2;
    }
    if (room > output->room) {
        bytes = realloc(output->bytes, room);
        if (!bytes) {
            output->is_out_of_memory = true;
            return false;
        }
        output->bytes = bytes;
        output->room = room;
    }
    return true;
}

void zs_output_write(zs_tool_output *output, const char *bytes, size_t len) {
    if (output && bytes && len > 0 && reserve(output, len)) {
        memcpy(output->bytes + output->len, bytes, len);
        output->len += len;
    }
}

void zs_output_text(zs_tool_output *output, const char *text) {
    if (text) {
        zs_output_write(output, text, strlen(text));
    }
}

void zs_output_printf(zs_tool_output *output, const char *format, ...) {
    va_list arguments;
    int len;
    if (!output || !format) {
        return;
    }
    va_start(arguments, format);
    len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0 || !reserve(output, (size_t)len)) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(output->bytes + output->len, (size_t)len + 1, format, arguments);
    va_end(arguments);
    output->len += (size_t)len;
}

void zs_output_fail(zs_tool_output *output) {
    if (output) {
        output->is_error = true;
    }
}
