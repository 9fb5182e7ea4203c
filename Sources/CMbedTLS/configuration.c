// What connections share: suites, curves, trust, our identity, tickets and cache.
#include <stdlib.h>
#include <string.h>

#include "connection.h"

// ECDHE groups, the cheaper first. X25519 is left out: OCF and plgd hub speak the NIST curves.
#if defined(GH_MBEDTLS_2)
static const mbedtls_ecp_group_id groups[] = {
    MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};
static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512, MBEDTLS_MD_NONE};
#else
static const uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
static const uint16_t signatures[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,       MBEDTLS_TLS1_3_SIG_NONE};
#endif

// Certificates: SHA-2, P-256 and up, RSA from 2048 bits: what CAs have issued since 2014, and nothing a collision
// attack reaches.
static const mbedtls_x509_crt_profile profile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384)
        | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    0xFFFFFFF,
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1)
        | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1),
    2048,
};

void gh_tls_config_free(gh_tls_config *config) {
    if (config == NULL) return;
    mbedtls_ssl_config_free(&config->ssl);
    mbedtls_x509_crt_free(&config->anchors);
    // Without certificates the chain only borrows the key (see ocf_tls_conf_anon).
    if (!config->is_anonymous) mbedtls_x509_crt_free(&config->chain);
    mbedtls_ssl_cookie_free(&config->cookies);
    mbedtls_pk_free(&config->key);
    mbedtls_ssl_ticket_free(&config->tickets);
    mbedtls_ssl_cache_free(&config->cache);
    if (config->protocols != NULL) {
        for (char **protocol = config->protocols; *protocol != NULL; protocol++) free(*protocol);
        free(config->protocols);
    }
    free(config->suites);
    free(config);
}

static int configure(gh_tls_config *config, const gh_tls_settings *settings) {
    mbedtls_ssl_config *ssl = &config->ssl;
    int status = mbedtls_ssl_config_defaults(
        ssl, settings->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
        settings->is_datagram ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM,
        MBEDTLS_SSL_PRESET_DEFAULT);
    if (status != 0) return status;
    mbedtls_ssl_conf_rng(ssl, gh_library_random, NULL);

    // 1.2 and nothing else: 2.28 has no 1.3, and the tickets of 1.3 in 3.6 do not carry the peer's certificate, by
    // which OCF knows its devices.
#if defined(GH_MBEDTLS_2)
    mbedtls_ssl_conf_min_version(ssl, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(ssl, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_curves(ssl, groups);
    mbedtls_ssl_conf_sig_hashes(ssl, hashes);
#else
    mbedtls_ssl_conf_min_tls_version(ssl, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(ssl, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_groups(ssl, groups);
    mbedtls_ssl_conf_sig_algs(ssl, signatures);
#endif
    mbedtls_ssl_conf_cert_profile(ssl, &profile);
    mbedtls_ssl_conf_renegotiation(ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);

    config->peer_certificate = settings->peer_certificate;
    switch (settings->peer_certificate) {
    case GH_PEER_NONE: mbedtls_ssl_conf_authmode(ssl, MBEDTLS_SSL_VERIFY_NONE); break;
    // The library would let a bad certificate pass: the verify callback refuses it.
    case GH_PEER_OPTIONAL: mbedtls_ssl_conf_authmode(ssl, MBEDTLS_SSL_VERIFY_OPTIONAL); break;
    case GH_PEER_REQUIRED: mbedtls_ssl_conf_authmode(ssl, MBEDTLS_SSL_VERIFY_REQUIRED); break;
    }

    config->suites = calloc(settings->suite_count + 1, sizeof *config->suites);
    if (config->suites == NULL) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    for (size_t index = 0; index < settings->suite_count; index++) config->suites[index] = settings->suites[index];
    mbedtls_ssl_conf_ciphersuites(ssl, config->suites);

    if (settings->protocols_length > 0) {
        size_t count = 0;
        for (size_t index = 0; index < settings->protocols_length; index++) count += settings->protocols[index] == 0;
        config->protocols = calloc(count + 1, sizeof *config->protocols);
        if (config->protocols == NULL) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
        const char *name = (const char *)settings->protocols;
        for (size_t index = 0; index < count; index++, name += strlen(name) + 1) {
            config->protocols[index] = strdup(name);
            if (config->protocols[index] == NULL) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
        }
        status = mbedtls_ssl_conf_alpn_protocols(ssl, (const char **)config->protocols);
        if (status != 0) return status;
    }

    if (settings->is_datagram) {
        status = gh_dtls_configure(config, settings);
        if (status != 0) return status;
    }

    if (!settings->is_server) {
        mbedtls_ssl_conf_session_tickets(
            ssl, settings->ticket_lifetime ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
        return 0;
    }
    if (settings->ticket_lifetime > 0) {
        status = mbedtls_ssl_ticket_setup(
            &config->tickets, gh_library_random, NULL, MBEDTLS_CIPHER_AES_256_GCM, settings->ticket_lifetime);
        if (status != 0) return status;
        mbedtls_ssl_conf_session_tickets_cb(
            ssl, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &config->tickets);
    }
    if (settings->cached_sessions > 0) {
        mbedtls_ssl_cache_set_max_entries(&config->cache, (int)settings->cached_sessions);
        mbedtls_ssl_conf_session_cache(ssl, &config->cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
    }
    return 0;
}

gh_tls_config *gh_tls_config_new(const gh_tls_settings *settings, int *status) {
    *status = gh_library_initialize();
    if (*status != GH_OK) return NULL;
    gh_tls_config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        *status = gh_fail(GH_EMEMORY, 0);
        return NULL;
    }
    mbedtls_ssl_config_init(&config->ssl);
    mbedtls_x509_crt_init(&config->anchors);
    mbedtls_x509_crt_init(&config->chain);
    mbedtls_pk_init(&config->key);
    mbedtls_ssl_ticket_init(&config->tickets);
    mbedtls_ssl_cache_init(&config->cache);
    mbedtls_ssl_cookie_init(&config->cookies);
    int library = configure(config, settings);
    if (library == 0) return config;
    *status = gh_fail(library == MBEDTLS_ERR_SSL_ALLOC_FAILED ? GH_EMEMORY : GH_EPARAMETER, library);
    gh_tls_config_free(config);
    return NULL;
}

int gh_tls_config_add_anchor(gh_tls_config *config, const uint8_t *der, size_t length) {
    int status = mbedtls_x509_crt_parse_der(&config->anchors, der, length);
    return status == 0 ? GH_OK : gh_fail(GH_EMALFORMED, status);
}

int gh_tls_config_add_certificate(gh_tls_config *config, const uint8_t *der, size_t length) {
    int status = mbedtls_x509_crt_parse_der(&config->chain, der, length);
    return status == 0 ? GH_OK : gh_fail(GH_EMALFORMED, status);
}

int gh_tls_config_set_key(gh_tls_config *config, const uint8_t *der, size_t length, int check) {
    int status = gh_pk_parse_private(&config->key, der, length);
    if (status != 0) return gh_fail(GH_EMALFORMED, status);
    if (check) {
        status = gh_pk_check_pair(&config->chain.pk, &config->key);
        if (status != 0) return gh_fail(GH_EKEYMISMATCH, status);
    }
    return GH_OK;
}

#if defined(GH_MBEDTLS_2)
// 2.28 makes a table of multiples of the curve's generator at the first use of each EC key and stores it in the key's
// context, without a lock. Used once here, by one thread, the contexts that connections share are only read later
// (and the first handshake saves the time).
static int warm_up_anchor(mbedtls_pk_context *pk) {
    if (!mbedtls_pk_can_do(pk, MBEDTLS_PK_ECDSA)) return 0;
    // r = s = 1 is in range for any curve, so the check goes all the way and answers no.
    static const uint8_t signature[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
    uint8_t hash[32];
    memset(hash, 0x55, sizeof hash);
    int status = mbedtls_pk_verify(pk, MBEDTLS_MD_SHA256, hash, sizeof hash, signature, sizeof signature);
    return status == MBEDTLS_ERR_ECP_ALLOC_FAILED ? status : 0;
}

static int warm_up(gh_tls_config *config) {
    for (mbedtls_x509_crt *crt = &config->anchors; crt != NULL && crt->raw.p != NULL; crt = crt->next) {
        int status = warm_up_anchor(&crt->pk);
        if (status != 0) return status;
    }
    if (!mbedtls_pk_can_do(&config->key, MBEDTLS_PK_ECDSA)) return 0;
    uint8_t hash[32] = {0}, signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
    size_t length;
    return gh_pk_sign(&config->key, hash, signature, sizeof signature, &length);
}
#else
// 3.6 has the table of the generator as a constant, and PSA locks its key store itself.
static int warm_up(gh_tls_config *config) {
    (void)config;
    return 0;
}
#endif

int gh_tls_config_finish(gh_tls_config *config) {
    if (config->anchors.raw.p != NULL) mbedtls_ssl_conf_ca_chain(&config->ssl, &config->anchors, NULL);
    if (config->chain.raw.p != NULL && !config->is_anonymous) {
        int status = mbedtls_ssl_conf_own_cert(&config->ssl, &config->chain, &config->key);
        if (status != 0) return gh_fail(GH_EMEMORY, status);
    }
    int status = warm_up(config);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}
