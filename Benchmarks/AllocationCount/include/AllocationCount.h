// Counts the calls that allocate, for benchmarks. Linking this target replaces malloc and its kin by counting ones.
#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stdint.h>

/// Calls of malloc, calloc, realloc and the aligned ones on this thread since it began.
uint64_t allocation_count(void);

#endif
