// The one face of mbedTLS in Gatehouse, for the 2.28 and the 3.6 series.
//
// No header of the library is visible to Swift: its structures differ between the series and are private in the
// later one. Everything is opaque pointers and small functions.
#ifndef CMBEDTLS_H
#define CMBEDTLS_H

#include "gh_crypto.h"
#include "gh_dtls.h"
#include "gh_errors.h"
#include "gh_keys.h"
#include "gh_objects.h"
#include "gh_rsa.h"
#include "gh_tls.h"

#endif
