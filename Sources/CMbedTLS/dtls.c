// Datagram sessions: timers, cookies, pre-shared keys, and what may be taken out of a session.
#include <stdlib.h>
#include <string.h>

#include "connection.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

// MARK: Timers

// The library asks for two delays: after the first it may send more of a flight's packing, after the second it
// repeats the flight. The caller's clock drives both.
static void set_timer(void *context, uint32_t intermediate, uint32_t final) {
    gh_datagram *datagram = ((gh_tls *)context)->datagram;
    datagram->intermediate = datagram->now + intermediate;
    datagram->deadline = final == 0 ? 0 : datagram->now + final;
}

static int get_timer(void *context) {
    const gh_datagram *datagram = ((gh_tls *)context)->datagram;
    if (datagram->deadline == 0) return -1;
    if (datagram->now >= datagram->deadline) return 2;
    return datagram->now >= datagram->intermediate ? 1 : 0;
}

void gh_dtls_set_time(gh_tls *tls, uint64_t now) {
    // 0 is the word for no deadline.
    if (tls->datagram != NULL) tls->datagram->now = now == 0 ? 1 : now;
}

uint64_t gh_dtls_deadline(const gh_tls *tls) {
    // Once open, the library leaves a last flight's timer behind that it no longer looks at.
    if (tls->datagram == NULL || tls->ssl.state == MBEDTLS_SSL_HANDSHAKE_OVER) return 0;
    return tls->datagram->deadline;
}

// MARK: Keys out

// 2.28 gives the callback no connection, only the configuration's pointer.
static _Thread_local gh_tls *current;

void gh_dtls_enter(gh_tls *tls) { current = tls; }

static void keep_secrets(
    gh_tls *tls, const unsigned char *master, const unsigned char *client_random, const unsigned char *server_random) {
    if (tls == NULL || tls->datagram == NULL || !tls->config->exports_keys) return;
    gh_dtls_secrets *secrets = &tls->datagram->secrets;
    memcpy(secrets->master, master, sizeof secrets->master);
    memcpy(secrets->client_random, client_random, sizeof secrets->client_random);
    memcpy(secrets->server_random, server_random, sizeof secrets->server_random);
    tls->datagram->has_secrets = 1;
}

#if defined(GH_MBEDTLS_2)
static int export_keys(
    void *context, const unsigned char *master, const unsigned char *key_block, size_t mac_length, size_t key_length,
    size_t iv_length, const unsigned char client_random[32], const unsigned char server_random[32],
    mbedtls_tls_prf_types prf) {
    (void)context, (void)key_block, (void)mac_length, (void)key_length, (void)iv_length, (void)prf;
    keep_secrets(current, master, client_random, server_random);
    return 0;
}
#else
static void export_keys(
    void *context, mbedtls_ssl_key_export_type type, const unsigned char *secret, size_t length,
    const unsigned char client_random[32], const unsigned char server_random[32], mbedtls_tls_prf_types prf) {
    (void)prf;
    if (type != MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET || length != sizeof((gh_dtls_secrets *)0)->master) return;
    keep_secrets(context, secret, client_random, server_random);
}
#endif

int gh_dtls_keys(gh_tls *tls, gh_dtls_secrets *secrets) {
    if (tls->datagram == NULL || !tls->datagram->has_secrets || tls->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER) {
        return gh_fail(GH_EUNSUPPORTED, 0);
    }
    *secrets = tls->datagram->secrets;
    gh_wipe(&tls->datagram->secrets, sizeof tls->datagram->secrets);
    tls->datagram->has_secrets = 0;
    return GH_OK;
}

// MARK: Configuration

int gh_dtls_configure(gh_tls_config *config, const gh_tls_settings *settings) {
    config->is_datagram = 1;
    config->exports_keys = settings->exports_keys != 0;
    mbedtls_ssl_conf_handshake_timeout(&config->ssl, settings->first_timeout, settings->last_timeout);
#if defined(GH_MBEDTLS_2)
    if (config->exports_keys) mbedtls_ssl_conf_export_keys_ext_cb(&config->ssl, export_keys, NULL);
#endif
    if (!settings->is_server) return 0;
    int status = mbedtls_ssl_cookie_setup(&config->cookies, gh_library_random, NULL);
    if (status == 0) {
        mbedtls_ssl_conf_dtls_cookies(
            &config->ssl, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &config->cookies);
    }
    return status;
}

static int find_key(ocf_tls_psk *psk, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t length) {
    gh_tls_config *config = psk->user;
    gh_tls *tls = (gh_tls *)ssl;
    if (length > GH_IDENTITY_MAX || tls->datagram == NULL) return MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
    uint8_t key[GH_PSK_MAX];
    long count = config->lookup(config->lookup_context, identity, length, key, sizeof key);
    int status = MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
    if (count > 0 && count <= (long)sizeof key) {
        memcpy(tls->datagram->identity, identity, length);
        tls->datagram->identity_length = length;
        status = mbedtls_ssl_set_hs_psk(ssl, key, (size_t)count);
    }
    gh_wipe(key, sizeof key);
    return status;
}

int gh_tls_config_set_psk_lookup(
    gh_tls_config *config, gh_psk_lookup lookup, void *context, const uint8_t *hint, size_t hint_length) {
    if (!config->is_datagram || hint_length > GH_HINT_MAX) return gh_fail(GH_EPARAMETER, 0);
    if (hint_length > 0 && !gh_ocf_shim_is_active()) return gh_fail(GH_EUNSUPPORTED, 0);
    config->lookup = lookup;
    config->lookup_context = context;
    config->psk.lookup = find_key;
    config->psk.user = config;
    config->psk.hint_len = hint_length;
    if (hint_length > 0) memcpy(config->psk.hint, hint, hint_length);
    ocf_tls_conf_psk(&config->ssl, &config->psk);
    return GH_OK;
}

int gh_tls_config_set_psk(
    gh_tls_config *config, const uint8_t *key, size_t key_length, const uint8_t *identity, size_t identity_length) {
    int status = mbedtls_ssl_conf_psk(&config->ssl, key, key_length, identity, identity_length);
    if (status == 0) return GH_OK;
    return gh_fail(status == MBEDTLS_ERR_SSL_ALLOC_FAILED ? GH_EMEMORY : GH_EPARAMETER, status);
}

int gh_tls_config_set_anonymous(gh_tls_config *config) {
    if (!config->is_datagram) return gh_fail(GH_EPARAMETER, 0);
    if (!gh_ocf_shim_is_active()) return gh_fail(GH_EUNSUPPORTED, 0);
    config->is_anonymous = 1;
    int status = ocf_tls_conf_anon(&config->ssl, &config->chain, &config->key, gh_library_random, NULL);
    return status == 0 ? GH_OK : gh_fail(GH_EINTERNAL, status);
}

// MARK: A session

static uintptr_t page_size(void) {
    static long page;
    if (page == 0) page = sysconf(_SC_PAGESIZE);
    return page > 0 ? (uintptr_t)page : 4096;
}

// Puts a buffer of the library's, which is 16 kB and some, on pages of its own, so that gh_dtls_trim can give back all of
// it: where the allocator puts it, 4 kB of each would stay. The library frees what free() takes.
static int align_buffer(unsigned char **buffer) {
    uintptr_t mask = page_size() - 1;
    size_t size = (malloc_usable_size(*buffer) + mask) & ~mask;
    unsigned char *aligned = aligned_alloc(page_size(), size);
    if (aligned == NULL) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    free(*buffer);
    *buffer = aligned;
    return 0;
}

int gh_dtls_setup(gh_tls *tls) {
    int status = align_buffer(&tls->ssl.in_buf);
    if (status == 0) status = align_buffer(&tls->ssl.out_buf);
    // The pointers into them are set anew, and both are cleared.
    if (status == 0) status = mbedtls_ssl_session_reset(&tls->ssl);
    if (status != 0) return status;
    tls->datagram = calloc(1, sizeof *tls->datagram);
    if (tls->datagram == NULL) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    tls->datagram->now = 1;
    mbedtls_ssl_set_timer_cb(&tls->ssl, tls, set_timer, get_timer);
#if defined(GH_MBEDTLS_3)
    if (tls->config->exports_keys) mbedtls_ssl_set_export_keys_cb(&tls->ssl, export_keys, tls);
#endif
    return 0;
}

void gh_dtls_release(gh_tls *tls) {
    if (tls->datagram == NULL) return;
    gh_wipe(&tls->datagram->secrets, sizeof tls->datagram->secrets);
    free(tls->datagram);
}

void gh_dtls_set_mtu(gh_tls *tls, uint16_t mtu) { mbedtls_ssl_set_mtu(&tls->ssl, mtu); }

int gh_dtls_set_peer(gh_tls *tls, const uint8_t *address, size_t length) {
    int status = mbedtls_ssl_set_client_transport_id(&tls->ssl, address, length);
    return status == 0 ? GH_OK : gh_fail(GH_EMEMORY, status);
}

int gh_dtls_has_started(const gh_tls *tls) {
    return tls->ssl.state > MBEDTLS_SSL_CLIENT_HELLO && tls->ssl.state <= MBEDTLS_SSL_HANDSHAKE_OVER;
}

int gh_dtls_reset(gh_tls *tls) {
    int status = mbedtls_ssl_session_reset(&tls->ssl);
    free(tls->verdict);
    tls->verdict = NULL;
    tls->alert = -1;
    tls->is_full = 0;
    gh_datagram *datagram = tls->datagram;
    gh_wipe(&datagram->secrets, sizeof datagram->secrets);
    datagram->has_secrets = 0;
    datagram->identity_length = 0;
    datagram->deadline = 0;
    return status == 0 ? GH_OK : gh_fail(GH_EMEMORY, status);
}

size_t gh_dtls_capacity(const gh_tls *tls) {
    if (tls->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER) return 0;
    int capacity = mbedtls_ssl_get_max_out_record_payload(&tls->ssl);
    return capacity > 0 ? (size_t)capacity : 0;
}

// The pages of a buffer that align_buffer has made.
static void release_pages(unsigned char *buffer) {
    // Where the kernel refuses (locked memory) the pages simply stay.
    (void)madvise(buffer, malloc_usable_size(buffer) & ~(page_size() - 1), MADV_DONTNEED);
}

void gh_dtls_trim(gh_tls *tls) {
    const mbedtls_ssl_context *ssl = &tls->ssl;
    // Nothing half read, nothing half sent: the next call writes before it reads. The pages then come back as zeros.
    if (tls->datagram == NULL || ssl->state != MBEDTLS_SSL_HANDSHAKE_OVER) return;
    if (ssl->out_left != 0 || ssl->in_offt != NULL) return;
    if (ssl->in_left != 0 && ssl->in_left != ssl->next_record_offset) return;
    if (ssl->in_hslen != 0 && ssl->in_hslen < ssl->in_msglen) return;
    release_pages(ssl->in_buf);
    release_pages(ssl->out_buf);
}

void gh_dtls_forget_certificate(gh_tls *tls) {
    mbedtls_ssl_session *session = tls->ssl.session;
    if (tls->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER || session == NULL || session->peer_cert == NULL) return;
    mbedtls_x509_crt_free(session->peer_cert);
    free(session->peer_cert);
    session->peer_cert = NULL;
}

const uint8_t *gh_dtls_identity(const gh_tls *tls, size_t *length) {
    if (tls->datagram == NULL || tls->datagram->identity_length == 0) return NULL;
    *length = tls->datagram->identity_length;
    return tls->datagram->identity;
}

// MARK: The shim

int gh_ocf_shim_is_active(void) {
    static int answer = -1;
    if (answer < 0) answer = gh_library_initialize() == GH_OK && ocf_tls_shim_active();
    return answer;
}
