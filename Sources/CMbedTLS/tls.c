// One connection.
#include <stdlib.h>
#include <string.h>

#include "connection.h"

#include <mbedtls/ecp.h>
#include <mbedtls/rsa.h>

// MARK: Memory instead of a socket

static int send_to_window(void *context, const unsigned char *bytes, size_t length) {
    gh_window *window = ((gh_tls *)context)->window;
    if (window == NULL) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    size_t room = window->output_capacity - window->produced;
    if (((gh_tls *)context)->datagram != NULL) {
        // Whole or not at all, behind its length.
        if (length > UINT16_MAX) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
        if (room < length + 2) return MBEDTLS_ERR_SSL_WANT_WRITE;
        uint8_t *target = window->output + window->produced;
        target[0] = (uint8_t)(length >> 8);
        target[1] = (uint8_t)length;
        memcpy(target + 2, bytes, length);
        window->produced += length + 2;
        return (int)length;
    }
    if (room == 0) return MBEDTLS_ERR_SSL_WANT_WRITE;
    size_t count = length < room ? length : room;
    memcpy(window->output + window->produced, bytes, count);
    window->produced += count;
    return (int)count;
}

static int receive_from_window(void *context, unsigned char *bytes, size_t capacity) {
    gh_window *window = ((gh_tls *)context)->window;
    if (window == NULL) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    size_t left = window->input_length - window->consumed;
    if (left == 0) return window->end_of_input ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
    if (((gh_tls *)context)->datagram != NULL && left > capacity) {
        // A datagram that does not fit is none of ours: a record has 16 kB at most.
        window->consumed = window->input_length;
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    size_t count = capacity < left ? capacity : left;
    memcpy(bytes, window->input + window->consumed, count);
    window->consumed += count;
    return (int)count;
}

// MARK: Life

gh_tls *gh_tls_new(
    gh_tls_config *config, gh_name_check check, const char *name, const char *server_name, int64_t now) {
    gh_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) return NULL;
    tls->config = config;
    tls->check = check;
    tls->now = now;
    tls->alert = -1;
    mbedtls_ssl_init(&tls->ssl);
    int status = 0;
    if (name != NULL && (tls->name = strdup(name)) == NULL) status = MBEDTLS_ERR_SSL_ALLOC_FAILED;
    if (status == 0) status = mbedtls_ssl_setup(&tls->ssl, &config->ssl);
    // Said also when it is NULL: late 3.6 refuses a client that never said which name it expects. The name itself is
    // checked in gh_verify.
    if (status == 0 && config->ssl.endpoint == MBEDTLS_SSL_IS_CLIENT) {
        status = mbedtls_ssl_set_hostname(&tls->ssl, server_name);
    }
    if (status != 0) {
        gh_fail(GH_EMEMORY, status);
        gh_tls_free(tls);
        return NULL;
    }
    mbedtls_ssl_set_verify(&tls->ssl, gh_verify, tls);
    mbedtls_ssl_set_bio(&tls->ssl, tls, send_to_window, receive_from_window, NULL);
    if (config->is_datagram && (status = gh_dtls_setup(tls)) != 0) {
        gh_fail(GH_EMEMORY, status);
        gh_tls_free(tls);
        return NULL;
    }
    return tls;
}

void gh_tls_free(gh_tls *tls) {
    if (tls == NULL) return;
    mbedtls_ssl_free(&tls->ssl);
    gh_dtls_release(tls);
    free(tls->verdict);
    free(tls->name);
    free(tls);
}

// MARK: Errors

static int translate(gh_tls *tls, int status) {
    switch (status) {
    case 0: return GH_OK;
    case MBEDTLS_ERR_SSL_WANT_READ: return GH_WANT_READ;
    case MBEDTLS_ERR_SSL_WANT_WRITE: return GH_WANT_WRITE;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY: return gh_fail(GH_CLOSED, status);
    case MBEDTLS_ERR_SSL_CONN_EOF: return gh_fail(GH_TRUNCATED, status);
    case MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED: return GH_HELLO_VERIFY;
    case MBEDTLS_ERR_SSL_CLIENT_RECONNECT: return gh_fail(GH_RESTARTED, status);
    case MBEDTLS_ERR_SSL_TIMEOUT: return gh_fail(GH_ETIMEOUT, status);
    case MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY: return gh_fail(GH_EIDENTITY, status);
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        // The alert is still where the record was decrypted: level, description.
        if (tls->ssl.in_msg != NULL) tls->alert = tls->ssl.in_msg[1];
        return gh_fail(GH_EALERT, status);
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
    case MBEDTLS_ERR_X509_FATAL_ERROR: return gh_fail(GH_EVERIFY, status);
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE: return gh_fail(GH_ENOCERTIFICATE, status);
    case MBEDTLS_ERR_ECP_VERIFY_FAILED:
    case MBEDTLS_ERR_RSA_VERIFY_FAILED:
    case MBEDTLS_ERR_RSA_INVALID_PADDING:
#if defined(GH_MBEDTLS_2)
    case MBEDTLS_ERR_SSL_PEER_VERIFY_FAILED:
#endif
        return gh_fail(GH_ESIGNATURE, status);
    case MBEDTLS_ERR_SSL_INVALID_MAC: return gh_fail(GH_ERECORD, status);
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED: return gh_fail(GH_EMEMORY, status);
#if defined(GH_MBEDTLS_2)
    case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
    case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE:
    case MBEDTLS_ERR_SSL_UNKNOWN_CIPHER:
    case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION:
#else
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
    case MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL:
#endif
        return gh_fail(GH_ENEGOTIATION, status);
    case MBEDTLS_ERR_SSL_INTERNAL_ERROR:
    case MBEDTLS_ERR_SSL_BAD_INPUT_DATA:
    case MBEDTLS_ERR_SSL_BAD_CONFIG: return gh_fail(GH_EINTERNAL, status);
    default:
        // A chain with a fault of usage fails under different numbers; the flags tell it from a malformed message.
        if (tls->verdict != NULL && tls->verdict->reason != GH_VERDICT_NONE) return gh_fail(GH_EVERIFY, status);
        return gh_fail(GH_EPROTOCOL, status);
    }
}

// MARK: Handshake

// The library sends most alerts itself; where it does not (2.28: no client certificate, a signature of the client that
// does not fit), the peer would see nothing but a closed connection.
static void tell_peer(gh_tls *tls, int result) {
    unsigned char alert;
    switch (result) {
    case GH_ENOCERTIFICATE:
    case GH_ENEGOTIATION: alert = MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE; break;
    case GH_EVERIFY: alert = MBEDTLS_SSL_ALERT_MSG_BAD_CERT; break;
    case GH_ESIGNATURE: alert = MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR; break;
    case GH_EPROTOCOL: alert = MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR; break;
    case GH_EMEMORY:
    case GH_EINTERNAL: alert = MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR; break;
    default: return;
    }
    // The last message that went out is an alert already.
    if (tls->ssl.out_msgtype == MBEDTLS_SSL_MSG_ALERT) return;
    mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert);
}

int gh_tls_handshake(gh_tls *tls, gh_window *window) {
    window->consumed = window->produced = 0;
    tls->window = window;
    gh_dtls_enter(tls);
    int status = 0;
    while (status == 0 && tls->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER) {
        // A resumed handshake goes from the hellos straight to the change of ciphers.
        if (tls->ssl.state == MBEDTLS_SSL_CLIENT_KEY_EXCHANGE) tls->is_full = 1;
        status = mbedtls_ssl_handshake_step(&tls->ssl);
    }
    gh_dtls_enter(NULL);
    int result = translate(tls, status);
    if (result == GH_OK && !tls->is_full && tls->config->peer_certificate != GH_PEER_NONE) {
        result = gh_verify_resumed(tls);
    }
    tell_peer(tls, result);
    tls->window = NULL;
    return result;
}

// MARK: Data

long gh_tls_read(gh_tls *tls, gh_window *window, uint8_t *plain, size_t capacity) {
    window->consumed = window->produced = 0;
    tls->window = window;
    int status = mbedtls_ssl_read(&tls->ssl, plain, capacity);
#if defined(GH_MBEDTLS_3)
    while (status == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        status = mbedtls_ssl_read(&tls->ssl, plain, capacity);
    }
#endif
    tls->window = NULL;
    if (status > 0) return status;
    // 0 is the library's word for an end of the transport.
    return status == 0 ? gh_fail(GH_TRUNCATED, MBEDTLS_ERR_SSL_CONN_EOF) : translate(tls, status);
}

int gh_tls_write(gh_tls *tls, gh_window *window, const uint8_t *plain, size_t length, size_t *accepted) {
    window->consumed = window->produced = 0;
    *accepted = 0;
    tls->window = window;
    int result = GH_OK;
    while (*accepted < length) {
        int status = mbedtls_ssl_write(&tls->ssl, plain + *accepted, length - *accepted);
        if (status < 0) {
            result = translate(tls, status);
            break;
        }
        *accepted += (size_t)status;
    }
    tls->window = NULL;
    return result;
}

int gh_tls_close_notify(gh_tls *tls, gh_window *window) {
    window->consumed = window->produced = 0;
    tls->window = window;
    int result = translate(tls, mbedtls_ssl_close_notify(&tls->ssl));
    tls->window = NULL;
    return result;
}

// MARK: What came of it

int gh_tls_alert(const gh_tls *tls) { return tls->alert; }

const gh_verdict *gh_tls_verdict(const gh_tls *tls) {
    static const gh_verdict none;
    return tls->verdict != NULL ? tls->verdict : &none;
}

int gh_tls_is_resumed(const gh_tls *tls) { return tls->ssl.state == MBEDTLS_SSL_HANDSHAKE_OVER && !tls->is_full; }

uint16_t gh_tls_suite(const gh_tls *tls) {
    return tls->ssl.session == NULL ? 0 : (uint16_t)tls->ssl.session->ciphersuite;
}

const char *gh_tls_protocol(const gh_tls *tls) { return mbedtls_ssl_get_alpn_protocol(&tls->ssl); }

const uint8_t *gh_tls_first_finished(const gh_tls *tls, size_t *length) {
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    if (tls->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER || !tls->is_full || tls->ssl.verify_data_len == 0) return NULL;
    if (tls->config->ssl.endpoint != MBEDTLS_SSL_IS_CLIENT) return NULL;
    *length = tls->ssl.verify_data_len;
    return (const uint8_t *)tls->ssl.own_verify_data;
#else
    (void)tls;
    (void)length;
    return NULL;
#endif
}

const uint8_t *gh_tls_peer_certificate(const gh_tls *tls, size_t index, size_t *length) {
    const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&tls->ssl);
    while (crt != NULL && index > 0) {
        crt = crt->next;
        index--;
    }
    if (crt == NULL || crt->raw.p == NULL) return NULL;
    *length = crt->raw.len;
    return crt->raw.p;
}

long gh_tls_session_save(gh_tls *tls, uint8_t *output, size_t capacity) {
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    size_t length = 0;
    int status = mbedtls_ssl_get_session(&tls->ssl, &session);
    if (status == 0) status = mbedtls_ssl_session_save(&session, output, capacity, &length);
    mbedtls_ssl_session_free(&session);
    if (status == 0) return (long)length;
    return gh_fail(status == MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL ? GH_ESPACE : GH_EINTERNAL, status);
}

int gh_tls_session_load(gh_tls *tls, const uint8_t *bytes, size_t length) {
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    int status = mbedtls_ssl_session_load(&session, bytes, length);
    if (status == 0) status = mbedtls_ssl_set_session(&tls->ssl, &session);
    mbedtls_ssl_session_free(&session);
    return status == 0 ? GH_OK : gh_fail(GH_EMALFORMED, status);
}
