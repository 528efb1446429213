/* Registers, start-up, and what QEMU prints for us. */
#include "board.h"

#include <string.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define UART 0x40004000u
#define DATA REGISTER(UART + 0x00)
#define STATE REGISTER(UART + 0x04)
#define CONTROL REGISTER(UART + 0x08)
#define BAUD_DIVIDER REGISTER(UART + 0x10)
#define LEDS REGISTER(0x40028000u)
#define COUNTER_100_HZ REGISTER(0x40028014u)
#define COPROCESSORS REGISTER(0xe000ed88u)

enum { SEND_FULL = 1, RECEIVE_FULL = 2, BOTH_ENABLED = 3, LED_COUNT = 2 };
enum { OPEN = 1, BYTES = 2, OPENED = 3, CLOSED = 4 };
enum { TIMEOUT_TICKS = 3000, PAINT = 0xc5c5c5c5, MARGIN_BYTES = 64 };

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_EXIT = 0x20 };

static int console;

extern uint32_t flash_start[], flash_end[], data_load[], data_end[];
extern uint32_t statics_start[], statics_end[], stack_top[];
int main(void);

/* Semihosting: QEMU does what `operation` says. */
static int semihosting(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* Opens what QEMU prints to stdout. */
static void open_console(void) {
    static const char name[] = ":tt";
    const uint32_t open[3] = {(uint32_t)name, 4, sizeof name - 1};
    console = semihosting(SYS_OPEN, open);
}

void say_bytes(const char *name, const uint8_t *bytes, size_t len) {
    char line[96];
    const size_t start = strlen(strcpy(line, name));
    const size_t count = len < sizeof line - start - 2 ? len : sizeof line - start - 2;
    line[start] = ' ';
    memcpy(line + start + 1, bytes, count);
    line[start + 1 + count] = '\n';
    const uint32_t write[3] = {(uint32_t)console, (uint32_t)line, start + count + 2};
    semihosting(SYS_WRITE, write);
}

void say_text(const char *name, const char *text) {
    say_bytes(name, (const uint8_t *)text, strlen(text));
}

void say_number(const char *name, size_t number) {
    char digits[10];
    say_bytes(name, (const uint8_t *)digits, put_number(digits, number));
}

size_t put_number(char *out, size_t number) {
    char digits[10];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

static void leave(int code) {
    const uint32_t reason[2] = {0x20026, (uint32_t)code};
    semihosting(SYS_EXIT, reason);
    for (;;) {
    }
}

void reset(void) {
    COPROCESSORS |= 0xfu << 20;
    __asm__ volatile("dsb\n isb");
    const uint32_t *from = data_load;
    for (volatile uint32_t *at = statics_start; at < data_end; at++) {
        *at = *from++;
    }
    for (volatile uint32_t *at = data_end; at < statics_end; at++) {
        *at = 0;
    }
    const uintptr_t end = (uintptr_t)__builtin_frame_address(0) - MARGIN_BYTES;
    for (volatile uint32_t *at = statics_end; (uintptr_t)at < end; at++) {
        *at = PAINT;
    }
    BAUD_DIVIDER = 16;
    CONTROL = BOTH_ENABLED;
    open_console();
    leave(main());
}

static void fault(void) {
    leave(254);
}

typedef void (*handler)(void);
__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    (handler)stack_top, reset, fault, fault, fault, fault, fault,
};

__asm__(".section .rodata.log\n"
        ".global log_start, log_end\n"
        "log_start: .incbin \"src/log.txt\"\n"
        "log_end:\n"
        ".byte 0\n"
        ".text\n");

size_t free_stack_bytes(void) {
    const uint32_t *at = statics_end;
    while (at < stack_top && *(const volatile uint32_t *)at == PAINT) {
        at++;
    }
    return (size_t)(at - statics_end) * 4;
}

void report_memory(void) {
    const size_t all = (size_t)(stack_top - statics_end) * 4;
    say_number("flash", ((flash_end - flash_start) * 4));
    say_number("statics", ((statics_end - statics_start) * 4));
    say_number("stack", (all - free_stack_bytes()));
    say_number("free", free_stack_bytes());
}

int set_pin(int64_t pin, bool high) {
    if (pin < 0 || pin >= LED_COUNT) {
        return -1;
    }
    const uint32_t mask = 1u << pin;
    LEDS = high ? LEDS | mask : LEDS & ~mask;
    return (LEDS & mask) != 0;
}

void delay_ms(uint32_t millis) {
    const uint32_t start = COUNTER_100_HZ;
    while (COUNTER_100_HZ - start <= millis / 10) {
    }
}

/* The next byte of the port, negative when none comes. */
static int port_byte(void) {
    const uint32_t start = COUNTER_100_HZ;
    while ((STATE & RECEIVE_FULL) == 0) {
        if (COUNTER_100_HZ - start > TIMEOUT_TICKS) {
            return -1;
        }
    }
    return (int)(DATA & 0xff);
}

static void frame_out(uint8_t kind, const uint8_t *bytes, uint8_t len) {
    for (int at = -2; at < len; at++) {
        while ((STATE & SEND_FULL) != 0) {
        }
        DATA = at == -2 ? kind : at == -1 ? len : bytes[at];
    }
}

/* Bytes that are left of the frame that is read. */
static int left;

static int frame_kind(void) {
    const int kind = port_byte();
    const int len = port_byte();
    left = len < 0 ? 0 : len;
    return len < 0 ? -1 : kind;
}

bool modem_open(void) {
    static bool was_open;
    frame_out(OPEN, NULL, 0);
    for (;;) {
        while (left > 0) {
            if (port_byte() < 0) {
                return false;
            }
            left--;
        }
        switch (frame_kind()) {
        case OPENED: was_open = true; return true;
        case CLOSED:
            if (!was_open) {
                return false;
            }
            was_open = false;
            break;
        case BYTES: break;
        default: return false;
        }
    }
}

bool modem_write(const uint8_t *bytes, size_t len) {
    while (len > 0) {
        const uint8_t part = len > 255 ? 255 : (uint8_t)len;
        frame_out(BYTES, bytes, part);
        bytes += part;
        len -= part;
    }
    return true;
}

size_t modem_read(uint8_t *bytes, size_t len) {
    while (left == 0) {
        if (frame_kind() != BYTES) {
            return 0;
        }
    }
    size_t count = 0;
    while (count < len && left > 0) {
        const int byte = port_byte();
        if (byte < 0) {
            return 0;
        }
        bytes[count++] = (uint8_t)byte;
        left--;
    }
    return count;
}
