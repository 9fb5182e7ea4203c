#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common.h"

/* Where the directory cannot be watched (the system has too few watches), say that often that it may have changed. */
#define PRESENCE_MILLISECONDS 5000

/* Identifiers of the waiter's own descriptors: the two that no caller counts up to. */
#define WAKE_ID UINT64_MAX
#define DIRECTORY_ID (UINT64_MAX - 1)

struct gh_gpio_waiter {
	int epoll;
	int wake;
	int directory;
};

int gh_gpio_waiter_new(const char *directory, struct gh_gpio_waiter **out)
{
	struct gh_gpio_waiter *waiter = calloc(1, sizeof(*waiter));
	int error;

	*out = NULL;
	if (!waiter)
		return -ENOMEM;
	waiter->directory = -1;
	waiter->wake = -1;
	errno = 0;
	waiter->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (waiter->epoll >= 0)
		waiter->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (waiter->wake < 0) {
		error = gh_error();
		gh_gpio_waiter_free(waiter);
		return error;
	}
	error = gh_gpio_waiter_add(waiter, waiter->wake, WAKE_ID);
	if (error < 0) {
		gh_gpio_waiter_free(waiter);
		return error;
	}
	waiter->directory = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (waiter->directory >= 0 &&
	    (inotify_add_watch(waiter->directory, directory, IN_DELETE | IN_MOVED_FROM) < 0 ||
	     gh_gpio_waiter_add(waiter, waiter->directory, DIRECTORY_ID) < 0)) {
		close(waiter->directory);
		waiter->directory = -1;
	}
	*out = waiter;
	return 0;
}

void gh_gpio_waiter_free(struct gh_gpio_waiter *waiter)
{
	if (!waiter)
		return;
	if (waiter->directory >= 0)
		close(waiter->directory);
	if (waiter->wake >= 0)
		close(waiter->wake);
	if (waiter->epoll >= 0)
		close(waiter->epoll);
	free(waiter);
}

int gh_gpio_waiter_add(struct gh_gpio_waiter *waiter, int fd, uint64_t id)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = id };

	errno = 0;
	return epoll_ctl(waiter->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? gh_error() : 0;
}

void gh_gpio_waiter_remove(struct gh_gpio_waiter *waiter, int fd)
{
	struct epoll_event event = { 0 };

	(void)epoll_ctl(waiter->epoll, EPOLL_CTL_DEL, fd, &event);
}

void gh_gpio_waiter_wake(struct gh_gpio_waiter *waiter)
{
	(void)eventfd_write(waiter->wake, 1);
}

static void drain_directory(int fd)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
}

int gh_gpio_waiter_wait(struct gh_gpio_waiter *waiter, int milliseconds, struct gh_gpio_wait_result *result)
{
	struct epoll_event events[GH_GPIO_WAIT_MAX];
	eventfd_t value;
	int count;

	result->count = 0;
	result->directory_changed = false;
	if (waiter->directory < 0 && (milliseconds < 0 || milliseconds > PRESENCE_MILLISECONDS))
		milliseconds = PRESENCE_MILLISECONDS;
	errno = 0;
	count = epoll_wait(waiter->epoll, events, GH_GPIO_WAIT_MAX, milliseconds);
	if (count < 0)
		return errno == EINTR ? 0 : gh_error();
	if (count == 0 && waiter->directory < 0)
		result->directory_changed = true;
	for (int i = 0; i < count; i++) {
		if (events[i].data.u64 == WAKE_ID) {
			(void)eventfd_read(waiter->wake, &value);
		} else if (events[i].data.u64 == DIRECTORY_ID) {
			drain_directory(waiter->directory);
			result->directory_changed = true;
		} else {
			struct gh_gpio_ready *ready = &result->ready[result->count++];

			ready->id = events[i].data.u64;
			ready->broken = (events[i].events & (EPOLLERR | EPOLLHUP)) != 0;
		}
	}
	return 0;
}
