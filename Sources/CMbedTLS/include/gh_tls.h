// TLS 1.2 over memory: the caller hands in what came from the network and takes out what must go there.
//
// A configuration is built once by one thread and then only read; several threads may share it (session cache,
// tickets and RSA keys lock themselves, see gh_tls_config_finish for EC keys). A connection belongs to one thread at
// a time and keeps its configuration's address: free connections first.
#ifndef GH_TLS_H
#define GH_TLS_H

#include <stddef.h>
#include <stdint.h>

#include "gh_keys.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gh_tls_config gh_tls_config;
typedef struct gh_tls gh_tls;

typedef enum gh_peer_certificate {
    GH_PEER_NONE = 0,
    /// None is fine; one that comes must be good.
    GH_PEER_OPTIONAL = 1,
    GH_PEER_REQUIRED = 2,
} gh_peer_certificate;

typedef struct gh_tls_settings {
    int is_server;
    gh_peer_certificate peer_certificate;
    /// IANA numbers, the preferred first.
    const uint16_t *suites;
    size_t suite_count;
    /// Names of application protocols, the preferred first, each ended by NUL; length 0 for none.
    const uint8_t *protocols;
    size_t protocols_length;
    /// Server: seconds a ticket is good for, 0 for no tickets. Client: not 0 to ask for tickets.
    uint32_t ticket_lifetime;
    /// Server: how many sessions the cache keeps, 0 for no cache.
    uint32_t cached_sessions;
    /// Not 0 for DTLS: see gh_dtls.h.
    int is_datagram;
    /// Datagrams: milliseconds until a flight is repeated the first time, and at most.
    uint32_t first_timeout, last_timeout;
    /// Datagrams: not 0 to keep the master secret for gh_dtls_keys.
    int exports_keys;
} gh_tls_settings;

/// NULL with *status set on failure.
gh_tls_config *gh_tls_config_new(const gh_tls_settings *settings, int *status);
void gh_tls_config_free(gh_tls_config *config);
/// Adds a trust anchor.
int gh_tls_config_add_anchor(gh_tls_config *config, const uint8_t *der, size_t length);
/// Adds a certificate to our chain, the leaf first.
int gh_tls_config_add_certificate(gh_tls_config *config, const uint8_t *der, size_t length);
/// Our key as DER. `check` is 0 only in tests that play a peer without the right key.
int gh_tls_config_set_key(gh_tls_config *config, const uint8_t *der, size_t length, int check);
/// Last step, before the first connection.
int gh_tls_config_finish(gh_tls_config *config);

typedef enum gh_name_check {
    /// The chain alone.
    GH_NAME_ANY = 0,
    /// `name` is a DNS name or an IP address that the subjectAltName must hold.
    GH_NAME_HOST = 1,
    /// An OCF identity: its extended key usage, CN "uuid:…", and that uuid when `name` is given.
    GH_NAME_OCF = 2,
} gh_name_check;

/// A connection. `now` judges certificates, in seconds since 1970. `server_name` goes out as SNI; NULL for none.
gh_tls *gh_tls_new(
    gh_tls_config *config, gh_name_check check, const char *name, const char *server_name, int64_t now);
void gh_tls_free(gh_tls *tls);

/// What a call may read and where it may write. `consumed` and `produced` are set by the call.
typedef struct gh_window {
    const uint8_t *input;
    size_t input_length;
    uint8_t *output;
    size_t output_capacity;
    size_t consumed, produced;
    /// The transport has ended: after `input` nothing follows.
    int end_of_input;
} gh_window;

/// GH_OK when the handshake is done; GH_WANT_READ, GH_WANT_WRITE, or an error (output may then hold an alert).
int gh_tls_handshake(gh_tls *tls, gh_window *window);
/// Bytes of plaintext (> 0); GH_WANT_READ, GH_WANT_WRITE, GH_CLOSED, GH_TRUNCATED or an error.
long gh_tls_read(gh_tls *tls, gh_window *window, uint8_t *plain, size_t capacity);
/// GH_OK when all is encrypted; GH_WANT_WRITE with *accepted set: go on with the rest after emptying the output.
int gh_tls_write(gh_tls *tls, gh_window *window, const uint8_t *plain, size_t length, size_t *accepted);
int gh_tls_close_notify(gh_tls *tls, gh_window *window);

/// The number of the fatal alert that came, or -1.
int gh_tls_alert(const gh_tls *tls);

typedef enum gh_verdict_reason {
    GH_VERDICT_NONE = 0,
    GH_VERDICT_EXPIRED = 1,
    GH_VERDICT_NOT_YET_VALID = 2,
    GH_VERDICT_UNKNOWN_ISSUER = 3,
    GH_VERDICT_REVOKED = 4,
    /// Host name.
    GH_VERDICT_WRONG_NAME = 5,
    /// CN is no "uuid:…", or another one.
    GH_VERDICT_WRONG_IDENTITY = 6,
    /// The OCF identity key usage is missing.
    GH_VERDICT_NOT_AN_IDENTITY = 7,
    /// Key usage or extended key usage does not allow this role.
    GH_VERDICT_WRONG_USAGE = 8,
    /// Hash, key type or key size below what is accepted.
    GH_VERDICT_WEAK = 9,
    GH_VERDICT_OTHER = 10,
} gh_verdict_reason;

typedef struct gh_verdict {
    gh_verdict_reason reason;
    /// 0 for the leaf.
    int depth;
    /// The library's flags of that certificate.
    uint32_t flags;
    gh_cert_info certificate;
} gh_verdict;

/// Why the last certificate was refused; reason 0 when none was.
const gh_verdict *gh_tls_verdict(const gh_tls *tls);

int gh_tls_is_resumed(const gh_tls *tls);
uint16_t gh_tls_suite(const gh_tls *tls);
/// NULL when no protocol was agreed.
const char *gh_tls_protocol(const gh_tls *tls);
/// Client: our Finished message, the first of a full handshake: what tls-unique is (RFC 5929 3.1). NULL before its end, after
/// a resumption, where RFC 7627 has shown it to be worth nothing, and where the library does not keep it.
const uint8_t *gh_tls_first_finished(const gh_tls *tls, size_t *length);
/// The peer's certificates, leaf first (the leaf alone after a resumption). NULL past the end.
const uint8_t *gh_tls_peer_certificate(const gh_tls *tls, size_t index, size_t *length);

/// Client: the session for a later connection. The length or an error. Holds secrets.
long gh_tls_session_save(gh_tls *tls, uint8_t *output, size_t capacity);
/// Client: before the handshake.
int gh_tls_session_load(gh_tls *tls, const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
