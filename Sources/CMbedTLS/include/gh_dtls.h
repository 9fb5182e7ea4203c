// What DTLS 1.2 adds to gh_tls.h: datagrams, timers, cookies, pre-shared keys, and the two things OCF needs beyond the
// library (a PSK identity hint, the anonymous suite 0xFF00; see ocf_tls_shim.c).
//
// A datagram session is a gh_tls of a configuration with `is_datagram`. Its windows hold one datagram of input, which
// is used up by the call; datagrams of output lie one after another, each behind its length in two bytes, the upper
// first.
#ifndef GH_DTLS_H
#define GH_DTLS_H

#include "gh_tls.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /// Bytes of a pre-shared key: what the library takes (MBEDTLS_PSK_MAX_LEN); OCF's have 16.
    GH_PSK_MAX = 32,
    /// Bytes of an identity hint: OCF's longest has 33.
    GH_HINT_MAX = 64,
    /// Bytes of a PSK identity that are kept; longer ones are refused. OCF's have 16.
    GH_IDENTITY_MAX = 128,
};

/// Finds the key of an identity: writes at most `capacity` bytes and answers their number, or a negative number for an
/// identity that is unknown.
typedef long (*gh_psk_lookup)(
    void *context, const uint8_t *identity, size_t identity_length, uint8_t *key, size_t capacity);

/// 1 when the library in this process calls through our shim: only then are hint and suite 0xFF00 to be had. Cheap
/// after the first call; the first one has to be made before other threads do TLS.
int gh_ocf_shim_is_active(void);

/// Server: pre-shared keys by `lookup`, called during handshakes on the session's thread. `hint` goes out in the
/// ServerKeyExchange (RFC 4279 2); length 0 for none. `context` outlives the configuration.
int gh_tls_config_set_psk_lookup(
    gh_tls_config *config, gh_psk_lookup lookup, void *context, const uint8_t *hint, size_t hint_length);
/// Client: one key and the identity it is known by.
int gh_tls_config_set_psk(
    gh_tls_config *config, const uint8_t *key, size_t key_length, const uint8_t *identity, size_t identity_length);
/// Server: suite 0xFF00 alone, with a throw-away key. Instead of certificates.
int gh_tls_config_set_anonymous(gh_tls_config *config);

/// Milliseconds of a monotonic clock, told before each call that gets or makes datagrams.
void gh_dtls_set_time(gh_tls *tls, uint64_t now);
/// When the session wants gh_tls_handshake called without input, in milliseconds; 0 for never.
uint64_t gh_dtls_deadline(const gh_tls *tls);
/// The largest datagram to be made, in bytes of UDP payload.
void gh_dtls_set_mtu(gh_tls *tls, uint16_t mtu);
/// Server: the address the cookie is bound to.
int gh_dtls_set_peer(gh_tls *tls, const uint8_t *address, size_t length);
/// Server: whether a ClientHello with a good cookie has been taken.
int gh_dtls_has_started(const gh_tls *tls);
/// Forgets everything about the peer, for the next one.
int gh_dtls_reset(gh_tls *tls);
/// How many bytes fit one datagram now; 0 before the handshake is done.
size_t gh_dtls_capacity(const gh_tls *tls);
/// Gives pages of an open session's record buffers, which hold nothing between two calls, back to the system.
void gh_dtls_trim(gh_tls *tls);
/// Lets the peer's certificate of an open session go, which takes 5 kB with what was computed for its key.
/// gh_tls_peer_certificate then has none.
void gh_dtls_forget_certificate(gh_tls *tls);

/// Server: the identity of the pre-shared key in use; NULL for none.
const uint8_t *gh_dtls_identity(const gh_tls *tls, size_t *length);

typedef struct gh_dtls_secrets {
    uint8_t master[48], client_random[32], server_random[32];
} gh_dtls_secrets;
/// The master secret and both randoms, when the configuration exports them; wiped here once taken. GH_EUNSUPPORTED
/// when there are none.
int gh_dtls_keys(gh_tls *tls, gh_dtls_secrets *secrets);

#ifdef __cplusplus
}
#endif
#endif
