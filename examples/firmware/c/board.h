/* Arm's MPS2 with AN386 (Cortex-M4), as far as the agent needs it. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The modem on the serial port, see ../src/modem.rs. */
bool modem_open(void);
bool modem_write(const uint8_t *bytes, size_t len);
/* Bytes that came, 0 at the end of the connection or when nothing comes for long. */
size_t modem_read(uint8_t *bytes, size_t len);

/* What the pin is then; negative for one that is not there. */
int set_pin(int64_t pin, bool high);
void delay_ms(uint32_t millis);

/* Bytes of the stack that were never used. */
size_t free_stack_bytes(void);
void report_memory(void);

/* A line on the console of QEMU: a name, and what belongs to it. */
void say_number(const char *name, size_t number);
void say_text(const char *name, const char *text);
void say_bytes(const char *name, const uint8_t *bytes, size_t len);

/* Writes at most 10 digits and gives how many: newlib's printf wants a heap. */
size_t put_number(char *out, size_t number);

/* The log in flash. */
extern const char log_start[], log_end[];

#endif
