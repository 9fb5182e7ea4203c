// Private to the shim: the structures behind gh_tls.h.
#ifndef GH_CONNECTION_H
#define GH_CONNECTION_H

#include "certificates.h"

#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ticket.h>

struct gh_tls_config {
    mbedtls_ssl_config ssl;
    mbedtls_x509_crt anchors, chain;
    mbedtls_pk_context key;
    mbedtls_ssl_ticket_context tickets;
    mbedtls_ssl_cache_context cache;
    int *suites;
    char **protocols;
    gh_peer_certificate peer_certificate;
};

struct gh_tls {
    mbedtls_ssl_context ssl;
    gh_tls_config *config;
    // Set for the length of one call.
    gh_window *window;
    gh_name_check check;
    char *name;
    int64_t now;
    // Whether this handshake passed through the key exchange, that is, was not resumed.
    int is_full;
    int alert;
    gh_verdict *verdict;
};

/// The verify callback of the library; `context` is the connection.
int gh_verify(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/// Judges the peer's leaf once more (validity and name), for a resumed session, where the library checks nothing.
int gh_verify_resumed(gh_tls *tls);

#endif
