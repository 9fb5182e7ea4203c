// Private to the shim: the structures behind gh_tls.h.
#ifndef GH_CONNECTION_H
#define GH_CONNECTION_H

#include "certificates.h"
#include "ocf_tls_shim.h"

#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_cookie.h>
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
    // Datagrams.
    int is_datagram, is_anonymous, exports_keys;
    mbedtls_ssl_cookie_ctx cookies;
    ocf_tls_psk psk;
    gh_psk_lookup lookup;
    void *lookup_context;
};

// What only a datagram session has.
typedef struct gh_datagram {
    // Milliseconds; deadline 0 for none.
    uint64_t now, deadline;
    uint64_t intermediate;
    size_t identity_length;
    uint8_t identity[GH_IDENTITY_MAX];
    int has_secrets;
    gh_dtls_secrets secrets;
} gh_datagram;

struct gh_tls {
    // First, so that a callback that is given the library's context has ours.
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
    // NULL for a stream.
    gh_datagram *datagram;
};

/// The verify callback of the library; `context` is the connection.
int gh_verify(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/// Judges the peer's leaf once more (validity and name), for a resumed session, where the library checks nothing.
int gh_verify_resumed(gh_tls *tls);

/// Datagram parts of building a configuration and a session; a library number.
int gh_dtls_configure(gh_tls_config *config, const gh_tls_settings *settings);
int gh_dtls_setup(gh_tls *tls);
void gh_dtls_release(gh_tls *tls);

/// Names the connection whose handshake this thread is in, for callbacks of the configuration; NULL afterwards.
void gh_dtls_enter(gh_tls *tls);

#endif
