// Private to the shim: what keys.c and tls.c share.
#ifndef GH_CERTIFICATES_H
#define GH_CERTIFICATES_H

#include "library.h"

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

struct gh_key {
    mbedtls_pk_context pk;
};

/// Seconds since 1970 of a time in a certificate.
int64_t gh_seconds_of(const mbedtls_x509_time *time);

void gh_cert_describe(const mbedtls_x509_crt *crt, gh_cert_info *info);

/// 1 when a name of the subjectAltName extension fits `host`, a DNS name or the text of an IP address.
int gh_cert_names_host(const mbedtls_x509_crt *crt, const char *host);

int gh_pk_parse_private(mbedtls_pk_context *pk, const uint8_t *bytes, size_t length);
int gh_pk_check_pair(const mbedtls_pk_context *public_part, const mbedtls_pk_context *private_part);
int gh_pk_sign(
    mbedtls_pk_context *pk, const uint8_t *hash, uint8_t *signature, size_t capacity, size_t *signature_length);

#endif
