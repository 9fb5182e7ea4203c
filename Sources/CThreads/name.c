#include <sys/prctl.h>

#include "cthreads.h"

void gh_name_thread(const char *name)
{
	(void)prctl(PR_SET_NAME, name);
}
