/*
 * One small face over libgpiod 1.6 and 2.x.
 *
 * Chips are opened by path and lines requested one at a time: the daemon has few lines, and one descriptor a line makes
 * giving one back simple. Whatever the library calls it, a function here returns 0 (or a count) on success and a negative
 * errno on failure. Nothing here is safe for two threads on the same object; the Swift side holds a lock.
 */
#ifndef GATEHOUSE_CGPIOD_H
#define GATEHOUSE_CGPIOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's GPIO_MAX_NAME_SIZE (linux/gpio.h): 32 bytes with the terminator, for names, labels and consumers. */
#define GH_GPIO_NAME_SIZE 32

/* The kernel's queue of a line holds 16 events (v1); one read fetches no more. */
#define GH_GPIO_READ_MAX 16

enum gh_gpio_bias { GH_GPIO_BIAS_AS_IS, GH_GPIO_BIAS_DISABLED, GH_GPIO_BIAS_PULL_UP, GH_GPIO_BIAS_PULL_DOWN };
enum gh_gpio_drive { GH_GPIO_DRIVE_PUSH_PULL, GH_GPIO_DRIVE_OPEN_DRAIN, GH_GPIO_DRIVE_OPEN_SOURCE };

struct gh_gpio_chip_info {
	char name[GH_GPIO_NAME_SIZE];  /* "gpiochip0" */
	char label[GH_GPIO_NAME_SIZE]; /* "pinctrl-rp1" */
	uint32_t lines;
};

struct gh_gpio_line_info {
	char name[GH_GPIO_NAME_SIZE];     /* "" when the line has none */
	char consumer[GH_GPIO_NAME_SIZE]; /* "" when unknown */
	bool used;
	bool output;
	bool active_low;
};

struct gh_gpio_settings {
	bool output;
	bool active_low;
	bool initial; /* outputs: the first logical value */
	bool edges;   /* inputs: report both edges */
	enum gh_gpio_bias bias;
	enum gh_gpio_drive drive;
	uint32_t debounce_us; /* inputs: done by the kernel with 2.x; ignored with 1.6, see gh_gpio_debounces() */
};

struct gh_gpio_edge {
	uint64_t timestamp_ns; /* CLOCK_MONOTONIC */
	uint32_t sequence;     /* of this line, from 1; 0 when the library has none (1.6) */
	bool active;           /* the edge towards the active level */
};

struct gh_gpio_chip;
struct gh_gpio_line;

/* The library's version as it names itself, "1.6.3" or "2.2.1". */
const char *gh_gpio_version(void);

/* Whether `debounce_us` is honoured. */
bool gh_gpio_debounces(void);

int gh_gpio_chip_open(const char *path, struct gh_gpio_chip **chip, struct gh_gpio_chip_info *info);
void gh_gpio_chip_close(struct gh_gpio_chip *chip);
int gh_gpio_line_info(struct gh_gpio_chip *chip, uint32_t offset, struct gh_gpio_line_info *info);

/* The chip must stay open as long as the line is held. */
int gh_gpio_line_request(struct gh_gpio_chip *chip, uint32_t offset, const char *consumer,
			 const struct gh_gpio_settings *settings, struct gh_gpio_line **line);
void gh_gpio_line_release(struct gh_gpio_line *line);

/* The descriptor to poll for edges, set non-blocking; -EINVAL for a line without edges. */
int gh_gpio_line_fd(const struct gh_gpio_line *line);

/* The logical value, 0 or 1. */
int gh_gpio_line_get(struct gh_gpio_line *line);
int gh_gpio_line_set(struct gh_gpio_line *line, bool value);

/* Up to GH_GPIO_READ_MAX edges; 0 when none wait. */
int gh_gpio_line_read(struct gh_gpio_line *line, struct gh_gpio_edge edges[GH_GPIO_READ_MAX]);

/*
 * Waiting, for one thread: for descriptors, for others who wake it, and for names vanishing from a directory. Adding,
 * removing and waking are for every thread.
 */

/* As many as a board has watched lines; more come in the next round. */
#define GH_GPIO_WAIT_MAX 16

struct gh_gpio_ready {
	uint64_t id;
	bool broken; /* nothing more will come */
};

struct gh_gpio_wait_result {
	struct gh_gpio_ready ready[GH_GPIO_WAIT_MAX];
	uint32_t count;
	bool directory_changed; /* or may have, when the system would not watch it */
};

struct gh_gpio_waiter;

int gh_gpio_waiter_new(const char *directory, struct gh_gpio_waiter **waiter);
void gh_gpio_waiter_free(struct gh_gpio_waiter *waiter);
int gh_gpio_waiter_add(struct gh_gpio_waiter *waiter, int fd, uint64_t id);
void gh_gpio_waiter_remove(struct gh_gpio_waiter *waiter, int fd);
void gh_gpio_waiter_wake(struct gh_gpio_waiter *waiter);
/* Until something happens or the time is up; for ever when it is negative. */
int gh_gpio_waiter_wait(struct gh_gpio_waiter *waiter, int milliseconds, struct gh_gpio_wait_result *result);

#endif
