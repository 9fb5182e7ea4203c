/* See ocf_tls_shim.h; why it exists and what may break it: docs/psk-shim.md.
 * Written from RFC 4279, RFC 5489, RFC 4492/8422, RFC 5246; it holds none of the library's code.
 *
 * The library calls two of its own global functions from one object file to another:
 *   - the function that frames, hashes and queues one outgoing handshake message, and
 *   - the function that maps a cipher suite number to its description.
 * We stand in front of both. On entry to the first one the message lies complete in
 * ssl->out_msg as type(1) length(3, not yet filled) body(from +4), for TLS and DTLS alike;
 * the DTLS fields, the transcript hash and the retransmission copy are made by the real function
 * after us, so what we change is what is hashed, sent and resent.
 *
 * Linking, one of:
 *  a) shared libmbedtls: nothing; our definitions in the executable preempt the library's own
 *     calls (ELF symbol interposition), the real ones come from dlsym(RTLD_NEXT).
 *  b) static libmbedtls.a: -DOCF_TLS_WRAP and two --wrap options for the linker (docs/psk-shim.md). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#ifndef MBEDTLS_ALLOW_PRIVATE_ACCESS
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#endif
#include "ocf_tls_shim.h"
#include <mbedtls/ecp.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/version.h>
#include <string.h>

#if MBEDTLS_VERSION_NUMBER >= 0x02070000 && MBEDTLS_VERSION_NUMBER < 0x03000000
#define SEND         mbedtls_ssl_write_handshake_msg
#define SEND_PARAMS  (mbedtls_ssl_context *ssl)
#define SEND_ARGS    (ssl)
#elif MBEDTLS_VERSION_NUMBER >= 0x03060000 && MBEDTLS_VERSION_NUMBER < 0x03070000
#define SEND         mbedtls_ssl_write_handshake_msg_ext
#define SEND_PARAMS  (mbedtls_ssl_context *ssl, int update_checksum, int force_flush)
#define SEND_ARGS    (ssl, update_checksum, force_flush)
#else
#error "ocf_tls_shim: look at library/ssl_msg.c of this mbedTLS before using it here"
#endif
#define CAT_(a, b) a##b
#define CAT(a, b)  CAT_(a, b)
#define STR_(a)    #a
#define STR(a)     STR_(a)
#define SUITE      mbedtls_ssl_ciphersuite_from_id

#ifdef OCF_TLS_WRAP
#define MINE(f) CAT(__wrap_, f)
#define REAL(f) CAT(__real_, f)
int REAL(SEND) SEND_PARAMS;
const mbedtls_ssl_ciphersuite_t *REAL(SUITE)(int id);
#else
#include <dlfcn.h>
#include <stdlib.h>
#define MINE(f) f
#define REAL(f) CAT(real_, f)
static int (*REAL(SEND)) SEND_PARAMS;
static const mbedtls_ssl_ciphersuite_t *(*REAL(SUITE))(int id);
#endif
int MINE(SEND) SEND_PARAMS;
const mbedtls_ssl_ciphersuite_t *MINE(SUITE)(int id);

/* for ocf_tls_shim_active only, which runs at start-up, before other threads do TLS */
static const mbedtls_ssl_context *probe;
static unsigned seen;

static int psk_callback(void *p, mbedtls_ssl_context *ssl, const unsigned char *id, size_t n)
{
    ocf_tls_psk *psk = p;
    return psk->lookup(psk, ssl, id, n);
}

void ocf_tls_conf_psk(mbedtls_ssl_config *conf, ocf_tls_psk *psk)
{
    mbedtls_ssl_conf_psk_cb(conf, psk_callback, psk);
}

/* struct { opaque psk_identity_hint<0..2^16-1>; ServerECDHParams params; }: fill the empty hint */
static int insert_hint(mbedtls_ssl_context *ssl, const ocf_tls_psk *psk)
{
    unsigned char *body = ssl->out_msg + 4;
    const size_t n = psk->hint_len;
    if (n > OCF_TLS_HINT_MAX || ssl->out_msglen < 6 || body[0] != 0 || body[1] != 0 ||
        ssl->out_msglen + n + 8 > MBEDTLS_SSL_OUT_CONTENT_LEN) {
        return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    }
    memmove(body + 2 + n, body + 2, ssl->out_msglen - 6);
    memcpy(body + 2, psk->hint, n);
    body[1] = (unsigned char) n;
    ssl->out_msglen += n;
    return 0;
}

/* keep curve_type(1) named_curve(2) point<1..2^8-1>, drop the signature behind it */
static int drop_signature(mbedtls_ssl_context *ssl)
{
    const unsigned char *body = ssl->out_msg + 4;
    if (ssl->out_msglen < 8 || body[0] != MBEDTLS_ECP_TLS_NAMED_CURVE ||
        ssl->out_msglen < 8 + (size_t) body[3]) {
        return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    }
    ssl->out_msglen = 8 + (size_t) body[3];
    return 0;
}

int MINE(SEND) SEND_PARAMS
{
    if (ssl == probe) { seen |= 1; }
    if (ssl->out_msgtype == MBEDTLS_SSL_MSG_HANDSHAKE && ssl->handshake != NULL &&
        ssl->session_negotiate != NULL && ssl->conf->endpoint == MBEDTLS_SSL_IS_SERVER) {
        const unsigned char type = ssl->out_msg[0];
        int ret = 0;
        if (ssl->session_negotiate->ciphersuite == OCF_TLS_ECDH_ANON_AES128_CBC_SHA256) {
            if (type == MBEDTLS_SSL_HS_CERTIFICATE) {
                return 0;               /* an anonymous server has none: not sent, not hashed */
            }
            if (type == MBEDTLS_SSL_HS_SERVER_KEY_EXCHANGE) { ret = drop_signature(ssl); }
        } else if (type == MBEDTLS_SSL_HS_SERVER_KEY_EXCHANGE &&
                   ssl->session_negotiate->ciphersuite ==
                       MBEDTLS_TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256 &&
                   ssl->conf->f_psk == psk_callback) {
            ret = insert_hint(ssl, ssl->conf->p_psk);
        }
        if (ret != 0) { return ret; }
    }
    return REAL(SEND) SEND_ARGS;
}

/* 0xFF00 runs as ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: same ECDH messages, same record protection,
 * same PRF, same ClientKeyExchange; MINE(SEND) takes away what an anonymous server omits. */
static mbedtls_ssl_ciphersuite_t anon_suite;

const mbedtls_ssl_ciphersuite_t *MINE(SUITE)(int id)
{
    if (id == OCF_TLS_ECDH_ANON_AES128_CBC_SHA256 && anon_suite.id != 0) {
        if (probe != NULL) { seen |= 2; }
        return &anon_suite;
    }
    return REAL(SUITE)(id);
}

/* before main, single-threaded: nothing above needs a lock */
__attribute__((constructor)) static void start(void)
{
    const mbedtls_ssl_ciphersuite_t *s;
#ifndef OCF_TLS_WRAP
    *(void **) &REAL(SEND) = dlsym(RTLD_NEXT, STR(SEND));
    *(void **) &REAL(SUITE) = dlsym(RTLD_NEXT, STR(SUITE));
    if (REAL(SEND) == NULL || REAL(SUITE) == NULL) { abort(); }
#endif
    s = REAL(SUITE)(MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256);
    if (s != NULL) {
        anon_suite = *s;
        anon_suite.id = OCF_TLS_ECDH_ANON_AES128_CBC_SHA256;
        anon_suite.name = "OCF-ECDH-ANON-WITH-AES-128-CBC-SHA256";
    }
}

static int no_random(void *p, unsigned char *buf, size_t n)
{
    (void) p;
    memset(buf, 0, n);
    return 0;
}

static int no_send(void *p, const unsigned char *buf, size_t n)
{
    (void) p; (void) buf;
    return (int) n;
}

int ocf_tls_shim_active(void)
{
    static const int suites[] = { OCF_TLS_ECDH_ANON_AES128_CBC_SHA256, 0 };
    mbedtls_ssl_config conf;
    mbedtls_ssl_context ssl;
    /* the layout of the contexts is fixed within one series */
    if (mbedtls_version_get_number() >> 16 != MBEDTLS_VERSION_NUMBER >> 16) { return 0; }
    /* let a client write a ClientHello into the void and see whether it comes through here */
    mbedtls_ssl_config_init(&conf);
    mbedtls_ssl_init(&ssl);
    seen = 0;
    if (mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_DATAGRAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) == 0) {
        mbedtls_ssl_conf_rng(&conf, no_random, NULL);
        mbedtls_ssl_conf_ciphersuites(&conf, suites);
        if (mbedtls_ssl_setup(&ssl, &conf) == 0) {
            mbedtls_ssl_set_bio(&ssl, NULL, no_send, NULL, NULL);
            probe = &ssl;
            (void) mbedtls_ssl_handshake_step(&ssl);
            (void) mbedtls_ssl_handshake_step(&ssl);
            probe = NULL;
        }
    }
    mbedtls_ssl_free(&ssl);
    mbedtls_ssl_config_free(&conf);
    return seen == 3;
}

int ocf_tls_conf_anon(mbedtls_ssl_config *conf, mbedtls_x509_crt *crt, mbedtls_pk_context *pk,
                      int (*f_rng)(void *, unsigned char *, size_t), void *p_rng)
{
    static const int suites[] = { OCF_TLS_ECDH_ANON_AES128_CBC_SHA256, 0 };
    int ret = mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (ret == 0) {
        ret = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*pk), f_rng, p_rng);
    }
    if (ret != 0) { return ret; }
    crt->pk = *pk;          /* the library wants a certificate's key type to pick the suite */
    /* SHA-1: what RFC 5246 assumes of a client without signature_algorithms; never sent */
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    static const int hashes[] = { MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA1,
                                  MBEDTLS_MD_NONE };
    mbedtls_ssl_conf_sig_hashes(conf, hashes);
#else
    static const uint16_t algs[] = { MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                     MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
                                     MBEDTLS_TLS1_3_SIG_ECDSA_SHA1, MBEDTLS_TLS1_3_SIG_NONE };
    mbedtls_ssl_conf_sig_algs(conf, algs);
#endif
    mbedtls_ssl_conf_ciphersuites(conf, suites);
    mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_NONE);
    return mbedtls_ssl_conf_own_cert(conf, crt, pk);
}

