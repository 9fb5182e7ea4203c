/* libgpiod 1.6: Debian 12. Both majors call their header gpiod.h; only this one has the macro. */
#include <gpiod.h>

#ifdef GPIOD_LINE_BULK_MAX_LINES

#include <errno.h>
#include <stdlib.h>

#include "common.h"

/* In this library a line belongs to its chip object; giving each request a chip object of its own would cost a
 * descriptor a line, so lines borrow the chip's. */
struct gh_gpio_chip {
	struct gpiod_chip *chip;
};

struct gh_gpio_line {
	struct gpiod_line *line;
	bool edges;
};

const char *gh_gpio_version(void)
{
	return gpiod_version_string();
}

bool gh_gpio_debounces(void)
{
	return false;
}

int gh_gpio_chip_open(const char *path, struct gh_gpio_chip **out, struct gh_gpio_chip_info *info)
{
	struct gh_gpio_chip *chip = calloc(1, sizeof(*chip));

	*out = NULL;
	if (!chip)
		return -ENOMEM;
	errno = 0;
	chip->chip = gpiod_chip_open(path);
	if (!chip->chip) {
		int error = gh_error();

		free(chip);
		return error;
	}
	gh_copy_name(info->name, gpiod_chip_name(chip->chip));
	gh_copy_name(info->label, gpiod_chip_label(chip->chip));
	info->lines = gpiod_chip_num_lines(chip->chip);
	*out = chip;
	return 0;
}

void gh_gpio_chip_close(struct gh_gpio_chip *chip)
{
	if (!chip)
		return;
	gpiod_chip_close(chip->chip);
	free(chip);
}

int gh_gpio_line_info(struct gh_gpio_chip *chip, uint32_t offset, struct gh_gpio_line_info *info)
{
	struct gpiod_line *line;

	errno = 0;
	line = gpiod_chip_get_line(chip->chip, offset);
	if (!line)
		return gh_error();
	/* The library keeps the line's object and what it once read; ask the kernel anew. */
	if (gpiod_line_update(line) < 0)
		return gh_error();
	gh_copy_name(info->name, gpiod_line_name(line));
	gh_copy_name(info->consumer, gpiod_line_consumer(line));
	info->used = gpiod_line_is_used(line);
	info->output = gpiod_line_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
	info->active_low = gpiod_line_active_state(line) == GPIOD_LINE_ACTIVE_STATE_LOW;
	return 0;
}

static int request_flags(const struct gh_gpio_settings *settings)
{
	int flags = 0;

	if (settings->active_low)
		flags |= GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
	switch (settings->bias) {
	case GH_GPIO_BIAS_AS_IS:
		break;
	case GH_GPIO_BIAS_DISABLED:
		flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE;
		break;
	case GH_GPIO_BIAS_PULL_UP:
		flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
		break;
	case GH_GPIO_BIAS_PULL_DOWN:
		flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
		break;
	}
	if (settings->output && settings->drive == GH_GPIO_DRIVE_OPEN_DRAIN)
		flags |= GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN;
	if (settings->output && settings->drive == GH_GPIO_DRIVE_OPEN_SOURCE)
		flags |= GPIOD_LINE_REQUEST_FLAG_OPEN_SOURCE;
	return flags;
}

int gh_gpio_line_request(struct gh_gpio_chip *chip, uint32_t offset, const char *consumer,
			 const struct gh_gpio_settings *settings, struct gh_gpio_line **out)
{
	struct gh_gpio_line *line;
	int flags = request_flags(settings);
	int result;

	*out = NULL;
	line = calloc(1, sizeof(*line));
	if (!line)
		return -ENOMEM;
	errno = 0;
	line->line = gpiod_chip_get_line(chip->chip, offset);
	if (!line->line)
		goto failed;
	line->edges = !settings->output && settings->edges;
	if (settings->output)
		result = gpiod_line_request_output_flags(line->line, consumer, flags, settings->initial);
	else if (line->edges)
		result = gpiod_line_request_both_edges_events_flags(line->line, consumer, flags);
	else
		result = gpiod_line_request_input_flags(line->line, consumer, flags);
	if (result < 0)
		goto failed;
	if (line->edges && (result = gh_nonblocking(gpiod_line_event_get_fd(line->line))) < 0) {
		gpiod_line_release(line->line);
		free(line);
		return result;
	}
	*out = line;
	return 0;
failed:
	result = gh_error();
	free(line);
	return result;
}

void gh_gpio_line_release(struct gh_gpio_line *line)
{
	if (!line)
		return;
	gpiod_line_release(line->line);
	free(line);
}

int gh_gpio_line_fd(const struct gh_gpio_line *line)
{
	return line->edges ? gpiod_line_event_get_fd(line->line) : -EINVAL;
}

int gh_gpio_line_get(struct gh_gpio_line *line)
{
	int value;

	errno = 0;
	value = gpiod_line_get_value(line->line);
	return value < 0 ? gh_error() : value;
}

int gh_gpio_line_set(struct gh_gpio_line *line, bool value)
{
	errno = 0;
	return gpiod_line_set_value(line->line, value) < 0 ? gh_error() : 0;
}

int gh_gpio_line_read(struct gh_gpio_line *line, struct gh_gpio_edge edges[GH_GPIO_READ_MAX])
{
	struct gpiod_line_event events[GH_GPIO_READ_MAX];
	int count;

	errno = 0;
	count = gpiod_line_event_read_multiple(line->line, events, GH_GPIO_READ_MAX);
	if (count < 0)
		return errno == EAGAIN ? 0 : gh_error();
	for (int i = 0; i < count; i++) {
		edges[i].timestamp_ns = (uint64_t)events[i].ts.tv_sec * 1000000000u + (uint64_t)events[i].ts.tv_nsec;
		edges[i].sequence = 0;
		edges[i].active = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE;
	}
	return count;
}

#endif
