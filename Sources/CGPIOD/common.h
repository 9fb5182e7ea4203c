#ifndef GATEHOUSE_CGPIOD_COMMON_H
#define GATEHOUSE_CGPIOD_COMMON_H

#include "cgpiod.h"

/* The last error as a negative errno. */
int gh_error(void);
void gh_copy_name(char to[GH_GPIO_NAME_SIZE], const char *from);
int gh_nonblocking(int fd);

#endif
