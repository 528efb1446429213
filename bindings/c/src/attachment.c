/* The bytes of files, asked of the program while a request is sent. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Bytes of a file that are read at once. */
#define PIECE_BYTES 3072

static zs_attachment of_entry(const zs_entry *entry) {
    zs_attachment attachment;
    memset(&attachment, 0, sizeof attachment);
    attachment.media_type = entry->text;
    attachment.name = entry->name;
    attachment.number = entry->call;
    attachment.bytes = entry->subtype;
    return attachment;
}

/* Fills `bytes`; what is wrong if it cannot. */
static zs_status fill(const struct run *run, const zs_wanted *wanted, uint8_t *bytes, size_t len) {
    size_t at = 0;
    while (at < len) {
        size_t count = run->options->read_attachment(run->options->context, wanted->number,
                                                     wanted->offset + (uint32_t)at, bytes + at,
                                                     len - at);
        if (count == ZS_READ_FAILED) {
            return ZS_MISSING_ATTACHMENT;
        }
        if (count == 0 || count > len - at) {
            return ZS_ATTACHMENT_LENGTH;
        }
        at += count;
    }
    return ZS_OK;
}

/* Whether the file has as many bytes as was said. */
static zs_status check(const struct run *run, const zs_attachment *attachment) {
    uint8_t byte;
    zs_wanted last;
    zs_status status;
    memset(&last, 0, sizeof last);
    last.number = attachment->number;
    last.offset = attachment->bytes - 1;
    status = fill(run, &last, &byte, 1);
    if (status == ZS_OK
        && run->options->read_attachment(run->options->context, attachment->number,
                                         attachment->bytes, &byte, 1)
               == 1) {
        status = ZS_ATTACHMENT_LENGTH;
    }
    return status;
}

zs_status attachment_check_all(struct run *run) {
    zs_entry entry;
    size_t index;
    zs_request request;
    zs_status status = zs_session_request(run->session, &request);
    if (status != ZS_MISSING_ATTACHMENT || !run->options->read_attachment) {
        if (status == ZS_MISSING_ATTACHMENT) {
            run->attachment = zs_session_error_detail(run->session);
        }
        return status;
    }
    for (index = 0; zs_session_entry(run->session, index, &entry) == ZS_OK; index++) {
        zs_attachment attachment = of_entry(&entry);
        if (entry.part != ZS_PART_ATTACHMENT || entry.is_cut || entry.provider_id.len > 0
            || !zs_session_takes_attachment(run->session, &attachment)) {
            continue;
        }
        status = check(run, &attachment);
        if (status != ZS_OK) {
            run->attachment = attachment.number;
            return status;
        }
    }
    return ZS_OK;
}

zs_status attachment_read(struct run *run, uint8_t *to, size_t room, size_t *written) {
    uint8_t bytes[PIECE_BYTES];
    zs_wanted wanted;
    size_t len = room / 4 * 3;
    zs_status status = zs_session_wanted(run->session, &wanted);
    *written = 0;
    if (status != ZS_OK || wanted.bytes == 0) {
        return status;
    }
    if (!run->options->read_attachment) {
        run->attachment = wanted.number;
        return ZS_MISSING_ATTACHMENT;
    }
    len = len < sizeof bytes ? len : sizeof bytes;
    len = len < 3 ? 3 : len;
    len = len < wanted.bytes ? len : wanted.bytes;
    status = fill(run, &wanted, bytes, len);
    if (status != ZS_OK) {
        run->attachment = wanted.number;
        return status;
    }
    return zs_session_supply(run->session, bytes, len, to, room, written);
}

/* A copy of a text at `*at`, which goes on after it. */
static zs_str copied(zs_str text, uint8_t **at) {
    zs_str copy = text;
    if (text.len > 0) {
        memcpy(*at, text.ptr, text.len);
        copy.ptr = *at;
        *at += text.len;
    }
    return copy;
}

void zs_output_attach(zs_tool_output *output, const zs_attachment *attachment) {
    zs_attachment *place;
    uint8_t *at;
    if (!output || !attachment || output->attachment_count == MAX_ATTACHMENTS) {
        return;
    }
    /* The texts of the tool may be gone when its result is given. */
    at = malloc(attachment->media_type.len + attachment->name.len + attachment->url.len
                + attachment->file_id.len + 1);
    if (!at) {
        output->is_out_of_memory = true;
        return;
    }
    place = &output->attachments[output->attachment_count];
    output->texts[output->attachment_count++] = at;
    *place = *attachment;
    place->media_type = copied(attachment->media_type, &at);
    place->name = copied(attachment->name, &at);
    place->url = copied(attachment->url, &at);
    place->file_id = copied(attachment->file_id, &at);
}

void output_free(zs_tool_output *output) {
    while (output->attachment_count > 0) {
        free(output->texts[--output->attachment_count]);
    }
    free(output->bytes);
}
