/* What Swift's view of the C library lacks about threads. */
#ifndef CTHREADS_H
#define CTHREADS_H

/* Names the calling thread, for people who look at threads; cut at 15 bytes by the kernel. */
void gh_name_thread(const char *name);

#endif
