// Private to the shim: the library's headers and what differs between its series.
#ifndef GH_LIBRARY_H
#define GH_LIBRARY_H

// The 3.6 series hides structure members behind MBEDTLS_PRIVATE. The shim reads a few (the handshake's state, the
// description of a received alert); they exist under the same names in both series.
#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include <mbedtls/version.h>

#if MBEDTLS_VERSION_NUMBER >= 0x021C0000 && MBEDTLS_VERSION_NUMBER < 0x021D0000
#define GH_MBEDTLS_2 1
#elif MBEDTLS_VERSION_NUMBER >= 0x03060000 && MBEDTLS_VERSION_NUMBER < 0x03070000
#define GH_MBEDTLS_3 1
#else
#error "Gatehouse is written for mbedTLS 2.28 and 3.6; another series needs a look at this shim first."
#endif

#if defined(GH_MBEDTLS_2)
#include <mbedtls/config.h>
#else
#include <mbedtls/build_info.h>
#endif

#include "include/CMbedTLS.h"

/// Keeps the library's number for gh_last_library_error and answers `ours`.
int gh_fail(int ours, int library);

/// The random function as the library wants it.
int gh_library_random(void *context, unsigned char *output, size_t length);

#endif
