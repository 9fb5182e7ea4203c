#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int gh_error(void)
{
	/* A library that fails without saying why must not look like success. */
	return errno > 0 ? -errno : -EIO;
}

void gh_copy_name(char to[GH_GPIO_NAME_SIZE], const char *from)
{
	size_t length = from ? strnlen(from, GH_GPIO_NAME_SIZE - 1) : 0;

	if (length)
		memcpy(to, from, length);
	memset(to + length, 0, GH_GPIO_NAME_SIZE - length);
}

int gh_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return gh_error();
	return 0;
}
