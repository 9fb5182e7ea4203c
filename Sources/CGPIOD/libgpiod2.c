/* libgpiod 2.x: Debian 13 and later. Both majors call their header gpiod.h; only the other one has the macro. */
#include <gpiod.h>

#ifndef GPIOD_LINE_BULK_MAX_LINES

#include <errno.h>
#include <stdlib.h>

#include "common.h"

struct gh_gpio_chip {
	struct gpiod_chip *chip;
};

struct gh_gpio_line {
	struct gpiod_line_request *request;
	struct gpiod_edge_event_buffer *buffer; /* NULL for a line without edges */
	unsigned int offset;
};

const char *gh_gpio_version(void)
{
	return gpiod_api_version();
}

bool gh_gpio_debounces(void)
{
	return true;
}

int gh_gpio_chip_open(const char *path, struct gh_gpio_chip **out, struct gh_gpio_chip_info *info)
{
	struct gh_gpio_chip *chip = calloc(1, sizeof(*chip));
	struct gpiod_chip_info *details = NULL;
	int error;

	*out = NULL;
	if (!chip)
		return -ENOMEM;
	errno = 0;
	chip->chip = gpiod_chip_open(path);
	if (chip->chip)
		details = gpiod_chip_get_info(chip->chip);
	if (!details) {
		error = gh_error();
		gh_gpio_chip_close(chip);
		return error;
	}
	gh_copy_name(info->name, gpiod_chip_info_get_name(details));
	gh_copy_name(info->label, gpiod_chip_info_get_label(details));
	info->lines = (uint32_t)gpiod_chip_info_get_num_lines(details);
	gpiod_chip_info_free(details);
	*out = chip;
	return 0;
}

void gh_gpio_chip_close(struct gh_gpio_chip *chip)
{
	if (!chip)
		return;
	if (chip->chip)
		gpiod_chip_close(chip->chip);
	free(chip);
}

int gh_gpio_line_info(struct gh_gpio_chip *chip, uint32_t offset, struct gh_gpio_line_info *info)
{
	struct gpiod_line_info *details;

	errno = 0;
	details = gpiod_chip_get_line_info(chip->chip, offset);
	if (!details)
		return gh_error();
	gh_copy_name(info->name, gpiod_line_info_get_name(details));
	gh_copy_name(info->consumer, gpiod_line_info_get_consumer(details));
	info->used = gpiod_line_info_is_used(details);
	info->output = gpiod_line_info_get_direction(details) == GPIOD_LINE_DIRECTION_OUTPUT;
	info->active_low = gpiod_line_info_is_active_low(details);
	gpiod_line_info_free(details);
	return 0;
}

static enum gpiod_line_bias bias(enum gh_gpio_bias wanted)
{
	switch (wanted) {
	case GH_GPIO_BIAS_DISABLED:
		return GPIOD_LINE_BIAS_DISABLED;
	case GH_GPIO_BIAS_PULL_UP:
		return GPIOD_LINE_BIAS_PULL_UP;
	case GH_GPIO_BIAS_PULL_DOWN:
		return GPIOD_LINE_BIAS_PULL_DOWN;
	case GH_GPIO_BIAS_AS_IS:
		break;
	}
	return GPIOD_LINE_BIAS_AS_IS;
}

static enum gpiod_line_drive drive(enum gh_gpio_drive wanted)
{
	switch (wanted) {
	case GH_GPIO_DRIVE_OPEN_DRAIN:
		return GPIOD_LINE_DRIVE_OPEN_DRAIN;
	case GH_GPIO_DRIVE_OPEN_SOURCE:
		return GPIOD_LINE_DRIVE_OPEN_SOURCE;
	case GH_GPIO_DRIVE_PUSH_PULL:
		break;
	}
	return GPIOD_LINE_DRIVE_PUSH_PULL;
}

static int apply(struct gpiod_line_settings *to, const struct gh_gpio_settings *from)
{
	int result;

	gpiod_line_settings_set_active_low(to, from->active_low);
	result = gpiod_line_settings_set_bias(to, bias(from->bias));
	if (result < 0)
		return result;
	if (from->output) {
		result = gpiod_line_settings_set_direction(to, GPIOD_LINE_DIRECTION_OUTPUT);
		if (result == 0)
			result = gpiod_line_settings_set_drive(to, drive(from->drive));
		if (result == 0)
			result = gpiod_line_settings_set_output_value(
				to, from->initial ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
		return result;
	}
	result = gpiod_line_settings_set_direction(to, GPIOD_LINE_DIRECTION_INPUT);
	if (result == 0 && from->edges)
		result = gpiod_line_settings_set_edge_detection(to, GPIOD_LINE_EDGE_BOTH);
	if (result == 0 && from->edges)
		result = gpiod_line_settings_set_event_clock(to, GPIOD_LINE_CLOCK_MONOTONIC);
	gpiod_line_settings_set_debounce_period_us(to, from->debounce_us);
	return result;
}

int gh_gpio_line_request(struct gh_gpio_chip *chip, uint32_t offset, const char *consumer,
			 const struct gh_gpio_settings *settings, struct gh_gpio_line **out)
{
	struct gh_gpio_line *line = calloc(1, sizeof(*line));
	struct gpiod_line_settings *line_settings = gpiod_line_settings_new();
	struct gpiod_line_config *line_config = gpiod_line_config_new();
	struct gpiod_request_config *request_config = gpiod_request_config_new();
	unsigned int offsets[1] = { offset };
	int error = 0;

	*out = NULL;
	if (!line || !line_settings || !line_config || !request_config) {
		error = -ENOMEM;
		goto done;
	}
	line->offset = offset;
	errno = 0;
	gpiod_request_config_set_consumer(request_config, consumer);
	if (apply(line_settings, settings) < 0 ||
	    gpiod_line_config_add_line_settings(line_config, offsets, 1, line_settings) < 0) {
		error = gh_error();
		goto done;
	}
	if (!settings->output && settings->edges) {
		line->buffer = gpiod_edge_event_buffer_new(GH_GPIO_READ_MAX);
		if (!line->buffer) {
			error = -ENOMEM;
			goto done;
		}
	}
	line->request = gpiod_chip_request_lines(chip->chip, request_config, line_config);
	if (!line->request) {
		error = gh_error();
		goto done;
	}
	error = gh_nonblocking(gpiod_line_request_get_fd(line->request));
done:
	if (request_config)
		gpiod_request_config_free(request_config);
	if (line_config)
		gpiod_line_config_free(line_config);
	if (line_settings)
		gpiod_line_settings_free(line_settings);
	if (error < 0)
		gh_gpio_line_release(line);
	else
		*out = line;
	return error;
}

void gh_gpio_line_release(struct gh_gpio_line *line)
{
	if (!line)
		return;
	if (line->request)
		gpiod_line_request_release(line->request);
	if (line->buffer)
		gpiod_edge_event_buffer_free(line->buffer);
	free(line);
}

int gh_gpio_line_fd(const struct gh_gpio_line *line)
{
	return line->buffer ? gpiod_line_request_get_fd(line->request) : -EINVAL;
}

int gh_gpio_line_get(struct gh_gpio_line *line)
{
	enum gpiod_line_value value;

	errno = 0;
	value = gpiod_line_request_get_value(line->request, line->offset);
	if (value == GPIOD_LINE_VALUE_ERROR)
		return gh_error();
	return value == GPIOD_LINE_VALUE_ACTIVE;
}

int gh_gpio_line_set(struct gh_gpio_line *line, bool value)
{
	errno = 0;
	return gpiod_line_request_set_value(line->request, line->offset,
					    value ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE) < 0
		       ? gh_error()
		       : 0;
}

int gh_gpio_line_read(struct gh_gpio_line *line, struct gh_gpio_edge edges[GH_GPIO_READ_MAX])
{
	int count;

	if (!line->buffer)
		return -EINVAL;
	errno = 0;
	count = gpiod_line_request_read_edge_events(line->request, line->buffer, GH_GPIO_READ_MAX);
	if (count < 0)
		return errno == EAGAIN ? 0 : gh_error();
	for (int i = 0; i < count; i++) {
		struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(line->buffer, (unsigned long)i);

		edges[i].timestamp_ns = gpiod_edge_event_get_timestamp_ns(event);
		edges[i].sequence = (uint32_t)gpiod_edge_event_get_line_seqno(event);
		edges[i].active = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE;
	}
	return count;
}

#endif
